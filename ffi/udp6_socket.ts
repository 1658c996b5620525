import { type Ipv6Address, parseIpv6 } from "../core/wire/address.ts";
import { check } from "./errno.ts";
import { closingOnError } from "./file_descriptor.ts";
import { libc } from "./libc.ts";
import { setReceiveBuffer } from "./socket.ts";

// <sys/socket.h>
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_UDP = 17;

const SOCKADDR_IN6_OCTETS = 28;

/** struct sockaddr_in6: family in host order, port in network order, flow information, address, scope. */
export function encodeSocketAddress6(address: Ipv6Address, port: number): Uint8Array<ArrayBuffer> {
  const octets = parseIpv6(address);
  if (octets === undefined) throw new RangeError(`Not an IPv6 address: "${address}"`);
  const bytes = new Uint8Array(SOCKADDR_IN6_OCTETS);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET6, true);
  view.setUint16(2, port);
  bytes.set(octets, 8);
  return bytes;
}

/**
 * A non-blocking UDP socket over IPv6, bound to all addresses and a port (0: any).
 * @returns its descriptor, which the caller closes
 * @throws SystemError: port taken
 */
export function openUdp6Socket(port: number, receiveBufferOctets: number): number {
  const flags = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const fileDescriptor = check(libc.socket(AF_INET6, flags, IPPROTO_UDP), "socket", "open a UDP socket");
  return closingOnError(fileDescriptor, () => {
    setReceiveBuffer(fileDescriptor, receiveBufferOctets);
    const address = encodeSocketAddress6("::", port);
    check(libc.bind(fileDescriptor, address, address.length), "bind", `bind a socket to port ${port}/udp`);
    return fileDescriptor;
  });
}

/** Sends one datagram to an address of encodeSocketAddress6. @throws SystemError, also when the queue is full */
export function sendTo6(
  fileDescriptor: number,
  bytes: Uint8Array<ArrayBuffer>,
  to: Uint8Array<ArrayBuffer>,
): void {
  const sent = libc.sendto(fileDescriptor, bytes, BigInt(bytes.length), 0, to, to.length);
  check(sent, "sendto", `send ${bytes.length} octets`);
}
