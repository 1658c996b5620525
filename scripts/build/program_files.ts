import { run } from "./run.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** What the program is bundled from. */
const SOURCES = ["cli", "core", "wasm", "ffi", "deno.json", "deno.lock"];

/** The program without its runtime. */
export interface Program {
  /** JavaScript by its name, in the order of names; "main.js" is the entry. */
  readonly modules: ReadonlyMap<string, Uint8Array>;
  /** The folders of the packages in them by "name@version", in that order. */
  readonly packages: ReadonlyMap<string, PackageFiles>;
}

/** Files of a package that say how it may be used, by name; and what its package.json says. */
export interface PackageFiles {
  readonly license: string;
  readonly texts: readonly string[];
}

/**
 * Bundles the program into one module for each part that is loaded when it is needed. The same sources give the same
 * octets wherever they are: they are copied first, and packages are put beside them, because the bundler writes paths
 * into what it makes.
 */
export async function bundleProgram(): Promise<Program> {
  const folder = await Deno.makeTempDir({ prefix: "dsmip-build-" });
  try {
    await run("cp", ["-r", ...SOURCES.map((name) => ROOT + name), folder]);
    const common = ["--quiet", "--frozen", "--node-modules-dir=auto"];
    await run(Deno.execPath(), ["install", ...common, "--entrypoint", "cli/main.ts"], { cwd: folder });
    await run(
      Deno.execPath(),
      ["bundle", ...common, "--code-splitting", "--outdir", "bundle", "cli/main.ts"],
      {
        cwd: folder,
      },
    );
    const modules = new Map<string, Uint8Array>();
    for (const name of namesIn(`${folder}/bundle`)) {
      modules.set(name, await Deno.readFile(`${folder}/bundle/${name}`));
    }
    return { modules, packages: await packagesOf(folder, modules) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

/** The packages that the bundler has put into the modules: it writes the path of each file above its code. */
async function packagesOf(
  folder: string,
  modules: ReadonlyMap<string, Uint8Array>,
): Promise<Map<string, PackageFiles>> {
  const paths = new Set<string>();
  for (const module of modules.values()) {
    const text = new TextDecoder().decode(module);
    const files = text.matchAll(
      /^\s*\/\/ (node_modules\/\.deno\/[^/]+\/node_modules\/(?:@[^/]+\/)?[^/]+)\//gm,
    );
    for (const [, path] of files) paths.add(`${folder}/${path}`);
  }
  const packages = new Map<string, PackageFiles>();
  for (const path of paths) {
    const { name, version, license } = JSON.parse(await Deno.readTextFile(`${path}/package.json`));
    const files = namesIn(path).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
    const texts = await Promise.all(files.map((file) => Deno.readTextFile(`${path}/${file}`)));
    packages.set(`${name}@${version}`, { license, texts });
  }
  return new Map([...packages].sort(([a], [b]) => a < b ? -1 : 1));
}
