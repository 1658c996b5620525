import { Protocol } from "../core/wire/constants.ts";
import { type NetlinkAttribute, NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL } from "./netlink_message.ts";
import { NETLINK_NETFILTER, type NetlinkRequest, NetlinkSocket } from "./netlink_socket.ts";
import {
  countAndDrop,
  destinationIsLocal,
  leavesBy,
  metaIs,
  nestedAttribute,
  numberAttribute,
  sourceIsLocal,
  textAttribute,
  transportOctetIs,
} from "./nft_rule.ts";

// <linux/netfilter/nfnetlink.h>, <linux/netfilter/nf_tables.h>
const NFNL_SUBSYS_NFTABLES = 10;
const NFNL_MSG_BATCH_BEGIN = 0x10;
const NFNL_MSG_BATCH_END = 0x11;
const NFT_MSG_NEWTABLE = NFNL_SUBSYS_NFTABLES << 8 | 0;
const NFT_MSG_NEWCHAIN = NFNL_SUBSYS_NFTABLES << 8 | 3;
const NFT_MSG_NEWRULE = NFNL_SUBSYS_NFTABLES << 8 | 6;
const NFPROTO_UNSPEC = 0;
const NFPROTO_INET = 1;
const NFPROTO_IPV4 = 2;
const NFT_TABLE_F_OWNER = 2;
const NFPROTO_IPV6 = 10;
const NF_INET_PRE_ROUTING = 0;
const NF_INET_FORWARD = 2;
const NF_INET_LOCAL_OUT = 3;
const NF_ACCEPT = 1;
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

interface Chain {
  readonly name: string;
  readonly hook: number;
  readonly priority: number;
  /** The expressions of each rule. */
  readonly rules: readonly (readonly NetlinkAttribute[])[];
}

/**
 * Mobility headers to this host, and ICMPv6 with a Home Address option or a type 2 routing header (Mobile Prefix
 * Solicitation and Advertisement), behind any extension headers: their packet socket stands before this hook.
 */
const PREROUTING: Chain = {
  name: "prerouting",
  hook: NF_INET_PRE_ROUTING,
  priority: FIRST_PRIORITY,
  rules: [[
    ...metaIs("family", NFPROTO_IPV6),
    ...metaIs("transport", Protocol.mobilityHeader),
    ...destinationIsLocal(),
    ...countAndDrop(),
  ], [
    ...metaIs("family", NFPROTO_IPV6),
    ...metaIs("transport", Protocol.icmpv6),
    ...transportOctetIs(0, MOBILE_PREFIX_SOLICITATION, MOBILE_PREFIX_ADVERTISEMENT),
    ...destinationIsLocal(),
    ...countAndDrop(),
  ]],
};

/** ICMP errors about packets that one of our raw sockets takes, by the protocol of the packet that they quote. */
const OUTPUT: Chain = {
  name: "output",
  hook: NF_INET_LOCAL_OUT,
  priority: 0,
  rules: [
    ...[Protocol.ipv6, Protocol.ipv4].map((inner) => [
      ...metaIs("family", NFPROTO_IPV4),
      ...metaIs("transport", Protocol.icmpv4),
      ...transportOctetIs(0, ICMP_DEST_UNREACH),
      ...transportOctetIs(1, ICMP_PROT_UNREACH, ICMP_PORT_UNREACH),
      ...transportOctetIs(QUOTED_PROTOCOL, inner),
      ...countAndDrop(),
    ]),
    ...[Protocol.ipv6, Protocol.ipv4].flatMap((inner) => [
      silentAbout(transportOctetIs(QUOTED_NEXT_HEADER, inner)),
      // Behind the Tunnel Encapsulation Limit option (RFC 2473 section 4.1.1).
      silentAbout([
        ...transportOctetIs(QUOTED_NEXT_HEADER, Protocol.destinationOptions),
        ...transportOctetIs(QUOTED_SECOND_NEXT_HEADER, inner),
      ]),
    ]).flat(),
  ],
};

/**
 * What is forwarded into the tunnel with an address of this host as its source is somebody's in a mobile network: the home
 * agent would take it for the mobile router's own, DHCPv6 included. (IPv4 of that kind is no packet to the kernel.)
 */
