import type { Ipv6Address } from "../core/wire/address.ts";
import { check } from "./errno.ts";
import { closingOnError } from "./file_descriptor.ts";
import { libc } from "./libc.ts";
import { openRaw6Socket } from "./raw6_socket.ts";
import { receive } from "./socket.ts";

// <linux/in6.h>, <linux/icmpv6.h>
const IPPROTO_ICMPV6 = 58;
const ICMPV6_FILTER = 1;
const FILTER_OCTETS = 32;
/** Destination Unreachable, Packet Too Big, Time Exceeded. */
const TYPES = [1, 2, 3];

const MAXIMUM_MESSAGE_OCTETS = 64 * 1024;

/** Receives the ICMPv6 errors to one address of this host, their checksums verified by the kernel (RFC 3542 section 3). */
export class Icmpv6ErrorSocket {
  readonly fileDescriptor: number;
  readonly #buffer = new Uint8Array(MAXIMUM_MESSAGE_OCTETS);

  /** @throws SystemError with what to do */
  constructor(address: Ipv6Address, bufferOctets: number) {
    this.fileDescriptor = openRaw6Socket({ protocol: IPPROTO_ICMPV6, address, bufferOctets });
    // struct icmp6_filter: a bit for each type, set where it does not pass.
    const filter = new Uint8Array(FILTER_OCTETS).fill(0xff);
    for (const type of TYPES) filter[type >> 3] &= ~(1 << (type & 7));
    closingOnError(this.fileDescriptor, () =>
      check(
        libc.setsockopt(this.fileDescriptor, IPPROTO_ICMPV6, ICMPV6_FILTER, filter, filter.length),
        "setsockopt ICMPV6_FILTER",
        "filter ICMPv6 messages",
      ));
  }

  /** A message from its type on; undefined when none is there. */
  receive(): Uint8Array | undefined {
    const octets = receive(this.fileDescriptor, this.#buffer);
    return octets === undefined ? undefined : this.#buffer.slice(0, octets);
  }
}
