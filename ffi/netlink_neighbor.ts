/** Neighbours as rtnetlink(7) carries them, to and from octets. Nothing in this file makes a call. */
import type { IpAddress } from "../core/wire/address.ts";
import { decodeAttributes, type NetlinkAttribute } from "./netlink_message.ts";
import {
  decodeFamily,
  decodeIpAddress,
  encodeIpAddress,
  type IpFamily,
  type NetlinkBody,
  viewOf,
} from "./netlink_ip.ts";
import { DSMIP_PROTOCOL } from "./netlink_record.ts";

/** An entry of the kernel's neighbour table, or one of the addresses for which it answers in another's place. */
export interface Neighbor {
  readonly family: IpFamily;
  readonly interfaceIndex: number;
  readonly address: IpAddress;
  /** Undefined for a proxy entry, and for a neighbour that does not answer. */
  readonly hardwareAddress?: Uint8Array;
  /** This host answers for the address (proxy neighbour discovery, proxy ARP). */
  readonly isProxy: boolean;
  /** Of a proxy entry: advertise a router (the R flag of Neighbor Advertisements). */
  readonly isRouter?: boolean;
  /** Who set it: 155 is dsmip. 0 also where the kernel (before 5.0) keeps no such number. */
  readonly protocol: number;
}

export type NewNeighbor = Omit<Neighbor, "family" | "protocol">;

// struct ndmsg: u8 family, u8 pad, u16 pad, s32 index, u16 state, u8 flags, u8 type
const NDMSG_OCTETS = 12;
const NDA_DST = 1;
const NDA_LLADDR = 2;
const NDA_PROTOCOL = 12;
const NUD_REACHABLE = 0x02;
const NTF_PROXY = 0x08;
const NTF_ROUTER = 0x80;

/** RTM_NEWNEIGH, RTM_DELNEIGH. Undefined also for what a bridge knows about its ports. */
export function decodeNeighbor(payload: Uint8Array): Neighbor | undefined {
  if (payload.length < NDMSG_OCTETS) return undefined;
  const family = decodeFamily(payload[0]);
  const attributes = decodeAttributes(payload, NDMSG_OCTETS);
  const address = decodeIpAddress(family, attributes.get(NDA_DST));
  if (family === undefined || address === undefined) return undefined;
  return {
    family,
    interfaceIndex: viewOf(payload).getInt32(4, true),
    address,
    hardwareAddress: attributes.get(NDA_LLADDR)?.slice(),
    isProxy: (payload[10] & NTF_PROXY) !== 0,
    isRouter: (payload[10] & NTF_ROUTER) !== 0,
    protocol: attributes.get(NDA_PROTOCOL)?.[0] ?? 0,
  };
}

/**
 * RTM_NEWNEIGH, RTM_DELNEIGH, always as ours. A neighbour counts as reachable from now on: later the kernel asks by
 * itself whether it still is. @throws RangeError when the text is no address
 */
export function encodeNeighbor(
  { interfaceIndex, address, hardwareAddress, isProxy, isRouter }: NewNeighbor,
): NetlinkBody {
  const { family, octets } = encodeIpAddress(address);
  const body = new Uint8Array(NDMSG_OCTETS);
  const view = viewOf(body);
  body[0] = family;
  view.setInt32(4, interfaceIndex, true);
  view.setUint16(8, isProxy ? 0 : NUD_REACHABLE, true);
  body[10] = (isProxy ? NTF_PROXY : 0) | (isRouter ? NTF_ROUTER : 0);
  const attributes: NetlinkAttribute[] = [
    [NDA_DST, octets],
    [NDA_PROTOCOL, new Uint8Array([DSMIP_PROTOCOL])],
  ];
  if (hardwareAddress !== undefined) attributes.push([NDA_LLADDR, hardwareAddress]);
  return { body, attributes };
}

/** RTM_GETNEIGH for a list: of neighbours, or of proxy entries. */
export function encodeNeighborQuery(isProxy: boolean): NetlinkBody {
  const body = new Uint8Array(NDMSG_OCTETS);
  body[10] = isProxy ? NTF_PROXY : 0;
  return { body, attributes: [] };
}