function forward(tun: number): Chain {
  const rules = [[...leavesBy(tun), ...sourceIsLocal(), ...countAndDrop()]];
  return { name: "forward", hook: NF_INET_FORWARD, priority: 0, rules };
}

/** One rule for each kind of error that kernels have for tunnels, about packets in which `quoted` holds. */
function silentAbout(quoted: readonly NetlinkAttribute[]): NetlinkAttribute[][] {
  const errors = [[ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH], [ICMPV6_PARAMPROB, ICMPV6_UNK_NEXTHDR]];
  return errors.map(([type, code]) => [
    ...metaIs("family", NFPROTO_IPV6),
    ...metaIs("transport", Protocol.icmpv6),
    ...transportOctetIs(0, type),
    ...transportOctetIs(1, code),
    ...quoted,
    ...countAndDrop(),
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
 *
 * At a mobile node it also keeps others' packets with an address of this host out of the tunnel.
 *
 * An nftables table that the kernel ties to our netlink socket (`flags owner`): a crash leaves nothing behind.
 */
export class SilentTunnelTable {
  readonly #socket: NetlinkSocket;

  /**
   * @param suffix what tells this process's table from another's
   * @param tun of a mobile node: the index of its TUN device
   * @throws SystemError: no nf_tables in this kernel, no permission, another process has the table
   */
  constructor(suffix: string, tun?: number) {
    const table = `dsmip_${suffix.replaceAll(/[^A-Za-z0-9_]/g, "_")}`;
    this.#socket = new NetlinkSocket({ family: NETLINK_NETFILTER });
    try {
      this.#socket.batch(silentTunnelBatch(table, tun));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Removes the table. */
  close(): void {
    this.#socket.close();
  }
}

/** table inet TABLE { flags owner; chain prerouting { ... }; chain output { ... }; chain forward { ... }; } */
function silentTunnelBatch(table: string, tun: number | undefined): NetlinkRequest[] {
  const attempt = `load the nftables table ${table}`;
  const batch = { attempt, body: familyBody(NFPROTO_UNSPEC, NFNL_SUBSYS_NFTABLES), attributes: [] };
  const create = { attempt, body: familyBody(NFPROTO_INET, 0), flags: NLM_F_CREATE | NLM_F_EXCL };
  const chain = ({ name, hook, priority, rules }: Chain): NetlinkRequest[] => [
    {
      ...create,
      type: NFT_MSG_NEWCHAIN,
      call: "NFT_MSG_NEWCHAIN",
      attributes: [
        textAttribute(1, table),
        textAttribute(3, name),
        nestedAttribute(4, [numberAttribute(1, hook), numberAttribute(2, priority)]),
        numberAttribute(5, NF_ACCEPT),
        textAttribute(7, "filter"),
      ],
    },
    ...rules.map((expressions) => ({
      ...create,
      type: NFT_MSG_NEWRULE,
      flags: NLM_F_CREATE | NLM_F_APPEND,
      call: "NFT_MSG_NEWRULE",
      attributes: [textAttribute(1, table), textAttribute(2, name), nestedAttribute(4, expressions)],
    })),
  ];
  return [
    { ...batch, type: NFNL_MSG_BATCH_BEGIN, call: "NFNL_MSG_BATCH_BEGIN" },
    {
      ...create,
      type: NFT_MSG_NEWTABLE,
      call: "NFT_MSG_NEWTABLE",
      attributes: [textAttribute(1, table), numberAttribute(2, NFT_TABLE_F_OWNER)],
    },
    ...chain(PREROUTING),
    ...chain(OUTPUT),
    ...(tun === undefined ? [] : chain(forward(tun))),
    { ...batch, type: NFNL_MSG_BATCH_END, call: "NFNL_MSG_BATCH_END" },
  ];
}

/** struct nfgenmsg: u8 family, u8 version, u16 resource in network order. */
function familyBody(family: number, resource: number): Uint8Array {
  return new Uint8Array([family, 0, resource >> 8, resource & 0xff]);
}
