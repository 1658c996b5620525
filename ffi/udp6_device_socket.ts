import { formatIpv6, type Ipv6Address, ipv6Octets } from "../core/wire/address.ts";
import { check, EAGAIN, EINTR, lastErrno, SystemError } from "./errno.ts";
import { closeFileDescriptor, closingOnError } from "./file_descriptor.ts";
import { interfaceIndexOf } from "./interface_index.ts";
import { libc } from "./libc.ts";
import { adviseBind, bindToDevice, setOption, setReceiveBuffer } from "./socket.ts";
import { encodeSocketAddress6 } from "./udp6_socket.ts";

// <sys/socket.h>, <linux/in6.h>, <asm-generic/socket.h>
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_UDP = 17;
const IPPROTO_IPV6 = 41;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPV6_JOIN_GROUP = 20;

const MAXIMUM_DATAGRAM_OCTETS = 64 * 1024;

export interface Udp6DeviceSocketOptions {
  /** An address of this host, on whatever interface, or a multicast group to listen to. */
  readonly address: Ipv6Address;
  readonly port: number;
  /** Receive and send by this interface only. */
  readonly device: string;
  readonly receiveBufferOctets: number;
}

export interface Udp6Datagram {
  readonly source: Ipv6Address;
  readonly sourcePort: number;
  /** A copy: it stays what it is. */
  readonly payload: Uint8Array;
}

/**
 * A non-blocking UDP socket over IPv6 of one address and one interface. Others may have the port on other addresses or
 * interfaces, also on all of them: what is for this socket comes to it.
 */
export class Udp6DeviceSocket implements Disposable {
  readonly fileDescriptor: number;
  readonly #buffer = new Uint8Array(MAXIMUM_DATAGRAM_OCTETS);

  /** @throws SystemError with what to do: port taken, address not of this host, no such device */
  constructor({ address, port, device, receiveBufferOctets }: Udp6DeviceSocketOptions) {
    const flags = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    this.fileDescriptor = check(libc.socket(AF_INET6, flags, IPPROTO_UDP), "socket", "open a UDP socket");
    closingOnError(this.fileDescriptor, () => {
      setReceiveBuffer(this.fileDescriptor, receiveBufferOctets);
      // A DHCPv6 server of this host has its port on all addresses.
      setOption(this.fileDescriptor, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
      const isGroup = address.startsWith("ff");
      if (isGroup) this.#join(address, device);
      // Before the device: the address may be on another interface.
      this.#bind(address, port, isGroup ? interfaceIndexOf(device) : 0);
      bindToDevice(this.fileDescriptor, device);
    });
  }

  /** The next datagram that waits; undefined when none does. @throws SystemError */
  receive(): Udp6Datagram | undefined {
    const from = encodeSocketAddress6("::", 0);
    const buffer = this.#buffer;
    for (;;) {
      const length = new Uint32Array([from.length]);
      const octets = libc.recvfrom(this.fileDescriptor, buffer, BigInt(buffer.length), 0, from, length);
      if (octets >= 0) {
        return {
          source: formatIpv6(from, 8),
          sourcePort: from[2] << 8 | from[3],
          payload: buffer.slice(0, octets),
        };
      }
      const errno = lastErrno();
      if (errno === EAGAIN) return undefined;
      if (errno !== EINTR) throw new SystemError("recvfrom", errno, "receive a datagram");
    }
  }

  /** A failure is a value, because it is ordinary while a node moves. Undefined when the kernel took the datagram. */
  send(payload: Uint8Array, address: Ipv6Address, port: number): SystemError | undefined {
    const to = encodeSocketAddress6(address, port);
    const bytes = payload as Uint8Array<ArrayBuffer>;
    for (;;) {
      if (libc.sendto(this.fileDescriptor, bytes, BigInt(bytes.length), 0, to, to.length) >= 0) {
        return undefined;
      }
      const errno = lastErrno();
      if (errno === EINTR) continue;
      return new SystemError("sendto", errno, `send ${bytes.length} octets to ${address} port ${port}`);
    }
  }

  [Symbol.dispose](): void {
    closeFileDescriptor(this.fileDescriptor);
  }

  /** struct ipv6_mreq: 16 octets of address, s32 interface index. */
  #join(group: Ipv6Address, device: string): void {
    const membership = new Uint8Array(20);
    membership.set(ipv6Octets(group));
    new DataView(membership.buffer).setInt32(16, interfaceIndexOf(device), true);
    check(
      libc.setsockopt(this.fileDescriptor, IPPROTO_IPV6, IPV6_JOIN_GROUP, membership, membership.length),
      "setsockopt IPV6_JOIN_GROUP",
      `listen to ${group} on interface ${device}`,
    );
  }

  #bind(address: Ipv6Address, port: number, scope: number): void {
    const to = encodeSocketAddress6(address, port);
    new DataView(to.buffer).setUint32(24, scope, true);
    check(
      libc.bind(this.fileDescriptor, to, to.length),
      "bind",
      `bind a socket to ${address} port ${port}/udp`,
      adviseBind,
    );
  }
}
