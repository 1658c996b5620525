// <sys/socket.h>, <sys/un.h>
export const AF_UNIX = 1;
/** What sun_path holds, the zero octet at its end included. */
const PATH_OCTETS = 108;

/**
 * struct sockaddr_un: the family in host order, then a path with a zero octet, or the name of an abstract socket, written
 * with "@" where the kernel has a zero octet.
 * @throws RangeError
 */
export function encodeUnixAddress(name: string): Uint8Array<ArrayBuffer> {
  const path = new TextEncoder().encode(name);
  const isAbstract = name.startsWith("@");
  if (!isAbstract && !name.startsWith("/")) throw new RangeError(`Not the name of a Unix socket: "${name}"`);
  if (path.length >= PATH_OCTETS) {
    throw new RangeError(`A Unix socket's name has at most ${PATH_OCTETS - 1} octets: "${name}"`);
  }
  const bytes = new Uint8Array(2 + path.length + (isAbstract ? 0 : 1));
  new DataView(bytes.buffer).setUint16(0, AF_UNIX, true);
  bytes.set(path, 2);
  if (isAbstract) bytes[2] = 0;
  return bytes;
}
