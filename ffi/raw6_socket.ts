import type { Ipv6Address } from "../core/wire/address.ts";
import { adviseCapability, check, EADDRNOTAVAIL, EINTR, lastErrno, SystemError } from "./errno.ts";
import { closingOnError } from "./file_descriptor.ts";
import { libc } from "./libc.ts";
import { bindToDevice, setOption, setReceiveBuffer, setSendBuffer } from "./socket.ts";
import { attachSource6Share } from "./socket_filter.ts";
import { encodeSocketAddress6 } from "./udp6_socket.ts";

// <sys/socket.h>, <linux/in.h>
const AF_INET6 = 10;
const IPPROTO_IPV6 = 41;
const IPV6_MTU_DISCOVER = 23;
const IPV6_PMTUDISC_OMIT = 5;
const IPV6_RECVTCLASS = 66;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;

/** The protocol of a raw socket that only sends, whole packets with the IPv6 header that the sender wrote. */
export const IPPROTO_RAW = 255;

export interface Raw6SocketOptions {
  /**
   * 41 (IPv6 in IPv6), 4 (IPv4 in IPv6) or 58 (ICMPv6): receives what follows the IPv6 header and its extension headers.
   * IPPROTO_RAW: sends whole packets, unchanged and never fragmented (EMSGSIZE above the MTU), and receives nothing.
   */
  readonly protocol: number;
  /** Routing rules look at this address, not at the source in a header. Of this host, and no longer tentative. */
  readonly address: Ipv6Address;
  readonly device?: string;
  readonly bufferOctets: number;
  /** Of so many sockets like this one, it takes the packets whose source falls to number `index`. */
  readonly share?: { readonly index: number; readonly of: number };
}

/**
 * A non-blocking raw IPv6 socket (raw(7), ipv6(7)) bound to an address. What it receives comes with its source address
 * and its traffic class (IPV6_RECVTCLASS).
 * @returns its descriptor, which the caller closes
 * @throws SystemError with what to do
 */
export function openRaw6Socket(
  { protocol, address, device, bufferOctets, share }: Raw6SocketOptions,
): number {
  const fileDescriptor = check(
    libc.socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol),
    "socket",
    `open a raw IPv6 socket for protocol ${protocol}`,
    adviseCapability("CAP_NET_RAW"),
  );
  return closingOnError(fileDescriptor, () => {
    if (device !== undefined) bindToDevice(fileDescriptor, device);
    setReceiveBuffer(fileDescriptor, bufferOctets);
    setSendBuffer(fileDescriptor, bufferOctets);
    // ICMP errors, which anybody can make up, shall not make the outer path MTU smaller.
    setOption(fileDescriptor, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT, "IPV6_MTU_DISCOVER");
    if (protocol !== IPPROTO_RAW) {
      setOption(fileDescriptor, IPPROTO_IPV6, IPV6_RECVTCLASS, 1, "IPV6_RECVTCLASS");
    }
    if (share !== undefined && share.of > 1) attachSource6Share(fileDescriptor, share.index, share.of);
    const name = encodeSocketAddress6(address, 0);
    check(
      libc.bind(fileDescriptor, name, name.length),
      "bind",
      `bind a raw socket to ${address}`,
      (errno) =>
        errno === EADDRNOTAVAIL
          ? "No interface of this host has the address, or it is still tentative: see `ip address`"
          : undefined,
    );
    return fileDescriptor;
  });
}

/**
 * Sends a whole IPv6 packet by a socket of IPPROTO_RAW, to the destination in its header. A failure is a value, because it
 * is ordinary while a node moves.
 * @returns undefined when the kernel took the packet
 */
export function sendRaw6(
  fileDescriptor: number,
  packet: Uint8Array,
  destination: Ipv6Address,
): SystemError | undefined {
  const to = encodeSocketAddress6(destination, 0);
  const bytes = packet as Uint8Array<ArrayBuffer>;
  for (;;) {
    if (libc.sendto(fileDescriptor, bytes, BigInt(bytes.length), 0, to, to.length) >= 0) return undefined;
    const errno = lastErrno();
    if (errno !== EINTR) {
      return new SystemError("sendto", errno, `send ${bytes.length} octets to ${destination}`);
    }
  }
}
