import { Protocol } from "../core/wire/constants.ts";
import { type EspEnd, IPV6_ADDRESS_OFFSETS } from "./esp_end.ts";
import type { NetlinkAttribute } from "./netlink_message.ts";
import {
  acceptUnlessTransportIs,
  countAndDrop,
  destinationIsLocal,
  leavesBy,
  networkAddressIs,
  sourceIsLocal,
  transportIs,
  transportOctetIs,
  transportWordIsIn,
} from "./nft_rule.ts";
import { type Chain, OwnedTables } from "./nft_table.ts";

// <linux/netfilter.h>
const NF_INET_PRE_ROUTING = 0;
const NF_INET_FORWARD = 2;
const NF_INET_LOCAL_OUT = 3;
/** Before the kernel puts fragments together, tracks connections or routes. */
const FIRST_PRIORITY = -350;

// <linux/icmp.h>, <linux/icmpv6.h>
const ICMP_DEST_UNREACH = 3;
const ICMP_PROT_UNREACH = 2;
const ICMP_PORT_UNREACH = 3;
const ICMPV6_DEST_UNREACH = 1;
const ICMPV6_PORT_UNREACH = 4;
const ICMPV6_PARAMPROB = 4;
const ICMPV6_UNK_NEXTHDR = 1;
const MOBILE_PREFIX_SOLICITATION = 146;
const MOBILE_PREFIX_ADVERTISEMENT = 147;
/** The protocol field of the quoted IPv4 header: 8 octets of ICMP, then octet 9. */
const QUOTED_PROTOCOL = 17;
/** The next header of the quoted IPv6 header: 8 octets of ICMPv6, then octet 6. */
const QUOTED_NEXT_HEADER = 14;
/** The next header of the extension header behind it. */
const QUOTED_SECOND_NEXT_HEADER = 48;

/** The set of SPIs that are ours. */
const SPIS = "spis";

/**
 * Mobility headers to this host, ICMPv6 with a Home Address option or a type 2 routing header (Mobile Prefix
 * Solicitation and Advertisement), and ESP of ours, behind any extension headers: their packet socket stands before this
 * hook. ESP of other SPIs, or with another host, is the kernel's. All of it is IPv6: IPv4 that comes in, the packets of most
 * tunnels, passes no chain of ours.
 */
function prerouting({ homeAgentAddress, isThe }: EspEnd): Chain {
  const contents = [
    transportIs(Protocol.mobilityHeader),
    [
      ...transportIs(Protocol.icmpv6),
      ...transportOctetIs(0, MOBILE_PREFIX_SOLICITATION, MOBILE_PREFIX_ADVERTISEMENT),
    ],
    [
      ...transportIs(Protocol.esp),
      ...networkAddressIs(IPV6_ADDRESS_OFFSETS[isThe], homeAgentAddress),
      ...transportWordIsIn(SPIS),
    ],
  ];
  const rules = contents.map((content) => [...content, ...destinationIsLocal(), ...countAndDrop()]);
  const others = acceptUnlessTransportIs(Protocol.mobilityHeader, Protocol.icmpv6, Protocol.esp);
  return {
    name: "prerouting",
    hook: NF_INET_PRE_ROUTING,
    priority: FIRST_PRIORITY,
    rules: [others, ...rules],
  };
}

/** ICMP errors about packets that one of our raw sockets takes, by the protocol of the packet that they quote. */
const OUTPUT_IPV4 = output(
  Protocol.icmpv4,
  [Protocol.ipv6, Protocol.ipv4].map((inner) => [
    ...transportOctetIs(0, ICMP_DEST_UNREACH),
    ...transportOctetIs(1, ICMP_PROT_UNREACH, ICMP_PORT_UNREACH),
    ...transportOctetIs(QUOTED_PROTOCOL, inner),
  ]),
);

