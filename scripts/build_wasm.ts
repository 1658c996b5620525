/**
 * Compiles wasm/assembly to wasm/forwarder.wasm: `deno task wasm`. The result is committed and the same on
 * every machine; a test compiles again and compares.
 */
import asc from "assemblyscript/asc";

const ROOT = new URL("../", import.meta.url);
const OUTPUT = new URL("wasm/forwarder.wasm", ROOT);

/** Any memory fits these limits: its real size depends on the binding table (wasm/forwarder_memory.ts). */
const MINIMUM_PAGES = 1;
const MAXIMUM_PAGES = 65536;

const OPTIONS = [
  "wasm/assembly/index.ts",
  "--outFile",
  "forwarder.wasm",
  "-O3",
  "--noAssert",
  "--runtime",
  "stub",
  "--importMemory",
  "--noExportMemory",
  "--sharedMemory",
  "--initialMemory",
  String(MINIMUM_PAGES),
  "--maximumMemory",
  String(MAXIMUM_PAGES),
  "--enable",
  "threads",
  "--enable",
  "simd",
];

/**
 * The compiled module.
 * @throws Error with the compiler's messages
 */
export async function compileForwarder(): Promise<Uint8Array<ArrayBuffer>> {
  let wasm: Uint8Array<ArrayBuffer> | undefined;
  const messages: string[] = [];
  const { error } = await asc.main(OPTIONS, {
    readFile: (name) => readTextOrNull(name),
    writeFile: (name, contents) => {
      if (name === "forwarder.wasm") wasm = new Uint8Array(contents as Uint8Array);
    },
    listFiles: () => [],
    stderr: { write: (text) => messages.push(String(text)) },
  });
  if (error !== null || wasm === undefined) {
    throw new Error(`Cannot compile wasm/assembly:\n${messages.join("")}`, { cause: error });
  }
  return wasm;
}

function readTextOrNull(name: string): string | null {
  try {
    return Deno.readTextFileSync(new URL(name, ROOT));
  } catch {
    return null;
  }
}

if (import.meta.main) {
  const wasm = await compileForwarder();
  await Deno.writeFile(OUTPUT, wasm);
  console.log(`wasm/forwarder.wasm: ${wasm.length} octets`);
}
