/**
 * Netlink messages as octets (netlink(7)): all numbers are little-endian here, because netlink uses the
 * host's order and both processors that dsmip runs on are little-endian. Nothing in this file makes a call.
 */

import { fromCString } from "./c_string.ts";

/** struct nlmsghdr: u32 length, u16 type, u16 flags, u32 sequence, u32 port id. */
const HEADER_OCTETS = 16;
/** struct nlattr: u16 length with this header, u16 type. */
const ATTRIBUTE_HEADER_OCTETS = 4;
/** The two upper bits of an attribute's type are flags: nested, network byte order. */
const ATTRIBUTE_TYPE_MASK = 0x3fff;

// <linux/netlink.h>
export const NLM_F_REQUEST = 0x001;
export const NLM_F_ACK = 0x004;
export const NLM_F_DUMP_INTR = 0x010;
export const NLM_F_DUMP = 0x300;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const NLMSGERR_ATTR_MSG = 1;

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** What follows the header; a view of the buffer. */
  readonly payload: Uint8Array;
}

/** One attribute: its type, and its value without padding. */
export type NetlinkAttribute = readonly [type: number, value: Uint8Array];

function align(octets: number): number {
  return Math.ceil(octets / 4) * 4;
}

/** A whole message: header, the fixed structure of its type, attributes. The kernel fills in the port id. */
export function encodeNetlinkMessage(
  { type, flags, sequence, body, attributes }: {
    readonly type: number;
    readonly flags: number;
    readonly sequence: number;
    /** The fixed structure, a multiple of 4 octets. */
    readonly body: Uint8Array;
    readonly attributes: readonly NetlinkAttribute[];
  },
): Uint8Array<ArrayBuffer> {
  const tail = encodeAttributes(attributes);
  const bytes = new Uint8Array(HEADER_OCTETS + body.length + tail.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, sequence, true);
  bytes.set(body, HEADER_OCTETS);
  bytes.set(tail, HEADER_OCTETS + body.length);
  return bytes;
}

/** Attributes one after the other, each padded: what follows a fixed structure, or the value of an attribute that nests. */
export function encodeAttributes(attributes: readonly NetlinkAttribute[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(
    attributes.reduce((sum, [, value]) => sum + align(ATTRIBUTE_HEADER_OCTETS + value.length), 0),
  );
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const [type, value] of attributes) {
    view.setUint16(offset, ATTRIBUTE_HEADER_OCTETS + value.length, true);
    view.setUint16(offset + 2, type, true);
    bytes.set(value, offset + ATTRIBUTE_HEADER_OCTETS);
    offset += align(ATTRIBUTE_HEADER_OCTETS + value.length);
  }
  return bytes;
}

/** The messages of one datagram. Stops at the first whose length is impossible. */
export function decodeNetlinkMessages(bytes: Uint8Array): NetlinkMessage[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: NetlinkMessage[] = [];
  let offset = 0;
  while (offset + HEADER_OCTETS <= bytes.length) {
    const length = view.getUint32(offset, true);
    if (length < HEADER_OCTETS || offset + length > bytes.length) break;
    messages.push({
      type: view.getUint16(offset + 4, true),
      flags: view.getUint16(offset + 6, true),
      sequence: view.getUint32(offset + 8, true),
      payload: bytes.subarray(offset + HEADER_OCTETS, offset + length),
    });
    offset += align(length);
  }
  return messages;
}

/**
 * The attributes from `offset` on, by type; of several with one type the last. Stops at the first whose
 * length is impossible.
 */
export function decodeAttributes(bytes: Uint8Array, offset: number): Map<number, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const attributes = new Map<number, Uint8Array>();
  while (offset + ATTRIBUTE_HEADER_OCTETS <= bytes.length) {
    const length = view.getUint16(offset, true);
    if (length < ATTRIBUTE_HEADER_OCTETS || offset + length > bytes.length) break;
    const type = view.getUint16(offset + 2, true) & ATTRIBUTE_TYPE_MASK;
    attributes.set(type, bytes.subarray(offset + ATTRIBUTE_HEADER_OCTETS, offset + length));
    offset += align(length);
  }
  return attributes;
}

export function uint32Attribute(type: number, value: number): NetlinkAttribute {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return [type, bytes];
}

export function readUint32(value: Uint8Array | undefined): number | undefined {
  if (value === undefined || value.length < 4) return undefined;
  return new DataView(value.buffer, value.byteOffset).getUint32(0, true);
}

/** What NLMSG_ERROR and NLMSG_DONE say. */
export interface NetlinkResult {
  /** 0 for success. */
  readonly errno: number;
  /** The kernel's own words (extended acknowledgement), where it has any. */
  readonly text: string | undefined;
}

/** Reads the end of a request: NLMSG_ERROR (also the acknowledgement), or NLMSG_DONE. */
export function decodeNetlinkResult(message: NetlinkMessage): NetlinkResult {
  const { payload, flags, type } = message;
  if (payload.length < 4) return { errno: 0, text: undefined };
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const errno = Math.max(0, -view.getInt32(0, true));
  if ((flags & NLM_F_ACK_TLVS) === 0) return { errno, text: undefined };
  // struct nlmsgerr: the error, the header of the request and, unless capped, its payload
  let offset = 4;
  if (type === NLMSG_ERROR) {
    if (payload.length < 4 + HEADER_OCTETS) return { errno, text: undefined };
    offset += (flags & NLM_F_CAPPED) !== 0 ? HEADER_OCTETS : align(view.getUint32(4, true));
  }
  const text = decodeAttributes(payload, offset).get(NLMSGERR_ATTR_MSG);
  return { errno, text: text === undefined ? undefined : fromCString(text) };
}
