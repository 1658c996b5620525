import { Failure, messageOf } from "../output/fault.ts";

/** Who did it: a row of its own in the viewer. */
export type TraceRow = string;

/** What happens in a daemon, with its time, in the Trace Event Format that browsers' trace viewers read. */
export interface Trace extends Disposable {
  /** Something that has just happened. */
  note(row: TraceRow, name: string, details?: Readonly<Record<string, unknown>>): void;
  /** Something that began at `startMs` on the clock of performance.now() and has just ended. */
  span(row: TraceRow, name: string, startMs: number, details?: Readonly<Record<string, unknown>>): void;
}

const MICROSECONDS = 1000;

/**
 * Opens a trace file, which is one JSON array; what was there before is gone. Each event is written at once, so that a
 * daemon that is killed leaves a file that viewers still take. Times are microseconds since 1970, as in captures.
 * @param onFault told once when nothing more can be written (a full disk): the daemon goes on without a trace
 * @throws Failure when the file cannot be opened
 */
export function openTrace(path: string, onFault: (error: unknown) => void): Trace {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { write: true, create: true, truncate: true, mode: 0o600 });
  } catch (error) {
    throw new Failure(`trace file ${path}: ${messageOf(error)}`, { cause: error });
  }
  const rows = new Map<TraceRow, number>();
  const encoder = new TextEncoder();
  let separator = "[\n";
  let isBroken = false;
  const put = (text: string) => {
    if (isBroken) return;
    try {
      const bytes = encoder.encode(text);
      for (let offset = 0; offset < bytes.length;) offset += file.writeSync(bytes.subarray(offset));
    } catch (error) {
      isBroken = true;
      onFault(error);
    }
  };
  const write = (event: Readonly<Record<string, unknown>>) => {
    put(separator + JSON.stringify({ pid: Deno.pid, ...event }));
    separator = ",\n";
  };
  const numberOf = (row: TraceRow): number => {
    const known = rows.get(row);
    if (known !== undefined) return known;
    rows.set(row, rows.size + 1);
    write({ ph: "M", name: "thread_name", tid: rows.size, args: { name: row } });
    return rows.size;
  };
  const at = (ms: number) => Math.round((performance.timeOrigin + ms) * MICROSECONDS);
  return {
    note: (row, name, args = {}) => {
      const ts = at(performance.now());
      write({ ph: "i", s: "t", name, ts, tid: numberOf(row), args });
    },
    span: (row, name, startMs, args = {}) => {
      const dur = Math.round((performance.now() - startMs) * MICROSECONDS);
      write({ ph: "X", name, ts: at(startMs), dur, tid: numberOf(row), args });
    },
    [Symbol.dispose]: () => {
      write({ ph: "M", name: "process_name", tid: 0, args: { name: "dsmip" } });
      put("\n]\n");
      file.close();
    },
  };
}

interface Report {
  readonly kind: "report";
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What performs actions, with a span in the trace for each; a report is a moment. As it was without a trace. */
export function traced<Action extends Report | { readonly kind: string }>(
  trace: Trace | undefined,
  row: TraceRow,
  perform: (action: Action) => void | Promise<void>,
): (action: Action) => void | Promise<void> {
  if (trace === undefined) return perform;
  return async (action) => {
    const startMs = performance.now();
    await perform(action);
    if (isReport(action)) trace.note(row, action.message, action.details);
    else trace.span(row, action.kind, startMs, withoutOctets(action));
  };
}

function isReport(action: Report | { readonly kind: string }): action is Report {
  return action.kind === "report";
}

/** What a trace shows of an event or an action: packets are in captures. */
export function withoutOctets({ kind: _, ...details }: { readonly kind: string }): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? value.length : value,
    ]),
  );
}
