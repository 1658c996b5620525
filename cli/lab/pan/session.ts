import { clockMs } from "../clock.ts";
import { within } from "../process.ts";

/** How often a line is typed. */
const LINE_MS = 200;
/** The echoes of the last lines come within this time after the end. */
const LAST_ECHO_LIMIT_MS = 20_000;

/** Like ssh to a person's eye: echoes every line of every connection, until the listener is closed. */
export async function serveEcho(listener: Deno.TcpListener): Promise<void> {
  for await (const connection of listener) {
    // The far end tells what became of the connection.
    connection.readable.pipeTo(connection.writable).catch(() => {});
  }
}

/** The lines that a session writes about itself. */
export const SessionLine = {
  echoed: (sequence: number, sentMs: number, arrivedMs: number) =>
    `${sequence} ${sentMs.toFixed(3)} ${arrivedMs.toFixed(3)}\n`,
  wrong: (sequence: number) => `wrong ${sequence}\n`,
  lost: (why: string) => `lost ${why}\n`,
  end: (typed: number) => `end ${typed}\n`,
} as const;

/**
 * An interactive session over one TCP connection: types a line that nobody can guess every 200 ms, whether the last one
 * has been echoed or not, and compares each echo. Ends when `ended` aborts and the last echo is there, or when the
 * connection is lost.
 */
export async function runSession(
  { address, port, ended }: { readonly address: string; readonly port: number; readonly ended: AbortSignal },
  write: (line: string) => void,
): Promise<void> {
  try {
    using connection = await Deno.connect({ hostname: address, port });
    connection.setNoDelay(true);
    const typed: { readonly text: string; readonly sentMs: number }[] = [];
    const reading = readEchoes(connection, typed, write);
    const broken = reading.then((count) => {
      throw new Error(`the connection was closed after ${count} lines`);
    });
    broken.catch(() => {});
    while (!ended.aborted) {
      const text = `${typed.length} ${crypto.getRandomValues(new Uint8Array(12)).toHex()}\n`;
      typed.push({ text, sentMs: clockMs() });
      await connection.write(new TextEncoder().encode(text));
      await within(broken, LINE_MS);
    }
    await connection.closeWrite();
    const echoed = await within(reading, LAST_ECHO_LIMIT_MS);
    if (echoed === typed.length) write(SessionLine.end(typed.length));
    else write(SessionLine.lost(`${echoed ?? "not all"} of ${typed.length} lines were echoed`));
  } catch (error) {
    write(SessionLine.lost(error instanceof Error ? error.message : String(error)));
  }
}

/** Compares every line that comes with the one that was typed; resolves with their number at the end of the connection. */
async function readEchoes(
  connection: Deno.Conn,
  typed: readonly { readonly text: string; readonly sentMs: number }[],
  write: (line: string) => void,
): Promise<number> {
  let echoed = 0;
  let rest = "";
  const buffer = new Uint8Array(65536);
  const decoder = new TextDecoder();
  for (let octets = await connection.read(buffer); octets !== null; octets = await connection.read(buffer)) {
    const arrivedMs = clockMs();
    const lines = (rest + decoder.decode(buffer.subarray(0, octets), { stream: true })).split(/(?<=\n)/);
    rest = lines.at(-1)?.endsWith("\n") ? "" : lines.pop() ?? "";
    for (const text of lines) {
      const expected = typed[echoed];
      if (expected?.text !== text) write(SessionLine.wrong(echoed));
      else write(SessionLine.echoed(echoed, expected.sentMs, arrivedMs));
      echoed++;
    }
  }
  return echoed;
}
