import { decode } from "../../cli/commands/decode_packets.ts";

/** What `dsmip decode` prints of a file, without colour. */
export function decodeFile(file: string | URL, options: { verbose?: boolean; count?: number } = {}): string {
  using source = Deno.openSync(file);
  const pieces: Uint8Array[] = [];
  const output = { writeSync: (bytes: Uint8Array) => (pieces.push(bytes.slice()), bytes.length) };
  decode(source, output, { name: String(file), ...options });
  return pieces.map((piece) => new TextDecoder().decode(piece)).join("");
}
