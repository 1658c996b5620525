/**
 * The expressions of an nftables rule as netlink attributes (<linux/netfilter/nf_tables.h>): the few that dsmip uses.
 * Numbers are in network order, unlike elsewhere in netlink. Nothing in this file makes a call.
 */

import { type Ipv6Address, ipv6Octets } from "../core/wire/address.ts";
import { cString } from "./c_string.ts";
import { encodeAttributes, type NetlinkAttribute } from "./netlink_message.ts";

const NLA_F_NESTED = 0x8000;
const NFTA_LIST_ELEM = 1;
const NFTA_EXPR_NAME = 1;
const NFTA_EXPR_DATA = 2;
const NFTA_DATA_VALUE = 1;
const NFTA_DATA_VERDICT = 2;
const NFTA_VERDICT_CODE = 1;
const NFT_REG_VERDICT = 0;
const NFT_REG_1 = 1;
const NFT_CMP_EQ = 0;
const NFT_CMP_NEQ = 1;
const NFT_RANGE_EQ = 0;
const NF_DROP = 0;
const NF_ACCEPT = 1;
const NFT_PAYLOAD_NETWORK_HEADER = 1;
const NFT_PAYLOAD_TRANSPORT_HEADER = 2;
const NFT_FIB_RESULT_ADDRTYPE = 3;
const NFTA_FIB_F_SADDR = 1;
const NFTA_FIB_F_DADDR = 2;
/** What of a packet's surroundings a rule can look at: NFT_META_OIF, NFT_META_L4PROTO. */
const OUTPUT_INTERFACE = 5;
const TRANSPORT_PROTOCOL = 16;
/** <linux/rtnetlink.h>. */
const RTN_LOCAL = 2;

/** A 32-bit number in network order. */
export function numberAttribute(type: number, value: number): NetlinkAttribute {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return [type, bytes];
}

export function nestedAttribute(type: number, attributes: readonly NetlinkAttribute[]): NetlinkAttribute {
  return [type | NLA_F_NESTED, encodeAttributes(attributes)];
}

export function textAttribute(type: number, text: string): NetlinkAttribute {
  return [type, cString(text)];
}

function expression(name: string, data: readonly NetlinkAttribute[]): NetlinkAttribute {
  return nestedAttribute(NFTA_LIST_ELEM, [
    textAttribute(NFTA_EXPR_NAME, name),
    nestedAttribute(NFTA_EXPR_DATA, data),
  ]);
}

/** An octet to compare with. */
function octet(type: number, value: number): NetlinkAttribute {
  return nestedAttribute(type, [[NFTA_DATA_VALUE, new Uint8Array([value])]]);
}

function isEqual(value: number): NetlinkAttribute {
  return isData(octet(3, value));
}

function isData(data: NetlinkAttribute, comparison = NFT_CMP_EQ): NetlinkAttribute {
  return expression("cmp", [numberAttribute(1, NFT_REG_1), numberAttribute(2, comparison), data]);
}

function isBetween(lowest: number, highest: number): NetlinkAttribute {
  return expression("range", [
    numberAttribute(1, NFT_REG_1),
    numberAttribute(2, NFT_RANGE_EQ),
    octet(3, lowest),
    octet(4, highest),
  ]);
}

function loadPayload(header: number, offset: number, octets: number): NetlinkAttribute {
  return expression("payload", [
    numberAttribute(1, NFT_REG_1),
    numberAttribute(2, header),
    numberAttribute(3, offset),
    numberAttribute(4, octets),
  ]);
}

function loadMeta(key: number): NetlinkAttribute {
  return expression("meta", [numberAttribute(1, NFT_REG_1), numberAttribute(2, key)]);
}

/** Goes on where the packet is of this transport protocol, behind any extension headers. */
export function transportIs(protocol: number): NetlinkAttribute[] {
  return [loadMeta(TRANSPORT_PROTOCOL), isEqual(protocol)];
}

/** Lets packets of all other transport protocols out of the chain: most packets then cost one rule. */
export function acceptUnlessTransportIs(...protocols: readonly number[]): NetlinkAttribute[] {
  const isOther = protocols.map((protocol) => isData(octet(3, protocol), NFT_CMP_NEQ));
  return [loadMeta(TRANSPORT_PROTOCOL), ...isOther, decide(NF_ACCEPT)];
}

/** Goes on where this octet of the transport header, counted from 0, is from `lowest` to `highest`. */
export function transportOctetIs(offset: number, lowest: number, highest = lowest): NetlinkAttribute[] {
  return [
    loadPayload(NFT_PAYLOAD_TRANSPORT_HEADER, offset, 1),
    lowest === highest ? isEqual(lowest) : isBetween(lowest, highest),
  ];
}

/** Goes on where the IPv6 address at this offset of the network header is `address`. */
export function networkAddressIs(offset: number, address: Ipv6Address): NetlinkAttribute[] {
  return [
    loadPayload(NFT_PAYLOAD_NETWORK_HEADER, offset, 16),
    isData(nestedAttribute(3, [[NFTA_DATA_VALUE, ipv6Octets(address)]])),
  ];
}

/** Goes on where the first 4 octets of the transport header are an element of this set of the table. */
export function transportWordIsIn(set: string): NetlinkAttribute[] {
  return [
    loadPayload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 4),
    expression("lookup", [textAttribute(1, set), numberAttribute(2, NFT_REG_1)]),
  ];
}

/** Goes on where the destination is an address of this host. */
export function destinationIsLocal(): NetlinkAttribute[] {
  return addressIsLocal(NFTA_FIB_F_DADDR);
}

/** Goes on where the source is an address of this host. */
export function sourceIsLocal(): NetlinkAttribute[] {
  return addressIsLocal(NFTA_FIB_F_SADDR);
}

function addressIsLocal(which: number): NetlinkAttribute[] {
  return [
    expression("fib", [
      numberAttribute(1, NFT_REG_1),
      numberAttribute(2, NFT_FIB_RESULT_ADDRTYPE),
      numberAttribute(3, which),
    ]),
    isHostNumber(RTN_LOCAL),
  ];
}

/** Goes on where the packet leaves by the interface of this index. */
export function leavesBy(interfaceIndex: number): NetlinkAttribute[] {
  return [loadMeta(OUTPUT_INTERFACE), isHostNumber(interfaceIndex)];
}

/** Unlike an octet of a packet, the kind of an address or an index is a number of the host's own order. */
function isHostNumber(value: number): NetlinkAttribute {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return isData(nestedAttribute(3, [[NFTA_DATA_VALUE, bytes]]));
}

/** Counts the packet and drops it. */
export function countAndDrop(): NetlinkAttribute[] {
  return [expression("counter", []), decide(NF_DROP)];
}

function decide(code: number): NetlinkAttribute {
  const verdict = nestedAttribute(NFTA_DATA_VERDICT, [numberAttribute(NFTA_VERDICT_CODE, code)]);
  return expression("immediate", [numberAttribute(1, NFT_REG_VERDICT), nestedAttribute(2, [verdict])]);
}
