import { dsmipCommand } from "../../cli/lab/lab.ts";
import { until } from "../ffi/in_namespace.ts";
import { textsIn } from "../ffi/proc_files.ts";

/** The real daemon inside a network namespace, with its log. */
export class RunningDaemon {
  readonly process: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  #isOver = false;
  log = "";

  /** @param words `ha serve` or `mn up`; `wrapper`: a command that runs a command */
  constructor(
    namespace: string,
    words: readonly string[],
    { env = {}, wrapper = [] }: {
      readonly env?: Readonly<Record<string, string>>;
      readonly wrapper?: readonly string[];
    } = {},
  ) {
    this.process = new Deno.Command("ip", {
      args: ["netns", "exec", namespace, ...wrapper, ...dsmipCommand(...words)],
      env: { NO_COLOR: "1", ...env },
      stderr: "piped",
    }).spawn();
    void this.process.status.then(() => this.#isOver = true);
    this.#reading = this.#read();
  }

  get pid(): number {
    return this.process.pid;
  }

  /** @throws what it has said, where it ends before */
  async until(what: string, condition: () => boolean): Promise<void> {
    await until(what, () => this.#isOver || condition(), 20_000);
    if (this.#isOver) throw new Error(`the daemon has ended: ${this.log}`);
  }

  /** Of each of its threads: the fields of proc(5), "CapEff" and others. */
  threads(): ReadonlyMap<string, string>[] {
    return textsIn(`/proc/${this.pid}/task`, "status").map((text) =>
      new Map([...text.matchAll(/^(\w+):\s*(.*)$/gm)].map(([, key, value]) => [key, value]))
    );
  }

  /** Ends it. Returns its exit status. */
  async end(signal: Deno.Signal = "SIGTERM"): Promise<number> {
    if (!this.#isOver) this.process.kill(signal);
    const { code } = await this.process.status;
    await this.#reading;
    return code;
  }

  async #read(): Promise<void> {
    for await (const text of this.process.stderr.pipeThrough(new TextDecoderStream())) this.log += text;
  }
}
