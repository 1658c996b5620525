/**
 * Inputs of one target in a file: one a line, in hexadecimal digits; lines with # are comments. A file that is not there has
 * none.
 */
export function readInputs(file: URL): Uint8Array[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => Uint8Array.fromHex(line));
}

export function writeInputs(file: URL, inputs: readonly Uint8Array[]): void {
  Deno.mkdirSync(new URL(".", file), { recursive: true });
  Deno.writeTextFileSync(file, inputs.map((input) => `${input.toHex()}\n`).join(""));
}

/** Adds an input with what is known of it. */
export function appendInput(file: URL, input: Uint8Array, comment: string): void {
  const line = comment.replaceAll(/\s+/g, " ").slice(0, 200);
  Deno.mkdirSync(new URL(".", file), { recursive: true });
  Deno.writeTextFileSync(file, `# ${line}\n${input.toHex()}\n`, { append: true });
}
