import type { Program } from "./program_files.ts";

const HERE = new URL("./licences/", import.meta.url);

/**
 * The terms of everything in the program and, where it comes with one, its runtime: one text.
 *
 * @param own the program's own terms in place of the file LICENSE
 */
export function licences(
  program: Program,
  { withRuntime, own = Deno.readTextFileSync(new URL("../../LICENSE", import.meta.url)) }: {
    readonly withRuntime: boolean;
    readonly own?: string;
  },
): string {
  const parts = [
    part("dsmip", "Apache-2.0", own),
    ...[...program.packages].map(([name, { license, texts }]) => part(name, license, texts.join("\n\n"))),
  ];
  if (withRuntime) {
    parts.push(
      part("Deno, the runtime", "MIT", Deno.readTextFileSync(new URL("deno.txt", HERE))),
      part("V8, in Deno", "BSD-3-Clause", Deno.readTextFileSync(new URL("v8.txt", HERE))),
    );
  }
  return parts.join("\n");
}

function part(name: string, license: string, text: string): string {
  if (text.trim() === "") throw new Error(`${name} (${license}) brings no text of its licence`);
  const title = `${name}: ${license}`;
  return `${title}\n${"=".repeat(title.length)}\n\n${text.trim()}\n`;
}
