/**
 * What goes over the control socket: one line of JSON with the request, `{"command":"status"}` or
 * `{"command":"switch","argument":"eth1"}`, then one line of JSON with the answer, then the server closes.
 */
export type ControlAnswer =
  | { readonly ok: true; readonly pid: number; readonly answer: unknown }
  | { readonly ok: false; readonly pid: number; readonly error: string };

/** Octets of a request, the line's end included. */
export const MAXIMUM_REQUEST_OCTETS = 4096;
/** Octets of an answer that the client takes. */
export const MAXIMUM_ANSWER_OCTETS = 64 * 1024 * 1024;
/** Clients served at one time; one more is turned away. */
export const MAXIMUM_CLIENTS = 16;
/** For a request, for a client to take the answer, and for the answer to a usual question. */
export const TIME_LIMIT_MS = 5000;
/** For the answer to a reload: 10,000 key files are read, perhaps from a slow disk. */
export const RELOAD_LIMIT_MS = 60_000;
/** sun_path of sockaddr_un holds 108 octets with its final zero. */
export const MAXIMUM_PATH_OCTETS = 107;

const NEWLINE = 0x0a;

/**
 * Reads up to and with the first newline (or the end of the stream) and returns what stands before it as text;
 * undefined when `limitOctets` came without one. What follows the line is ignored.
 */
export async function readLine(
  connection: { read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> },
  limitOctets: number,
): Promise<string | undefined> {
  const chunk = new Uint8Array(Math.min(limitOctets, 65536));
  const parts: Uint8Array[] = [];
  let octets = 0;
  while (true) {
    const count = await connection.read(chunk);
    const read = chunk.subarray(0, count ?? 0);
    const end = read.indexOf(NEWLINE);
    parts.push(read.slice(0, end < 0 ? read.length : end));
    octets += read.length;
    if (end >= 0 || count === null) break;
    if (octets >= limitOctets) return undefined;
  }
  return new TextDecoder().decode(await new Blob(parts as BlobPart[]).arrayBuffer());
}

/** Writes all octets; throws what the connection throws. */
export async function writeLine(
  connection: { write(bytes: Uint8Array<ArrayBuffer>): Promise<number> },
  value: unknown,
): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify(value) + "\n");
  for (let offset = 0; offset < bytes.length;) offset += await connection.write(bytes.subarray(offset));
}
