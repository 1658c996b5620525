import { dsmipCommand } from "../../cli/lab/lab.ts";
import { endChild, TestNamespace, until } from "../ffi/in_namespace.ts";
import type { Step } from "./steps.ts";

const LIMIT_MS = 30_000;

/** A machine of a walkthrough: a network namespace, a /run of its own, and a folder that its reader works in. */
export class Host implements AsyncDisposable {
  readonly namespace = new TestNamespace();
  readonly folder: string;
  readonly #programs: string;
  readonly #holder: Deno.ChildProcess;
  readonly #running: Deno.ChildProcess[] = [];

  /** @param folders where the folders of all hosts are: "scp FILE root@NAME:FILE" copies from one to another */
  constructor(readonly name: string, folders: string) {
    this.folder = `${folders}/${name}`;
    this.#programs = `${folders}/programs-${name}`;
    for (const folder of [this.folder, this.#programs]) Deno.mkdirSync(folder);
    this.#write("dsmip", `exec ${dsmipCommand().map((word) => `'${word}'`).join(" ")} "$@"`);
    this.#write("scp", `to=\${2#root@}; exec cp -p "$1" "${folders}/\${to%%:*}/\${to#*:}"`);
    this.#holder = new Deno.Command("ip", {
      args: ["netns", "exec", this.namespace.name, "unshare", "--mount", "sh", "-c"]
        .concat(["mount -t tmpfs tmpfs /run && exec sleep 3600"]),
      stdin: "null",
    }).spawn();
  }

  #write(name: string, script: string): void {
    Deno.writeTextFileSync(`${this.#programs}/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  /** Its /run is there. */
  async ready(): Promise<void> {
    const isMounted = () =>
      Deno.readTextFileSync(`/proc/${this.#holder.pid}/mounts`).includes("tmpfs /run tmpfs") &&
      Deno.readTextFileSync(`/proc/${this.#holder.pid}/comm`) === "sleep\n";
    await until(`${this.name} is there`, isMounted, LIMIT_MS);
  }

  /** Does what a page says; what keeps running has said `readyText` in its log before the next step. */
  async follow(step: Step, readyText: RegExp): Promise<string> {
    if (step.kind === "file") {
      Deno.writeTextFileSync(`${this.folder}/${step.name}`, step.text);
      return "";
    }
    if (step.how === "after Ctrl-C") await this.#interruptLast();
    if (step.how !== "keeps running") return await this.run(step.text);
    const written = / -w (\S+)/.exec(step.text)?.[1];
    // A capture says nothing; its file begins as soon as it listens.
    if (written !== undefined) await this.keep(step.text, /./s, `${this.folder}/${written}`);
    else await this.keep(step.text, readyText);
    // Its reader looks at the terminal before typing on.
    if (step.text.includes("mn up")) await this.untilRegistered();
    return "";
  }

  /** Starts what goes on until the end, and waits until its log or another file says that it works. */
  async keep(command: string, readyText: RegExp, readyFile?: string): Promise<void> {
    const log = `${this.folder}/log-${this.#running.length}`;
    const child = this.#command(`exec ${command.trim()} >${log} 2>&1`, "null").spawn();
    this.#running.push(child);
    const isReady = () => readyText.test(readIfThere(readyFile ?? log));
    try {
      await until(`"${command.trim()}" on ${this.name} works`, isReady, LIMIT_MS);
    } catch (error) {
      throw new Error(`${this.name}: ${command.trim()} says: ${readIfThere(log)}`, { cause: error });
    }
  }

  async untilRegistered(): Promise<void> {
    const isRegistered = async () =>
      (await this.run("dsmip mn status --json")).includes('"state":"registered"');
    await until(`${this.name} is registered`, isRegistered, LIMIT_MS);
  }

  /** Runs commands as its reader does; all have to end well. @returns what they print */
  async run(script: string): Promise<string> {
    const { code, stdout, stderr } = await this.#command(script).output();
    const decoder = new TextDecoder();
    const output = decoder.decode(stdout);
    if (code !== 0) {
      throw new Error(`${this.name}: ${script}ended with ${code}:\n${output}${decoder.decode(stderr)}`);
    }
    return output;
  }

  #command(script: string, output: "piped" | "null" = "piped"): Deno.Command {
    const holder = String(this.#holder.pid);
    return new Deno.Command("nsenter", {
      args: ["--target", holder, "--net", "--mount", `--wd=${this.folder}`, "sh", "-euc", script],
      env: { PATH: `${this.#programs}:${Deno.env.get("PATH")}`, NO_COLOR: "1" },
      stdin: "null",
      stdout: output,
      stderr: output,
    });
  }

  /** Ends what keeps running, as Ctrl-C does. */
  async stop(): Promise<void> {
    while (this.#running.length > 0) await this.#interruptLast();
  }

  async #interruptLast(): Promise<void> {
    const child = this.#running.pop();
    if (child !== undefined) await endChild(child, "SIGINT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await endChild(this.#holder, "SIGKILL");
    this.namespace.remove();
  }
}

function readIfThere(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
