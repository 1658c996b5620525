import { type Ipv6Address, ipv6Octets } from "../core/wire/address.ts";
import { adviseCapability, check } from "./errno.ts";
import { closeFileDescriptor, closingOnError } from "./file_descriptor.ts";
import { libc } from "./libc.ts";

// <sys/socket.h>, <linux/in6.h>
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_IPV6 = 41;
const IPV6_JOIN_ANYCAST = 27;
// struct ipv6_mreq: 16 octets of address, s32 interface index
const IPV6_MREQ_OCTETS = 20;

/** An anycast address that an interface of this host has for as long as the process (RFC 4291 section 2.6). */
export class AnycastAddress implements Disposable {
  readonly #fileDescriptor: number;

  /**
   * @param options `address`: in a prefix of the interface
   * @throws SystemError
   */
  constructor({ address, interfaceIndex }: {
    readonly address: Ipv6Address;
    readonly interfaceIndex: number;
  }) {
    this.#fileDescriptor = check(
      libc.socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0),
      "socket",
      "open a socket for an anycast address",
    );
    closingOnError(this.#fileDescriptor, () => {
      const request = new Uint8Array(IPV6_MREQ_OCTETS);
      request.set(ipv6Octets(address));
      new DataView(request.buffer).setInt32(16, interfaceIndex, true);
      check(
        libc.setsockopt(this.#fileDescriptor, IPPROTO_IPV6, IPV6_JOIN_ANYCAST, request, request.length),
        "setsockopt IPV6_JOIN_ANYCAST",
        `take the anycast address ${address}`,
        adviseCapability("CAP_NET_ADMIN"),
      );
    });
  }

  [Symbol.dispose](): void {
    closeFileDescriptor(this.#fileDescriptor);
  }
}