const OUTPUT_IPV6 = output(
  Protocol.icmpv6,
  [Protocol.ipv6, Protocol.ipv4].flatMap((inner) => [
    ...errorsAbout(transportOctetIs(QUOTED_NEXT_HEADER, inner)),
    // Behind the Tunnel Encapsulation Limit option (RFC 2473 section 4.1.1).
    ...errorsAbout([
      ...transportOctetIs(QUOTED_NEXT_HEADER, Protocol.destinationOptions),
      ...transportOctetIs(QUOTED_SECOND_NEXT_HEADER, inner),
    ]),
  ]),
);

/** Drops those messages of this protocol, ICMP or ICMPv6, that this host sends. */
function output(icmp: number, messages: readonly (readonly NetlinkAttribute[])[]): Chain {
  // The protocol once more in each rule: so nft has names for the fields behind it.
  const rules = messages.map((message) => [...transportIs(icmp), ...message, ...countAndDrop()]);
  return {
    name: "output",
    hook: NF_INET_LOCAL_OUT,
    priority: 0,
    rules: [acceptUnlessTransportIs(icmp), ...rules],
  };
}

/**
 * What is forwarded into the tunnel with an address of this host as its source is somebody's in a mobile network: the home
 * agent would take it for the mobile router's own, DHCPv6 included. (IPv4 of that kind is no packet to the kernel.)
 */
function forward(tun: number): Chain {
  const rules = [[...leavesBy(tun), ...sourceIsLocal(), ...countAndDrop()]];
  return { name: "forward", hook: NF_INET_FORWARD, priority: 0, rules };
}

/** Each kind of error that kernels have for tunnels, about packets in which `quoted` holds. */
function errorsAbout(quoted: readonly NetlinkAttribute[]): NetlinkAttribute[][] {
  const errors = [[ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH], [ICMPV6_PARAMPROB, ICMPV6_UNK_NEXTHDR]];
  return errors.map(([type, code]) => [
    ...transportOctetIs(0, type),
    ...transportOctetIs(1, code),
    ...quoted,
  ]);
}

/**
 * Keeps this host silent about what dsmip receives in its own way:
 *
 * - Tunnels (protocols 41 and 4, in IPv4 and in IPv6). Without a tunnel module the kernel answers a packet that finds no
 *   socket, or finds its socket's buffer full, with an ICMP error: protocol unreachable, parameter problem. With the
 *   module it says port unreachable even when a raw socket took the packet. Both tell the sender, wrongly, that its tunnel
 *   is gone. Routers send other codes about packets that they forward, so those stay.
 * - Mobility headers to an address of this host. A kernel without Mobile IPv6 knows neither them nor what stands before
 *   them (RFC 6275 sections 6.1, 6.3, 6.4); so it does not get to see them.
 * - ESP of our security associations. A kernel without IPsec calls it an unknown next header, and one with it has
 *   associations of its own only: those of other SPIs it keeps.
 *
 * At a mobile node it also keeps others' packets with an address of this host out of the tunnel.
 */
export class SilentTunnelTables {
  readonly #tables: OwnedTables;
  #spis: ReadonlySet<number> = new Set();

  /**
   * @param options `suffix`: what tells this process's tables from another's; `tun`: of a mobile node: the index of its TUN
   * device
   * @throws SystemError: no nf_tables in this kernel, no permission, another process has such a table
   */
  constructor({ suffix, end, tun }: SilentTunnelTablesOptions) {
    const name = `dsmip_${suffix.replaceAll(/[^A-Za-z0-9_]/g, "_")}`;
    const ip6 = [prerouting(end), OUTPUT_IPV6, ...(tun === undefined ? [] : [forward(tun)])];
    this.#tables = new OwnedTables({ name, set: SPIS, chains: { ip: [OUTPUT_IPV4], ip6 } });
  }

  /** ESP with one of these SPIs is ours from now on; none is at first. @throws SystemError */
  setSpis(spis: ReadonlySet<number>): void {
    this.#tables.addElements(SPIS, [...spis.difference(this.#spis)]);
    this.#tables.removeElements(SPIS, [...this.#spis.difference(spis)]);
    this.#spis = new Set(spis);
  }

  /** Removes the tables. */
  close(): void {
    this.#tables.close();
  }
}

export interface SilentTunnelTablesOptions {
  readonly suffix: string;
  readonly end: EspEnd;
  readonly tun?: number;
}
