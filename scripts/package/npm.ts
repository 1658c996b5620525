import { gzipSync } from "node:zlib";
import project from "../../deno.json" with { type: "json" };
import { licences } from "../build/licences.ts";
import type { Program } from "../build/program_files.ts";
import { runFlags } from "../build/runtime.ts";
import { type ArchivedFile, tar } from "../build/tar.ts";
import { DESCRIPTION } from "./description.ts";

const ROOT = new URL("../../", import.meta.url);
/** npm gives every file in every package this time: 1985-10-26T08:15:00Z. */
const NPM_TIME = 499162500;

/** A package for npm: the program, and a command that runs it with npm's package of the Deno that built it. */
export function npmPackage(program: Program): Uint8Array {
  const bin = Deno.readTextFileSync(new URL("npm_bin.cjs", import.meta.url));
  const flags = runFlags().map((flag) => `${JSON.stringify(flag)},`).join(" ");
  const description = {
    name: "dsmip",
    version: project.version,
    description: DESCRIPTION,
    license: project.license,
    keywords: ["dsmip", "mobile-ip", "mip6", "rfc5555", "rfc6275", "nemo", "pcap"],
    bin: { dsmip: "dsmip.cjs" },
    engines: { node: ">=18" },
    dependencies: { deno: Deno.version.deno },
  };
  const texts: Readonly<Record<string, string>> = {
    "package.json": JSON.stringify(description, undefined, 2) + "\n",
    "dsmip.cjs": bin.replace("/* RUN_FLAGS */", flags),
    "README.md": Deno.readTextFileSync(new URL("README.md", ROOT)),
    "LICENSE": Deno.readTextFileSync(new URL("LICENSE", ROOT)),
    "LICENCES": licences(program, { withRuntime: false }),
  };
  const files: ArchivedFile[] = [
    ...Object.entries(texts).map(([path, text]) => ({
      path: `package/${path}`,
      content: new TextEncoder().encode(text),
      isExecutable: path === "dsmip.cjs",
    })),
    ...[...program.modules].map(([name, content]) => ({ path: `package/program/${name}`, content })),
  ];
  return gzipSync(tar(files, NPM_TIME), { level: 9 });
}
