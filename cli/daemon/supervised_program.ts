import { findProgram, SYSTEM_FOLDERS } from "./find_program.ts";
import type { Log } from "./log.ts";

export interface SupervisedProgramOptions {
  readonly name: string;
  /** What a person installs to have it. */
  readonly packageName: string;
  readonly args: readonly string[];
  readonly log: Log;
}

/** What ties a program to this process: setpriv(1) of this package. */
const TIE = { name: "setpriv", packageName: "util-linux" } as const;
/** A program that ends at once is started again after this long, then after twice as long, and so on. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
/** A program that ran for so long has started well. */
const STEADY_MS = 60_000;
/** How long a program may take to end by itself. */
const END_LIMIT_MS = 2000;
/** How long its last words may take, after its end. */
const LAST_WORDS_MS = 200;
const MAXIMUM_LINE = 500;

/**
 * A program that runs as long as it is wanted: when it ends by itself, that is logged and it is started again. It ends with
 * this process, also where that is killed: the kernel kills it then (PR_SET_PDEATHSIG). It has a session of its own, so
 * that a terminal's Ctrl-C goes to this process only, which ends it in time.
 */
export class SupervisedProgram implements AsyncDisposable {
  readonly #options: SupervisedProgramOptions;
  #isWanted = false;
  /** It was told to end. */
  #isEnding = false;
  #child: Deno.ChildProcess | undefined;
  #running: Promise<void> | undefined;
  /** Until the child has ended. */
  #runningOnce: Promise<unknown> | undefined;
  #wake: (() => void) | undefined;

  constructor(options: SupervisedProgramOptions) {
    this.#options = options;
  }

  /** Starts it, unless it runs. One that is not installed is a warning in the log that says what to install. */
  start(): void {
    this.#isWanted = true;
    this.#running ??= this.#run().finally(() => this.#running = undefined);
  }

  /** It reads its configuration again: SIGHUP, by which a program that is just being started ends and starts again. */
  reload(): void {
    signal(this.#child, "SIGHUP");
  }

  /** For a program that cannot do that. */
  restart(): void {
    this.#end();
  }

  /** Resolves when it has ended: by itself, or killed after two seconds; also where it has been started again since. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#isWanted = false;
    this.#wake?.();
    this.#end();
    const timer = setTimeout(() => signal(child, "SIGKILL"), END_LIMIT_MS);
    await this.#runningOnce;
    clearTimeout(timer);
    if (!this.#isWanted) await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #run(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (this.#isWanted) {
      const command = this.#command();
      if (command === undefined) return;
      const startMs = performance.now();
      const once = this.#runOnce(command);
      this.#runningOnce = once;
      const end = await once;
      const isExpected = this.#isEnding || end.signal === "SIGHUP";
      this.#isEnding = false;
      if (!this.#isWanted || isExpected) continue;
      if (performance.now() - startMs >= STEADY_MS) pauseMs = FIRST_PAUSE_MS;
      const { name, log } = this.#options;
      const how = end.signal ?? `exit status ${end.code}`;
      log.warning("a program has ended and is started again", {
        program: name,
        how,
        said: end.said,
        pauseMs,
      });
      await this.#pause(pauseMs);
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
  }

  /** Undefined, with a warning, where something is not installed. */
  #command(): readonly string[] | undefined {
    const { name, packageName, args, log } = this.#options;
    const paths = [TIE, { name, packageName }].map((program) => {
      const path = findProgram(program.name);
      if (path === undefined) {
        log.warning(`${program.name} is not installed: hosts in the mobile network go without ${name}`, {
          package: program.packageName,
        });
      }
      return path;
    });
    const [tie, program] = paths;
    if (tie === undefined || program === undefined) return undefined;
    return [tie, "--pdeathsig", "KILL", program, ...args];
  }

  async #runOnce(
    [program, ...args]: readonly string[],
  ): Promise<Pick<Deno.CommandStatus, "code" | "signal"> & { readonly said: string }> {
    const { name, log } = this.#options;
    let said = "";
    try {
      const child = new Deno.Command(program, {
        args,
        clearEnv: true,
        env: { PATH: SYSTEM_FOLDERS.join(":"), LC_ALL: "C" },
        stdin: "null",
        stdout: "null",
        stderr: "piped",
        detached: true,
      }).spawn();
      this.#child = child;
      log.debug("program started", { program: name, pid: child.pid });
      const hearing = new AbortController();
      const heard = forEachLine(child.stderr, hearing.signal, (line) => {
        said = line;
        log.debug("program says", { program: name, line });
      });
      const status = await child.status;
      // What it has started may hold its standard error open.
      const timer = setTimeout(() => hearing.abort(), LAST_WORDS_MS);
      await heard;
      clearTimeout(timer);
      return { ...status, said };
    } catch (error) {
      return { code: 127, signal: null, said: String(error) };
    } finally {
      this.#child = undefined;
    }
  }

  #end(): void {
    this.#isEnding = this.#child !== undefined;
    signal(this.#child, "SIGTERM");
  }

  async #pause(forMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, forMs);
    await promise;
    clearTimeout(timer);
    this.#wake = undefined;
  }
}

function signal(child: Deno.ChildProcess | undefined, name: Deno.Signal): void {
  try {
    child?.kill(name);
  } catch {
    // It has ended in the meantime.
  }
}

/** Until the end of the stream, or until the signal. */
async function forEachLine(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  tell: (line: string) => void,
): Promise<void> {
  let rest = "";
  try {
    for await (const text of stream.pipeThrough(new TextDecoderStream(), { signal })) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!.slice(-MAXIMUM_LINE);
      for (const line of lines) {
        if (line !== "") tell(line.slice(0, MAXIMUM_LINE));
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
