import { NLM_F_CREATE, NLM_F_EXCL } from "./netlink_message.ts";
import { NETLINK_NETFILTER, type NetlinkRequest, NetlinkSocket } from "./netlink_socket.ts";
import {
  countAndDrop,
  metaIs,
  nestedAttribute,
  numberAttribute,
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
const NF_INET_LOCAL_OUT = 3;
const NF_ACCEPT = 1;
const CHAIN = "output";

// <linux/in.h>, <linux/icmp.h>
const IPPROTO_ICMP = 1;
const IPPROTO_IPV6 = 41;
const ICMP_DEST_UNREACH = 3;
const ICMP_PROT_UNREACH = 2;
const ICMP_PORT_UNREACH = 3;
/** The protocol field of the quoted IPv4 header: 8 octets of ICMP, then octet 9. */
const QUOTED_PROTOCOL = 17;

/**
 * Keeps this host silent about protocol 41. Without a tunnel module the kernel answers a packet of protocol
 * 41 that finds no socket, or finds its socket's buffer full, with ICMP protocol unreachable (code 2); with
 * the sit module it says port unreachable (code 3) even when a raw socket took the packet. Both tell the
 * sender, wrongly, that its tunnel is gone. Routers send other codes about packets that they forward, so
 * those stay.
 *
 * An nftables table that the kernel ties to our netlink socket (`flags owner`): a crash leaves nothing behind.
 */
export class SilentTunnelTable {
  readonly #socket: NetlinkSocket;

  /**
   * @param suffix what tells this process's table from another's
   * @throws SystemError: no nf_tables in this kernel, no permission, another process has the table
   */
  constructor(suffix: string) {
    const table = `dsmip_${suffix.replaceAll(/[^A-Za-z0-9_]/g, "_")}`;
    this.#socket = new NetlinkSocket({ family: NETLINK_NETFILTER });
    try {
      this.#socket.batch(silentTunnelBatch(table));
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

/**
 * table inet TABLE { flags owner; chain output { type filter hook output priority 0; policy accept;
 *   icmp type destination-unreachable icmp code 2-3 @th,136,8 41 counter drop; }; }
 */
function silentTunnelBatch(table: string): NetlinkRequest[] {
  const attempt = `load the nftables table ${table}`;
  const batch = { attempt, body: familyBody(NFPROTO_UNSPEC, NFNL_SUBSYS_NFTABLES), attributes: [] };
  const create = { attempt, body: familyBody(NFPROTO_INET, 0), flags: NLM_F_CREATE | NLM_F_EXCL };
  return [
    { ...batch, type: NFNL_MSG_BATCH_BEGIN, call: "NFNL_MSG_BATCH_BEGIN" },
    {
      ...create,
      type: NFT_MSG_NEWTABLE,
      call: "NFT_MSG_NEWTABLE",
      attributes: [textAttribute(1, table), numberAttribute(2, NFT_TABLE_F_OWNER)],
    },
    {
      ...create,
      type: NFT_MSG_NEWCHAIN,
      call: "NFT_MSG_NEWCHAIN",
      attributes: [
        textAttribute(1, table),
        textAttribute(3, CHAIN),
        nestedAttribute(4, [numberAttribute(1, NF_INET_LOCAL_OUT), numberAttribute(2, 0)]),
        numberAttribute(5, NF_ACCEPT),
        textAttribute(7, "filter"),
      ],
    },
    {
      ...create,
      type: NFT_MSG_NEWRULE,
      flags: NLM_F_CREATE,
      call: "NFT_MSG_NEWRULE",
      attributes: [
        textAttribute(1, table),
        textAttribute(2, CHAIN),
        nestedAttribute(4, [
          ...metaIs("family", NFPROTO_IPV4),
          ...metaIs("transport", IPPROTO_ICMP),
          ...transportOctetIs(0, ICMP_DEST_UNREACH),
          ...transportOctetIs(1, ICMP_PROT_UNREACH, ICMP_PORT_UNREACH),
          ...transportOctetIs(QUOTED_PROTOCOL, IPPROTO_IPV6),
          ...countAndDrop(),
        ]),
      ],
    },
    { ...batch, type: NFNL_MSG_BATCH_END, call: "NFNL_MSG_BATCH_END" },
  ];
}

/** struct nfgenmsg: u8 family, u8 version, u16 resource in network order. */
function familyBody(family: number, resource: number): Uint8Array {
  return new Uint8Array([family, 0, resource >> 8, resource & 0xff]);
}
