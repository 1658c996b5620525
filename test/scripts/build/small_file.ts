import { selfExtracting } from "../../../scripts/build/self_extracting.ts";
import type { Machine } from "../../../scripts/build/runtime.ts";

/** What the runtime in a small file prints: the words that it was started with, and what it was told. */
export interface Started {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Plays the runtime: it answers for its version, and otherwise says how it was started. */
const RUNTIME = `#!/bin/sh
[ "$1" = --version ] && exec echo 1
for word in "$@"; do echo "[$word]"; done
echo "DSMIP=$DSMIP"
echo "DSMIP_MADE_AS=$DSMIP_MADE_AS"
echo "DENO_DIR=$DENO_DIR"
echo "umask $(umask)"
`;

/** A self-extracting file with a script for a runtime, in a folder of its own. */
export class SmallFile implements AsyncDisposable {
  readonly file: string;
  readonly cache: string;

  private constructor(readonly folder: string) {
    this.file = `${folder}/dsmip`;
    this.cache = `${folder}/cache`;
  }

  static async make(
    { machine = Deno.build.arch, runtime = RUNTIME }: {
      readonly machine?: Machine;
      readonly runtime?: string;
    } = {},
  ): Promise<SmallFile> {
    const made = new SmallFile(await Deno.makeTempDir({ prefix: "dsmip-test-" }));
    const program = {
      modules: new Map([["main.js", new TextEncoder().encode("// the program\n")]]),
      packages: new Map(),
    };
    // More than a buffer of noise, so that a damaged octet is somewhere in the middle.
    const noise = crypto.getRandomValues(new Uint8Array(60_000)).toBase64();
    const octets = new TextEncoder().encode(`${runtime}exit\n${noise}\n`);
    const file = await selfExtracting({ program, runtime: octets, machine, level: 1 });
    await Deno.writeFile(made.file, file, { mode: 0o755 });
    return made;
  }

  /** The only folder in the cache that has the program. */
  unpacked(): string {
    const names = [...Deno.readDirSync(this.cache)].map(({ name }) => name);
    if (names.length !== 1) throw new Error(`not one folder in the cache: ${names.join(" ")}`);
    return `${this.cache}/${names[0]}`;
  }

  /** Starts it; `wrapper` is a command that runs a command. */
  async start(
    words: readonly string[] = [],
    { env = { DSMIP_CACHE: this.cache }, wrapper = [] }: {
      readonly env?: Record<string, string>;
      readonly wrapper?: readonly string[];
    } = {},
  ): Promise<Started> {
    const [program, ...args] = [...wrapper, this.file, ...words];
    const options = { args, clearEnv: true, env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...env } } as const;
    const { code, stdout, stderr } = await new Deno.Command(program, { ...options, args }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
