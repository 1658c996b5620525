import { run } from "./run.ts";
import type { Program } from "./program_files.ts";
import { type Machine, runtimeFlags } from "./runtime.ts";

/**
 * Where the runtime for compiled files is: what DENORT_BIN names, or what an earlier `deno compile` has downloaded.
 * Undefined when there is none. Throws when DENORT_BIN names something else.
 */
export async function findDenort(machine: Machine): Promise<string | undefined> {
  const named = Deno.env.get("DENORT_BIN");
  if (named) {
    await checkDenort(named, machine);
    return named;
  }
  const { denoDir } = JSON.parse(await run(Deno.execPath(), ["info", "--json"]));
  const archive = `${denoDir}/dl/release/v${Deno.version.deno}/denort-${machine}-unknown-linux-gnu.zip`;
  return await exists(archive) ? archive : undefined;
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * `deno compile` takes any file for a runtime. Given Deno itself, the result is Deno: it ignores the program in it. A real
 * denort without a program has no version to tell, and Deno has.
 */
async function checkDenort(path: string, machine: Machine): Promise<void> {
  if (!await exists(path)) throw new Error(`DENORT_BIN=${path}: there is no such file`);
  if (machine !== Deno.build.arch) return;
  let says: string;
  try {
    says = await run(path, ["--version"]);
  } catch {
    return;
  }
  throw new Error(
    `DENORT_BIN=${path} is not denort: asked for its version, it says ${
      JSON.stringify(says.split("\n")[0])
    }. ` +
      "Name the denort of this Deno version, or unset DENORT_BIN for a self-extracting file",
  );
}

/** Makes the executable file with `deno compile`. */
export async function compile(program: Program, machine: Machine, output: string): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "dsmip-build-" });
  try {
    for (const [name, module] of program.modules) await Deno.writeFile(`${folder}/${name}`, module);
    const target = `${machine}-unknown-linux-gnu`;
    const flags = ["-A", "--quiet", "--no-check", "--no-config", "--no-lock", ...runtimeFlags()];
    await run(Deno.execPath(), ["compile", ...flags, "--target", target, "-o", output, "main.js"], {
      cwd: folder,
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
