import { createHash } from "node:crypto";
import { clockMs } from "../clock.ts";

/** A server gives what is due this often. */
const PART_MS = 50;

/**
 * An HTTP server: GET /?octets=N&rate=R answers with N octets that nobody can guess, R of them a second, and with
 * their SHA-256 in Repr-Digest (RFC 9530). What an outage has held up comes at once afterwards.
 */
export function serveDownloads(port: number): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "::", port, onListen: () => {} }, (request) => {
    const { searchParams } = new URL(request.url);
    const [octets, rate] = ["octets", "rate"].map((name) => Number(searchParams.get(name)));
    if (!(octets > 0 && rate > 0)) return new Response("octets and rate are needed\n", { status: 400 });
    const body = randomOctets(octets);
    const headers = { "content-length": String(octets), "repr-digest": `sha-256=:${digest(body)}:` };
    return new Response(paced(body, rate), { headers });
  });
}

function randomOctets(count: number): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(count);
  for (let at = 0; at < count; at += 65536) crypto.getRandomValues(octets.subarray(at, at + 65536));
  return octets;
}

/** SHA-256 in base64. */
function digest(octets: Uint8Array): string {
  return createHash("sha256").update(octets).digest("base64");
}

function paced(body: Uint8Array<ArrayBuffer>, rate: number): ReadableStream<Uint8Array> {
  const startMs = performance.now();
  let given = 0;
  return new ReadableStream({
    async pull(controller) {
      while (true) {
        const due = Math.min(body.length, Math.ceil((performance.now() - startMs) / 1000 * rate));
        if (due > given) {
          controller.enqueue(body.subarray(given, due));
          given = due;
          break;
        }
        await new Promise((resolve) => setTimeout(resolve, PART_MS));
      }
      if (given === body.length) controller.close();
    },
  });
}

/** The lines that a download writes about itself. */
export const DownloadLine = {
  part: (octets: number, arrivedMs: number) => `${octets} ${arrivedMs.toFixed(3)}\n`,
  done: (octets: number, isSame: boolean) => `done ${octets} ${isSame ? "same" : "different"}\n`,
  lost: (why: string) => `lost ${why}\n`,
} as const;

/** Downloads once, and compares the SHA-256 of what has come with the one that the server has told. */
export async function runDownload(url: string, write: (line: string) => void): Promise<void> {
  try {
    const response = await fetch(url);
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw new Error(`HTTP status ${response.status}`);
    }
    const hash = createHash("sha256");
    let octets = 0;
    for await (const part of response.body) {
      hash.update(part);
      octets += part.length;
      write(DownloadLine.part(octets, clockMs()));
    }
    const told = /sha-256=:([^:]+):/.exec(response.headers.get("repr-digest") ?? "")?.[1];
    write(DownloadLine.done(octets, hash.digest("base64") === told));
  } catch (error) {
    write(DownloadLine.lost(error instanceof Error ? error.message : String(error)));
  }
}
