/** What a program said and how it ended. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that could not be run, or that ended with an error. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
  constructor(readonly command: readonly string[], readonly finished: Finished) {
    const said = (finished.stderr.trim() || finished.stdout.trim()).split("\n").slice(-3).join(" / ");
    super(`'${command.join(" ")}' ended with ${finished.code}${said === "" ? "" : `: ${said}`}`);
  }
}

export interface RunOptions {
  /** Given to the program on its standard input. */
  readonly input?: string;
  /** Ends the program when it fires. */
  readonly signal?: AbortSignal;
  /** The program is ended after this time; default 30 s. */
  readonly limitMs?: number;
}

/** Marks the processes of a run: `dsmip lab clean` finds by it what a killed lab has left running. */
export const RUN_MARK = "DSMIP_LAB_RUN";

/** The environment of every program of a lab: plain output, and the folders where Debian keeps network tools. */
export function labEnvironment(): Record<string, string> {
  return {
    PATH: `${Deno.env.get("PATH") ?? "/usr/bin:/bin"}:/usr/local/sbin:/usr/sbin:/sbin`,
    LC_ALL: "C",
    NO_COLOR: "1",
    DENO_NO_UPDATE_CHECK: "1",
  };
}

function spawn(command: readonly string[], options: Omit<Deno.CommandOptions, "args">): Deno.ChildProcess {
  const [program, ...args] = command;
  return new Deno.Command(program, { ...options, args, env: { ...labEnvironment(), ...options.env } })
    .spawn();
}

/** Runs a program to its end. The result is a value, whatever its exit code: 127 not found, 124 out of time. */
export async function runProgram(command: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { input, signal, limitMs = 30_000 } = options;
  signal?.throwIfAborted();
  let child: Deno.ChildProcess;
  try {
    child = spawn(command, {
      stdin: input === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    });
  } catch (error) {
    return { code: 127, stdout: "", stderr: error instanceof Error ? error.message : String(error) };
  }
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    kill(child, "SIGKILL");
  }, limitMs);
  const onAbort = () => kill(child, "SIGKILL");
  signal?.addEventListener("abort", onAbort);
  try {
    const [, output] = await Promise.all([
      input === undefined ? undefined : feed(child, input),
      child.output(),
    ]);
    signal?.throwIfAborted();
    const stderr = new TextDecoder().decode(output.stderr);
    return {
      code: late ? 124 : output.code,
      stdout: new TextDecoder().decode(output.stdout),
      stderr: late ? `${stderr}no end within ${limitMs} ms` : stderr,
    };
  } finally {
    clearTimeout(limit);
    signal?.removeEventListener("abort", onAbort);
  }
}

async function feed(child: Deno.ChildProcess, input: string): Promise<void> {
  const writer = child.stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  } catch {
    // A program that ends without reading all says why on stderr.
  }
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended in the meantime.
  }
}

/** Runs a program to its end; throws CommandFailed when the exit code is not 0. */
export async function mustRun(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const finished = await runProgram(command, options);
  if (finished.code !== 0) throw new CommandFailed(command, finished);
  return finished.stdout;
}

/** Waits for a state, looking every 20 ms; throws when the limit passes first. */
export async function until<T>(
  what: string,
  limitMs: number,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  signal?: AbortSignal,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  while (true) {
    signal?.throwIfAborted();
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() >= deadline) throw new Error(`no ${what} within ${limitMs} ms`);
    await pause(20);
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Resolves with what `promise` gives, or with undefined when the limit passes first. */
export async function within<T>(promise: Promise<T>, limitMs: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<undefined>((resolve) => timer = setTimeout(() => resolve(undefined), limitMs));
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** A program that keeps running; everything it says goes to its log file. */
export class Child {
  readonly pid: number;
  readonly #process: Deno.ChildProcess;
  /** Set once the program has ended. */
  ended: Deno.CommandStatus | undefined;
  readonly #status: Promise<Deno.CommandStatus>;

  /** `run` marks the process, in its environment. */
  constructor(readonly name: string, command: readonly string[], readonly logPath: string, run: string) {
    // The shell only opens the log and becomes the program, so that the process identifier stays the same and
    // the program outlives this one where it has to (--keep). A session of its own keeps Ctrl-C from reaching it.
    this.#process = spawn(["setsid", "sh", "-c", 'exec "$@" >>"$0" 2>&1', logPath, ...command], {
      env: { [RUN_MARK]: run },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    });
    this.pid = this.#process.pid;
    this.#status = this.#process.status.then((status) => this.ended = status);
  }

  get running(): boolean {
    return this.ended === undefined;
  }

  log(): string {
    try {
      return Deno.readTextFileSync(this.logPath);
    } catch {
      return "";
    }
  }

  /** Waits until the log holds the text. */
  async said(text: string, limitMs: number, signal?: AbortSignal): Promise<void> {
    await until(`"${text}" in the log of ${this.name}`, limitMs, () => {
      if (this.log().includes(text)) return true;
      if (this.ended !== undefined) {
        throw new Error(`${this.name} ended with ${this.ended.code}: ${this.log().trim()}`);
      }
      return false;
    }, signal);
  }

  /** Sends the signal and waits for the end; SIGKILL when the limit passes. Returns the milliseconds it took. */
  async end(signal: "SIGTERM" | "SIGINT" | "SIGKILL" = "SIGTERM", limitMs = 5000): Promise<number> {
    const start = performance.now();
    if (this.ended !== undefined) return 0;
    kill(this.#process, signal);
    if (await within(this.#status, limitMs) === undefined) {
      kill(this.#process, "SIGKILL");
      await this.#status;
    }
    return performance.now() - start;
  }

  /** Sends a signal that the program goes on after. */
  tell(signal: Deno.Signal): void {
    kill(this.#process, signal);
  }

  /** Lets this program end before the child does. */
  unref(): void {
    this.#process.unref();
  }
}

/** A program whose lines of output are read as they come. */
export class LineReader {
  readonly #process: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #errors: Promise<string>;
  readonly #onAbort = () => kill(this.#process, "SIGTERM");
  #rest = "";

  constructor(readonly command: readonly string[], readonly signal?: AbortSignal) {
    this.#process = spawn(command, { stdin: "null", stdout: "piped", stderr: "piped" });
    this.#reader = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#errors = new Response(this.#process.stderr).text();
    signal?.addEventListener("abort", this.#onAbort);
  }

  /** The next line, or undefined at the end of the output. */
  async next(): Promise<string | undefined> {
    while (true) {
      const end = this.#rest.indexOf("\n");
      if (end >= 0) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 1);
        return line;
      }
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#rest += value;
    }
  }

  /** The next line that is a JSON value; throws when the program ends or the limit passes before. */
  async nextJson<T>(limitMs: number): Promise<T> {
    const line = await within(this.next().then((line) => ({ line })), limitMs);
    if (line?.line === undefined) {
      kill(this.#process, "SIGTERM");
      this.signal?.throwIfAborted();
      const why = line === undefined ? `said nothing for ${limitMs} ms` : (await this.#errors).trim();
      throw new Error(`'${this.command.join(" ")}': ${why}`);
    }
    return JSON.parse(line.line) as T;
  }

  /** Ends the program where it still runs, and waits for its end. */
  async close(): Promise<void> {
    this.signal?.removeEventListener("abort", this.#onAbort);
    kill(this.#process, "SIGTERM");
    // A read may still be under way, given up by a limit: the output ends with the program.
    while (!(await this.#reader.read()).done);
    await this.#errors;
    await this.#process.status;
  }
}
