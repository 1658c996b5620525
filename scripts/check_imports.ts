/**
 * Checks who imports whom, and that core is pure, as ARCHITECTURE.md draws it. Prints one line per fault and ends with
 * status 1 when there is one.
 */
import { lineOf, splitSource } from "./source_text.ts";

interface Rule {
  /** Folders that its files may import from, beside their own. */
  readonly folders: readonly string[];
  /** What else: nothing, what the runtime brings ("node:os"), or packages, too. */
  readonly packages: "none" | "node" | "all";
}

/** One rule for each folder of TypeScript. */
const MAY_IMPORT: Readonly<Record<string, Rule>> = {
  core: { folders: [], packages: "none" },
  wasm: { folders: ["core"], packages: "none" },
  ffi: { folders: ["core"], packages: "node" },
  cli: { folders: ["core", "wasm", "ffi"], packages: "all" },
  bench: { folders: ["core", "wasm", "ffi", "cli"], packages: "all" },
  scripts: { folders: ["core", "cli"], packages: "all" },
  test: { folders: ["core", "wasm", "ffi", "cli", "bench", "scripts"], packages: "all" },
};

/** Files at the top that anybody outside core may read. */
const SHARED_FILES: readonly string[] = ["deno.json"];

/** Clocks, randomness, I/O and waiting: core is given all of them as values. */
const IMPURE =
  /(?<![.\w$])(Date|Deno|performance|setTimeout|setInterval|queueMicrotask|console|crypto|fetch|globalThis|Temporal|await|async)(?![\w$]|\s*:)|(?<![.\w$])(Math\s*\.\s*random)\b/g;

/** The faults of one file, each "path:line: what, and what would be right". `path` is relative to the root. */
export function checkFile(path: string, source: string): string[] {
  const folder = path.split("/")[0];
  const { code, strings } = splitSource(source);
  const faults: string[] = [];
  for (const [offset, specifier] of strings) {
    if (!isImport(code.slice(Math.max(0, offset - 200), offset))) continue;
    const fault = checkImport(folder, path, specifier);
    if (fault !== undefined) faults.push(`${path}:${lineOf(source, offset)}: ${fault}`);
  }
  if (folder === "core") {
    for (const match of code.matchAll(IMPURE)) {
      const name = match[1] ?? match[2];
      faults.push(`${path}:${lineOf(source, match.index)}: ${name}: core is pure; take it as an argument`);
    }
  }
  return faults;
}

/** Whether a string that follows this code names a module. */
function isImport(before: string): boolean {
  return /(?:\bfrom|\bimport|\bimport\s*\(|\bimport\.meta\.resolve\s*\()\s*$/.test(before);
}

function checkImport(folder: string, path: string, specifier: string): string | undefined {
  const rule = MAY_IMPORT[folder];
  if (rule === undefined) {
    return `${folder}/ has no rule in scripts/check_imports.ts`;
  }
  if (!specifier.startsWith(".")) {
    const fine = rule.packages === "all" || (rule.packages === "node" && specifier.startsWith("node:"));
    return fine ? undefined : `"${specifier}": ${folder} imports no packages`;
  }
  const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
  const from = target.split("/")[0];
  if (from === folder || rule.folders.includes(from)) return undefined;
  if (folder !== "core" && SHARED_FILES.includes(target)) return undefined;
  const allowed = [folder, ...rule.folders].join(", ");
  return `"${specifier}": ${folder} may import from ${allowed} only`;
}

/** All TypeScript of the checked folders, below `root`, which ends in a slash. */
function* sourceFiles(root: URL, folder: string): Generator<string> {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(new URL(folder, root))];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  for (const { name, isDirectory, isFile } of entries) {
    const path = `${folder}/${name}`;
    // AssemblyScript is not TypeScript.
    if (isDirectory && path !== "wasm/assembly") yield* sourceFiles(root, path);
    else if (isFile && name.endsWith(".ts")) yield path;
  }
}

function main(): void {
  const root = new URL("../", import.meta.url);
  const faults = Object.keys(MAY_IMPORT).flatMap((folder) =>
    [...sourceFiles(root, folder)].sort().flatMap((path) =>
      checkFile(path, Deno.readTextFileSync(new URL(path, root)))
    )
  );
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) Deno.exit(1);
}

if (import.meta.main) main();
