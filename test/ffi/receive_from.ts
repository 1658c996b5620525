import type { Ipv4Address } from "../../core/wire/address.ts";
import { EAGAIN, lastErrno, SystemError } from "../../ffi/errno.ts";
import { libc } from "../../ffi/libc.ts";
import { decodeSocketAddress } from "../../ffi/socket.ts";

/** The next waiting datagram (of a raw socket: packet); undefined when nothing waits. */
export function receiveFrom(
  fileDescriptor: number,
  buffer: Uint8Array<ArrayBuffer>,
): { bytes: Uint8Array<ArrayBuffer>; address: Ipv4Address; port: number } | undefined {
  const from = new Uint8Array(16);
  const fromLength = new Uint32Array([from.length]);
  const length = libc.recvfrom(fileDescriptor, buffer, BigInt(buffer.length), 0, from, fromLength);
  if (length >= 0) return { bytes: buffer.subarray(0, length), ...decodeSocketAddress(from) };
  const errno = lastErrno();
  if (errno === EAGAIN) return undefined;
  throw new SystemError("recvfrom", errno, "receive a datagram");
}
