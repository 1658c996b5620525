import project from "../../deno.json" with { type: "json" };
import { run } from "./run.ts";

/** A kind of processor, by what `uname -m` and Deno call it. */
export const MACHINES = {
  x86_64: { alias: "amd64", package: "linux-x64-glibc" },
  aarch64: { alias: "arm64", package: "linux-arm64-glibc" },
} as const;

export type Machine = keyof typeof MACHINES;

/** The machine that a person means; throws when there is no such one. */
export function machineNamed(name: string): Machine {
  const entry = Object.entries(MACHINES).find(([machine, { alias }]) => name === machine || name === alias);
  if (entry === undefined) {
    throw new Error(`no machine is called ${name}: x86_64 (amd64) and aarch64 (arm64) are`);
  }
  return entry[0] as Machine;
}

/**
 * The Deno binary for a machine: for this machine the very one that runs the build, for another one the same version from
 * its npm package, which is fetched unless it is cached.
 */
export async function runtimeFor(machine: Machine): Promise<Uint8Array> {
  if (machine === Deno.build.arch) return await Deno.readFile(Deno.execPath());
  const name = `npm:@deno/${MACHINES[machine].package}@${Deno.version.deno}`;
  const { npmPackages } = JSON.parse(await run(Deno.execPath(), ["info", "--json", "--no-lock", name]));
  const [{ localPath }] = Object.values(npmPackages) as { readonly localPath: string }[];
  return await Deno.readFile(`${localPath}/deno`);
}

/** What the runtime is told, as `deno task dsmip` and deno.json have it: V8's flags, and what is unstable in Deno. */
export function runtimeFlags(): string[] {
  const v8Flags = project.tasks.dsmip.command.match(/--v8-flags=\S+/)?.[0];
  if (v8Flags === undefined) throw new Error("deno.json: the task dsmip has no --v8-flags");
  return [...project.unstable.map((name) => `--unstable-${name}`), v8Flags];
}

/** How the runtime is to run what was bundled: with all permissions, and nothing from outside. */
export function runFlags(): string[] {
  return ["-A", "--no-config", "--no-lock", "--no-remote", "--no-npm", ...runtimeFlags()];
}
