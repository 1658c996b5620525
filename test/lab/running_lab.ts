import { dsmipCommand, type RunRecord, temporaryFolder } from "../../cli/lab/lab.ts";
import { labEnvironment, RUN_MARK, runProgram, until } from "../../cli/lab/process.ts";

/** A lab on its way: its output is read once it has ended. */
export class RunningLab {
  readonly process: Deno.ChildProcess;
  readonly #stdout: Promise<string>;
  readonly #stderr: Promise<void>;
  progress = "";

  /** `wrapper` is a command that runs a command; `command` is what runs a lab. */
  constructor(
    args: readonly string[],
    { wrapper = [], command = dsmipCommand("lab", "run") }: {
      readonly wrapper?: readonly string[];
      readonly command?: readonly string[];
    } = {},
  ) {
    const [program, ...rest] = [...wrapper, ...command, ...args, "--json"];
    const cwd = new URL("../../", import.meta.url);
    const options = { args: rest, cwd, stdin: "null", stdout: "piped", stderr: "piped" } as const;
    this.process = new Deno.Command(program, { ...options, env: labEnvironment() }).spawn();
    this.#stdout = new Response(this.process.stdout).text();
    this.#stderr = this.#readProgress();
  }

  async #readProgress(): Promise<void> {
    for await (const text of this.process.stderr.pipeThrough(new TextDecoderStream())) this.progress += text;
  }

  /** Waits until the lab has begun its n-th step. */
  async reached(step: number): Promise<void> {
    await until(`step ${step}`, 60_000, () => this.progress.includes(`[${step}/`));
  }

  async end(): Promise<{ readonly code: number; readonly stdout: string }> {
    const { code } = await this.process.status;
    await this.#stderr;
    return { code, stdout: await this.#stdout };
  }

  /** The name of the run, from its folder: that of this process, or of a child of it. */
  run(): string {
    for (const { name } of Deno.readDirSync(temporaryFolder())) {
      try {
        const record: RunRecord = JSON.parse(Deno.readTextFileSync(`${temporaryFolder()}/${name}/run.json`));
        if ([record.pid, parentOf(record.pid)].includes(this.process.pid)) return record.run;
      } catch {
        // Not the folder of a run, or of one that begins or ends just now.
      }
    }
    throw new Error("no folder of this run");
  }
}

function parentOf(pid: number): number {
  const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
  return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1]);
}

/** Namespaces, folders and processes of a run. */
export async function leftOf(run: string): Promise<string[]> {
  const { stdout } = await runProgram(["ip", "netns", "list"]);
  const namespaces = stdout.split("\n").filter((line) => line.includes(run));
  const folders = [...Deno.readDirSync(temporaryFolder())].map(({ name }) => name).filter((name) =>
    name.includes(run)
  );
  const processes = [...Deno.readDirSync("/proc")].map(({ name }) => name).filter((name) => {
    try {
      return /^\d+$/.test(name) &&
        Deno.readTextFileSync(`/proc/${name}/environ`).includes(`${RUN_MARK}=${run}`);
    } catch {
      return false;
    }
  });
  return [...namespaces, ...folders, ...processes];
}
