import { EINVAL, ENOENT, EOPNOTSUPP, EPROTONOSUPPORT } from "./errno.ts";
import { type NetlinkAttribute, NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL } from "./netlink_message.ts";
import { NETLINK_NETFILTER, type NetlinkRequest, NetlinkSocket } from "./netlink_socket.ts";
import { nestedAttribute, numberAttribute, textAttribute } from "./nft_rule.ts";

// <linux/netfilter/nfnetlink.h>, <linux/netfilter/nf_tables.h>
const NFNL_SUBSYS_NFTABLES = 10;
const NFNL_MSG_BATCH_BEGIN = 0x10;
const NFNL_MSG_BATCH_END = 0x11;
const NFT_MSG_NEWTABLE = NFNL_SUBSYS_NFTABLES << 8 | 0;
const NFT_MSG_NEWCHAIN = NFNL_SUBSYS_NFTABLES << 8 | 3;
const NFT_MSG_NEWRULE = NFNL_SUBSYS_NFTABLES << 8 | 6;
const NFT_MSG_NEWSET = NFNL_SUBSYS_NFTABLES << 8 | 9;
const NFT_MSG_NEWSETELEM = NFNL_SUBSYS_NFTABLES << 8 | 12;
const NFT_MSG_DELSETELEM = NFNL_SUBSYS_NFTABLES << 8 | 14;
const NFPROTO_UNSPEC = 0;
const NFT_TABLE_F_OWNER = 2;
const NF_ACCEPT = 1;
const NFTA_LIST_ELEM = 1;
const NFTA_SET_ELEM_KEY = 1;
const NFTA_DATA_VALUE = 1;
/** How nft prints the elements: its own TYPE_INTEGER, and in its user data the octets' order, BYTEORDER_BIG_ENDIAN. */
const TYPE_INTEGER = 4;
const BIG_ENDIAN_KEYS = new Uint8Array([0, 4, 2, 0, 0, 0]);
/** Elements in one batch: it has to find room in the socket's send buffer. */
const BATCH_ELEMENTS = 2000;

/** NFPROTO_IPV4, NFPROTO_IPV6. */
const FAMILIES = { ip: 2, ip6: 10 } as const;
type Family = keyof typeof FAMILIES;

export interface Chain {
  readonly name: string;
  readonly hook: number;
  readonly priority: number;
  /** The expressions of each rule. */
  readonly rules: readonly (readonly NetlinkAttribute[])[];
}

/**
 * nftables tables of one name that the kernel ties to our netlink socket (`flags owner`): a crash leaves nothing behind.
 * There is one for each family, in place of one for both (inet), so that a chain costs only the packets of its family.
 */
export class OwnedTables {
  readonly #name: string;
  readonly #socket: NetlinkSocket;

