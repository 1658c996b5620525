/**
 * Makes one executable file of the program and its runtime, dist/dsmip: with `deno compile` where denort is at hand, and
 * otherwise a file that unpacks itself, from the Deno that runs this.
 */
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import project from "../../deno.json" with { type: "json" };
import { compile, findDenort } from "./compiled.ts";
import { bundleProgram } from "./program_files.ts";
import { run } from "./run.ts";
import { machineNamed, runtimeFor } from "./runtime.ts";
import { selfExtracting } from "./self_extracting.ts";

const USAGE = `Usage: deno task build [--arch x86_64|aarch64] [--output FILE] [--level 1..9]

  --arch      what it is to run on (this machine)
  --output    the file to make (dist/dsmip; for another machine dist/dsmip-ARCH)
  --level     how hard a self-extracting file is compressed (6)

DENORT_BIN names the denort to compile with; see \`deno compile --help\`.`;

interface Options {
  readonly arch: string;
  readonly output: string;
  readonly level: number;
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      arch: { type: "string", default: Deno.build.arch },
      output: { type: "string" },
      level: { type: "string", default: "6" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    Deno.exit(0);
  }
  const level = Number(values.level);
  if (!Number.isInteger(level) || level < 1 || level > 9) throw new Error("--level is a number from 1 to 9");
  const output = values.output ??
    (values.arch === Deno.build.arch ? "dist/dsmip" : `dist/dsmip-${values.arch}`);
  return { arch: values.arch, output: resolve(output), level };
}

async function build({ arch, output, level }: Options): Promise<void> {
  const start = performance.now();
  const machine = machineNamed(arch);
  const denort = await findDenort(machine);
  const kind = denort === undefined ? "self-extracting" : "compiled";
  const program = await bundleProgram();
  await Deno.mkdir(dirname(output), { recursive: true });
  // It gets its name when it is complete and does run: whoever starts it meanwhile has the old one or the new one.
  const unfinished = `${output}.unfinished`;
  try {
    if (denort === undefined) {
      const runtime = await runtimeFor(machine);
      const file = await selfExtracting({ program, runtime, machine, level });
      await Deno.writeFile(unfinished, file, { mode: 0o755 });
    } else {
      await compile(program, machine, unfinished);
    }
    if (machine === Deno.build.arch) await tryOut(unfinished, kind);
    await Deno.rename(unfinished, output);
  } finally {
    await Deno.remove(unfinished).catch(() => {});
  }
  const megabytes = ((await Deno.stat(output)).size / 1e6).toFixed(1);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${output}: ${kind}, for Linux on ${machine}, ${megabytes} MB, made in ${seconds} s`);
}

/** Asks what was made for its version: a runtime that does not look for the program in it answers with its own. */
async function tryOut(file: string, kind: string): Promise<void> {
  const cache = await Deno.makeTempDir({ prefix: "dsmip-build-" });
  try {
    const says = (await run(file, ["--version"], { env: { DSMIP_CACHE: cache } })).trim();
    if (!says.startsWith(`dsmip ${project.version} (${kind}, `)) {
      throw new Error(`what was made does not run: asked for its version, it says ${JSON.stringify(says)}`);
    }
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

if (import.meta.main) {
  try {
    await build(readOptions(Deno.args));
  } catch (error) {
    console.error(`build: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
