import { labEnvironment, mustRun } from "../../cli/lab/process.ts";
import type { Need } from "./tunnel.ts";

/** The programs of this folder, compiled into a temporary one. */
export interface Tools {
  readonly folder: string;
  /** load.c */
  readonly load: string;
  /** reference.c */
  readonly reference: string;
}

/** Compiles the C programs into the folder; -march=native, for they run on no other machine. */
export async function compileTools(folder: string, signal: AbortSignal): Promise<Tools> {
  const compile = async (name: string, ...sources: string[]) => {
    const paths = sources.map((source) => new URL(source, import.meta.url).pathname);
    const command = ["gcc", "-O3", "-march=native", "-Wall", "-o", `${folder}/${name}`, ...paths];
    await mustRun(command, { signal, limitMs: 60_000 });
    return `${folder}/${name}`;
  };
  const [load, reference] = await Promise.all([
    compile("load", "load.c"),
    compile("reference", "reference.c", "reference_gso.c"),
  ]);
  return { folder, load, reference };
}

/** Whether the program is there: in the PATH that the daemons get, or where a path says. */
export function isThere(program: string): boolean {
  if (program.includes("/")) return isFile(program);
  return labEnvironment().PATH.split(":").some((folder) => isFile(`${folder}/${program}`));
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** What is missing, in words that say how to get it; undefined when all is there. */
export function describeMissing(needs: readonly Need[], exists = isThere): string | undefined {
  const missing = needs.filter(({ program }) => !exists(program));
  if (missing.length === 0) return undefined;
  const packages = [...new Set(missing.map((need) => need.package))].join(" ");
  const programs = missing.map(({ program }) => program).join(", ");
  return `${programs} ${missing.length === 1 ? "is" : "are"} missing: apt-get install ${packages}`;
}
