import type { Ipv6Address } from "../core/wire/address.ts";
import { adviseCapability, check } from "./errno.ts";
import { closingOnError } from "./file_descriptor.ts";
import { libc } from "./libc.ts";
import { receive } from "./socket.ts";
import { encodeSocketAddress6 } from "./udp6_socket.ts";

// <sys/socket.h>, <linux/in6.h>, <linux/icmpv6.h>
const AF_INET6 = 10;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_ICMPV6 = 58;
const ICMPV6_FILTER = 1;
/** struct icmp6_filter: a bit for each type that is kept away. */
const FILTER_WORDS = 8;

const ICMPV6_PACKET_TOO_BIG = 2;
const ICMPV6_HEAD_OCTETS = 8;
/** An ICMPv6 error has at most 1280 octets with its IPv6 header (RFC 4443 section 2.4). */
const BUFFER_OCTETS = 2048;

/** A Packet Too Big that came to this host. */
export interface ReceivedTooBig {
  /** Of the next link, octets. */
  readonly mtu: number;
  /** The start of the packet that was too big. */
  readonly invokingPacket: Uint8Array;
}

/** Receives ICMPv6 Packet Too Big (RFC 4443 section 3.2) to one address of this host; the kernel has seen to the checksum. */
export class PacketTooBigSocket {
  readonly fileDescriptor: number;
  readonly #buffer = new Uint8Array(BUFFER_OCTETS);

  /** @throws SystemError: no such address, no permission */
  constructor(address: Ipv6Address) {
    const fileDescriptor = check(
      libc.socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMPV6),
      "socket",
      "open a raw socket for ICMPv6",
      adviseCapability("CAP_NET_RAW"),
    );
    this.fileDescriptor = closingOnError(fileDescriptor, () => {
      const filter = new Uint32Array(FILTER_WORDS).fill(0xffffffff);
      filter[0] &= ~(1 << ICMPV6_PACKET_TOO_BIG);
      check(
        libc.setsockopt(fileDescriptor, IPPROTO_ICMPV6, ICMPV6_FILTER, filter, filter.byteLength),
        "setsockopt ICMPV6_FILTER",
        "receive Packet Too Big",
      );
      const name = encodeSocketAddress6(address, 0);
      check(libc.bind(fileDescriptor, name, name.length), "bind", `bind a raw socket to ${address}`);
      return fileDescriptor;
    });
  }

  /** The next message; undefined when none is there. What is cut off is passed over. */
  receive(): ReceivedTooBig | undefined {
    for (;;) {
      const octets = receive(this.fileDescriptor, this.#buffer);
      if (octets === undefined) return undefined;
      if (octets <= ICMPV6_HEAD_OCTETS || this.#buffer[0] !== ICMPV6_PACKET_TOO_BIG) continue;
      const mtu = new DataView(this.#buffer.buffer).getUint32(4);
      return { mtu, invokingPacket: this.#buffer.slice(ICMPV6_HEAD_OCTETS, octets) };
    }
  }
}
