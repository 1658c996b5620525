import { documentationFiles } from "../docs.ts";

const ROOT = new URL("../../", import.meta.url);

/** A file that a package installs. */
export interface InstalledFile {
  /** Where, without the slash in front: "usr/bin/dsmip". */
  readonly path: string;
  readonly content: Uint8Array;
  readonly isExecutable?: boolean;
}

/** Where what is made from the definitions of the command line and the configuration goes, by its name. */
const GENERATED: Readonly<Record<string, string>> = {
  "dsmip.1": "usr/share/man/man1/",
  "dsmip.toml.5": "usr/share/man/man5/",
  "dsmip.bash": "usr/share/bash-completion/completions/",
  "_dsmip": "usr/share/zsh/vendor-completions/",
  "dsmip.fish": "usr/share/fish/vendor_completions.d/",
  "dsmip.schema.json": "usr/share/dsmip/",
};

/** Where what lies in a folder of the project goes, by the end of its name. */
const FOLDERS: readonly (readonly [folder: string, end: string, target: string])[] = [
  ["packaging/", ".service", "usr/lib/systemd/system/"],
  ["packaging/", ".conf", "usr/share/doc/dsmip/examples/"],
  ["examples/", ".toml", "usr/share/doc/dsmip/examples/"],
  ["docs/", ".md", "usr/share/doc/dsmip/"],
  ["docs/", ".svg", "usr/share/doc/dsmip/"],
];

/** What goes with the program: units, man pages, completions, examples, documentation. */
export function accompanyingFiles(): InstalledFile[] {
  const files: InstalledFile[] = [];
  for (const [path, text] of documentationFiles()) {
    const name = path.split("/").at(-1)!;
    if (path.startsWith("docs/")) continue;
    const target = GENERATED[name];
    if (target === undefined) {
      throw new Error(`${path}: scripts/package/installed_files.ts does not say where it goes`);
    }
    // bash looks for a command's completion under its name.
    files.push({ path: target + name.replace(/\.bash$/, ""), content: new TextEncoder().encode(text) });
  }
  for (const folder of new Set(FOLDERS.map(([folder]) => folder))) {
    const names = [...Deno.readDirSync(new URL(folder, ROOT))].map(({ name }) => name).sort();
    for (const name of names) {
      const rule = FOLDERS.find(([from, end]) => from === folder && name.endsWith(end));
      if (rule === undefined) continue;
      files.push({ path: rule[2] + name, content: Deno.readFileSync(new URL(folder + name, ROOT)) });
    }
  }
  return files;
}
