import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { readCapture } from "../../cli/decode_input/capture_source.ts";
import { Failure } from "../../cli/output/fault.ts";
import { random } from "../inspect/random.ts";

const COMPRESSIONS = [["gzip", gzipSync], ["zstd", zstdCompressSync]] as const;

/** A file in memory that gives at most `pieceOctets` at once. */
function reader(file: Uint8Array, pieceOctets = file.length) {
  let at = 0;
  return {
    read(buffer: Uint8Array): Promise<number | null> {
      if (at === file.length) return Promise.resolve(null);
      const piece = file.subarray(at, at + Math.min(pieceOctets, buffer.length));
      buffer.set(piece);
      at += piece.length;
      return Promise.resolve(piece.length);
    },
  };
}

async function readAll(
  file: Uint8Array,
  pieceOctets?: number,
): Promise<{ bytes: Uint8Array; fault: unknown }> {
  const pieces: Uint8Array[] = [];
  let fault: unknown;
  try {
    for await (const chunk of readCapture(reader(file, pieceOctets), "x.pcap")) pieces.push(chunk.slice());
  } catch (error) {
    fault = error;
  }
  return { bytes: new Uint8Array(Buffer.concat(pieces)), fault };
}

function content(octets: number): Uint8Array {
  const next = random(5);
  return Uint8Array.from({ length: octets }, (_, at) => at % 3 === 0 ? next(256) : at >> 8 & 0xff);
}

Deno.test("a capture file is read as it is, in pieces of any size, the empty one too", async () => {
  for (const octets of [0, 1, 3, 4, 5, 100_000]) {
    const file = content(octets);
    for (const piece of [1, 7, 65_536]) {
      if (octets / piece > 20_000) continue;
      assertEquals(await readAll(file, piece), { bytes: file, fault: undefined });
    }
  }
});

for (const [name, compress] of COMPRESSIONS) {
  Deno.test(`a capture file compressed with ${name} is expanded`, async () => {
    const plain = content(1_500_000);
    const { bytes, fault } = await readAll(compress(plain), 10_007);
    assertEquals(fault, undefined);
    assert(Buffer.from(bytes).equals(Buffer.from(plain)));
    assertEquals((await readAll(compress(content(500)), 1)).bytes, content(500));
  });

  Deno.test(`${name}: damage is told, after all that comes before it`, async () => {
    const plain = content(1_500_000);
    const damaged = compress(plain).slice();
    // Far enough for a header that tells: what one block holds may be anything.
    damaged.fill(0xff, damaged.length >> 1);
    const { bytes, fault } = await readAll(damaged);
    assert(fault instanceof Failure, String(fault));
    assertStringIncludes(
      fault.message,
      `Cannot decode x.pcap from byte ${bytes.length} of its content on: the ${name}`,
    );
    assert(bytes.length > 400_000, `${bytes.length}`);
    assert(Buffer.from(bytes.subarray(0, 400_000)).equals(Buffer.from(plain.subarray(0, 400_000))));
  });

  Deno.test(`${name}: 400 MB of zeros are expanded in little memory, and only as far as somebody asks`, async () => {
    const file = compress(new Uint8Array(400_000_000));
    const before = Deno.memoryUsage().rss;
    let octets = 0;
    let highest = 0;
    for await (const chunk of readCapture(reader(file), "x.pcap")) {
      octets += chunk.length;
      highest = Math.max(highest, Deno.memoryUsage().rss);
      if (octets > 100_000_000) break;
    }
    assert(octets > 100_000_000 && octets < 110_000_000);
    assert(highest - before < 90e6, `${highest - before} octets more`);
  });
}

Deno.test("gzip: a file that ends early is told", async () => {
  const file = gzipSync(content(500_000));
  const { bytes, fault } = await readAll(file.subarray(0, file.length - 1000));
  assert(bytes.length > 100_000);
  assert(fault instanceof Failure);
  assertStringIncludes(fault.message, "damaged or ends early (unexpected end of file)");
});

Deno.test("a source that cannot be read is told", async () => {
  const source = { read: () => Promise.reject(new Deno.errors.PermissionDenied()) };
  await assertRejects(
    async () => await Array.fromAsync(readCapture(source, "x.pcap")),
    Failure,
    "Cannot read x.pcap: permission denied",
  );
});