  /**
   * @param options `set`: the name of a set of 32-bit numbers that rules of family ip6 look into, empty at first
   * @throws SystemError: no nf_tables in this kernel, no permission, another process has such a table
   */
  constructor(
    { name, set, chains }: {
      readonly name: string;
      readonly set: string;
      readonly chains: Readonly<Record<Family, readonly Chain[]>>;
    },
  ) {
    this.#name = name;
    this.#socket = new NetlinkSocket({ family: NETLINK_NETFILTER, advise: adviseNftables });
    const families = Object.keys(chains) as Family[];
    const create = { flags: NLM_F_CREATE | NLM_F_EXCL };
    try {
      this.#batch("load", [
        ...families.map((family) => ({
          ...create,
          family,
          type: NFT_MSG_NEWTABLE,
          call: "NFT_MSG_NEWTABLE",
          attributes: [textAttribute(1, name), numberAttribute(2, NFT_TABLE_F_OWNER)],
        })),
        {
          ...create,
          family: "ip6",
          type: NFT_MSG_NEWSET,
          call: "NFT_MSG_NEWSET",
          attributes: [
            textAttribute(1, name),
            textAttribute(2, set),
            numberAttribute(3, 0),
            numberAttribute(4, TYPE_INTEGER),
            numberAttribute(5, 4),
            numberAttribute(10, 1),
            [13, BIG_ENDIAN_KEYS],
          ],
        },
        ...families.flatMap((family) => chains[family].flatMap((chain) => this.#chain(family, chain))),
      ], adviseNftables);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** @throws SystemError when an element is there already, or the kernel has no room for it */
  addElements(set: string, elements: readonly number[]): void {
    this.#change(NFT_MSG_NEWSETELEM, "NFT_MSG_NEWSETELEM", set, elements);
  }

  /** @throws SystemError when an element is not there */
  removeElements(set: string, elements: readonly number[]): void {
    this.#change(NFT_MSG_DELSETELEM, "NFT_MSG_DELSETELEM", set, elements);
  }

  /** Removes the tables. */
  close(): void {
    this.#socket.close();
  }

  #chain(family: Family, { name, hook, priority, rules }: Chain): Request[] {
    return [
      {
        family,
        flags: NLM_F_CREATE | NLM_F_EXCL,
        type: NFT_MSG_NEWCHAIN,
        call: "NFT_MSG_NEWCHAIN",
        attributes: [
          textAttribute(1, this.#name),
          textAttribute(3, name),
          nestedAttribute(4, [numberAttribute(1, hook), numberAttribute(2, priority)]),
          numberAttribute(5, NF_ACCEPT),
          textAttribute(7, "filter"),
        ],
      },
      ...rules.map((expressions) => ({
        family,
        flags: NLM_F_CREATE | NLM_F_APPEND,
        type: NFT_MSG_NEWRULE,
        call: "NFT_MSG_NEWRULE",
        attributes: [textAttribute(1, this.#name), textAttribute(2, name), nestedAttribute(4, expressions)],
      })),
    ];
  }

  #change(type: number, call: string, set: string, elements: readonly number[]): void {
    for (let first = 0; first < elements.length; first += BATCH_ELEMENTS) {
      const list = elements.slice(first, first + BATCH_ELEMENTS).map((element) =>
        nestedAttribute(NFTA_LIST_ELEM, [
          nestedAttribute(NFTA_SET_ELEM_KEY, [numberAttribute(NFTA_DATA_VALUE, element)]),
        ])
      );
      const attributes = [textAttribute(1, this.#name), textAttribute(2, set), nestedAttribute(3, list)];
      this.#batch(`change the set ${set} of`, [
        { family: "ip6", type, call, flags: NLM_F_CREATE, attributes },
      ]);
    }
  }

  /** @param attempt what is done with the tables: all of it, or nothing where one refuses */
  #batch(attempt: string, requests: readonly Request[], advise?: NetlinkRequest["advise"]): void {
    const contents = requests.map(({ family, ...request }) => ({
      ...request,
      attempt: `${attempt} the nftables table ${family} ${this.#name}`,
      advise,
      body: familyBody(FAMILIES[family], 0),
    }));
    const [{ attempt: first }] = contents;
    const body = familyBody(NFPROTO_UNSPEC, NFNL_SUBSYS_NFTABLES);
    const frame = { attempt: first, advise, body, attributes: [] };
    this.#socket.batch([
      { ...frame, type: NFNL_MSG_BATCH_BEGIN, call: "NFNL_MSG_BATCH_BEGIN" },
      ...contents,
      { ...frame, type: NFNL_MSG_BATCH_END, call: "NFNL_MSG_BATCH_END" },
    ]);
  }
}

type Request = Omit<NetlinkRequest, "attempt" | "advise" | "body"> & { readonly family: Family };

/** For a kernel without nftables, or one that is too old for what we ask. */
export function adviseNftables(errno: number): string | undefined {
  return [ENOENT, EINVAL, EPROTONOSUPPORT, EOPNOTSUPP].includes(errno)
    ? "Load the module (`modprobe nf_tables`), or use a kernel with CONFIG_NF_TABLES_IPV4 and CONFIG_NFT_FIB_IPV6, Linux 5.12 or later"
    : undefined;
}

/** struct nfgenmsg: u8 family, u8 version, u16 resource in network order. */
function familyBody(family: number, resource: number): Uint8Array {
  return new Uint8Array([family, 0, resource >> 8, resource & 0xff]);
}
