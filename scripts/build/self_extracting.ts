import { gzipSync } from "node:zlib";
import project from "../../deno.json" with { type: "json" };
import { licences } from "./licences.ts";
import type { Program } from "./program_files.ts";
import { type Machine, MACHINES, runFlags } from "./runtime.ts";
import { type ArchivedFile, tar } from "./tar.ts";

const LAUNCHER = new URL("launcher.sh", import.meta.url);

/**
 * One executable file: a shell script that unpacks what is behind it, a compressed archive of runtime and program.
 *
 * @param level of compression, 1 (fast) to 9 (small)
 */
export async function selfExtracting(
  { program, runtime, machine, level }: {
    readonly program: Program;
    readonly runtime: Uint8Array;
    readonly machine: Machine;
    readonly level: number;
  },
): Promise<Uint8Array> {
  const files: ArchivedFile[] = [
    { path: "dsmip", content: runtime, isExecutable: true },
    ...[...program.modules].map(([path, content]) => ({ path, content })),
    { path: "LICENCES", content: encode(licences(program, { withRuntime: true })) },
  ];
  const lines = await Promise.all(
    files.map(async ({ path, content }) => `${await sha256(content)}  ${path}\n`),
  );
  const sums = encode(lines.join(""));
  const unpacked = tar([...files, { path: "SHA256SUMS", content: sums }]);
  const packed = gzipSync(unpacked, { level });
  const sumsSha256 = await sha256(sums);
  const script = complete(await Deno.readTextFile(LAUNCHER), packed.length, {
    VERSION: project.version,
    MACHINE: machine,
    MACHINE_ALIAS: MACHINES[machine].alias,
    PACKED: String(packed.length),
    PACKED_SHA256: await sha256(packed),
    SUMS_SHA256: sumsSha256,
    NAME: `${project.version}-${sumsSha256.slice(0, 16)}`,
    RUN_FLAGS: runFlags().join(" "),
    UNPACKED_MB: String(Math.ceil(unpacked.length / 1e6)),
  });
  const file = new Uint8Array(script.length + packed.length);
  file.set(script);
  file.set(packed, script.length);
  return file;
}

/** The launcher with everything in its place, also its own length and that of what follows it. */
function complete(template: string, packed: number, values: Readonly<Record<string, string>>): Uint8Array {
  const script = template.replace(/@([A-Z0-9_]+)@/g, (mark, name) => values[name] ?? mark);
  const others = encode(script.replace("@SIZE@", "")).length + packed;
  // The digits of the size count, too; one more than the others have is enough.
  const size = [0, 1].map((more) => String(others).length + more).find((digits) =>
    String(others + digits).length === digits
  )!;
  return encode(script.replace("@SIZE@", String(others + size)));
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

async function sha256(octets: Uint8Array): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", octets as BufferSource)).toHex();
}
