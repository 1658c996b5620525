import { Child, LineReader, mustRun, until } from "./process.ts";
import { Network } from "./network.ts";

/** What `dsmip lab clean` and `--keep` need to know of a run; kept as run.json in its folder. */
export interface RunRecord {
  readonly run: string;
  /** The process that runs the lab, and when it started (clock ticks since boot), so that a reused pid is told. */
  readonly pid: number;
  readonly startTicks: string;
  /** Left behind on purpose (--keep): only `dsmip lab clean` removes it. */
  readonly isKept: boolean;
}

/** The folder of a run: configurations, keys, logs, sockets. */
export function runFolder(run: string): string {
  return `${temporaryFolder()}/dsmip-lab-${run}`;
}

export const RUN_FOLDER_NAME = /^dsmip-lab-([0-9a-f]{8})$/;

/** Where folders of runs are. */
export function temporaryFolder(): string {
  return (Deno.env.get("TMPDIR") ?? "/tmp").replace(/\/+$/, "");
}

/** When a process started, in clock ticks since boot; undefined when there is none. See proc(5), field 22. */
export function processStartTicks(pid: number): string | undefined {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

/** One run of the lab: its network, its folder, and the programs that it started. */
export class Lab {
  readonly run: string;
  readonly directory: string;
  readonly network: Network;
  readonly #children = new Map<string, Child>();

  private constructor(run: string, readonly signal: AbortSignal) {
    this.run = run;
    this.directory = runFolder(run);
    this.network = new Network(run, signal);
  }

  /** Makes the folder of a new run. Nothing else exists yet. */
  static async open(signal: AbortSignal): Promise<Lab> {
    const digits = crypto.getRandomValues(new Uint8Array(4)).toHex();
    const lab = new Lab(digits, signal);
    await Deno.mkdir(lab.directory, { mode: 0o700 });
    await lab.#writeRecord(false);
    return lab;
  }

  async #writeRecord(isKept: boolean): Promise<void> {
    const startTicks = processStartTicks(Deno.pid) ?? "";
    const record: RunRecord = { run: this.run, pid: Deno.pid, startTicks, isKept };
    await this.writeFile("run.json", JSON.stringify(record) + "\n");
  }

  path(name: string): string {
    return `${this.directory}/${name}`;
  }

  /** Writes a file of the run and returns its path. */
  async writeFile(name: string, text: string, mode = 0o600): Promise<string> {
    await Deno.writeTextFile(this.path(name), text, { mode });
    return this.path(name);
  }

  /** Starts a program in a node's namespace that runs until the lab ends it. Its log is NAME.log. */
  start(node: string, name: string, command: readonly string[]): Child {
    this.signal.throwIfAborted();
    const child = new Child(name, this.network.inside(node, command), this.path(`${name}.log`), this.run);
    this.#children.set(name, child);
    return child;
  }

  /** Starts a program in a node's namespace whose output is read line by line. */
  read(node: string, command: readonly string[]): LineReader {
    this.signal.throwIfAborted();
    return new LineReader(this.network.inside(node, command), this.signal);
  }

  /** Runs a program in a node's namespace to its end; throws when it fails. */
  exec(node: string, command: readonly string[], limitMs?: number): Promise<string> {
    return this.network.exec(node, command, { limitMs });
  }

  until<T>(
    what: string,
    limitMs: number,
    look: () => T | undefined | false | Promise<T | undefined | false>,
  ) {
    return until<T>(what, limitMs, look, this.signal);
  }

  /** The last lines of every log, for whoever wants to know why a run failed. */
  logTails(lines: number): Map<string, string[]> {
    const tails = [...this.#children.values()].map((child) =>
      [child.name, child.log().trimEnd().split("\n").slice(-lines)] as const
    );
    return new Map(tails.filter(([, tail]) => tail.join("") !== ""));
  }

  /** Some process of the run that is still there, for whoever wants to enter its user namespace. */
  anyProcess(): number | undefined {
    return [...this.#children.values()].find((child) => child.running)?.pid;
  }

  /** Lets this program end while the children stay (--keep). */
  async leave(): Promise<void> {
    await this.#writeRecord(true);
    for (const child of this.#children.values()) child.unref();
  }

  /** Ends all programs, removes the network and the folder: in a few seconds, whatever they do. */
  async close(): Promise<void> {
    // All at once: one after the other, many that do not listen would take longer than whoever waits is patient.
    await Promise.all([...this.#children.values()].map((child) => child.end("SIGTERM", 3000)));
    try {
      await this.network.remove();
    } finally {
      await Deno.remove(this.directory, { recursive: true });
    }
  }
}

/**
 * V8 compiles everything at once with its baseline compiler, because a handover runs cold code. It compiles a module whole when
 * it loads it (--no-lazy): so Deno's code cache has the functions too, and the next start compiles none of them. Its best
 * compiler, whose code alone calls the kernel without detours, takes the data path's loops early, and functions when they are
 * really hot: after 100 calls, it compiled the control path in the middle of the first moves, on threads of its own that took
 * both processors. Each thread collects its own garbage (--single-threaded-gc): it would wait for others to help, and longer
 * than it takes where packets keep the processors. `deno task dsmip` has the same.
 */
export const V8_FLAGS =
  "--v8-flags=--single-threaded-gc,--no-lazy,--no-maglev,--always-sparkplug,--invocation-count-for-turbofan=2000,--invocation-count-for-osr=100";

/**
 * The command line that runs this program again: the file that DSMIP names (one that unpacks itself names itself there),
 * this very file if it was compiled, or the sources with Deno.
 */
export function dsmipCommand(...args: string[]): string[] {
  const file = executableFile();
  if (file !== undefined) return [file, ...args];
  return [Deno.execPath(), "run", "-A", "--cached-only", V8_FLAGS, mainModule(), ...args];
}

/** The executable file that this program is to be run from; undefined when it is run from its sources. */
function executableFile(): string | undefined {
  const named = Deno.env.get("DSMIP");
  // Without a slash it is looked for in PATH, from wherever.
  if (named) return named.startsWith("/") || !named.includes("/") ? named : `${Deno.cwd()}/${named}`;
  return Deno.build.standalone ? Deno.execPath() : undefined;
}

function mainModule(): string {
  return new URL("../main.ts", import.meta.url).pathname;
}

/** Fetches what the program needs while there is a network: inside the namespaces there is none. */
export async function fetchDependencies(signal: AbortSignal): Promise<void> {
  if (executableFile() !== undefined) return;
  await mustRun([Deno.execPath(), "cache", "--quiet", mainModule()], { signal, limitMs: 120_000 });
}
