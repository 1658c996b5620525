import { finishChecksum, onesComplementSum } from "../wire/checksum.ts";
import type { Layer } from "./layer.ts";
import { ipProtocolNames } from "./names.ts";
import type { PacketCursor } from "./packet_cursor.ts";
import {
  addChild,
  addFields,
  bits,
  decimal,
  flags,
  hexadecimal,
  ipv4,
  named,
  verifiedChecksum,
} from "./tree.ts";
import type { Fragment } from "./reassembly.ts";
import type { Field } from "./tree.ts";

const HEADER_OCTETS = 20;
const DONT_FRAGMENT = 0x4000;
const MORE_FRAGMENTS = 0x2000;
const FRAGMENT_OFFSET_MASK = 0x1fff;

/** RFC 3168 section 5. */
export const ECN_NAMES = ["not ECT", "ECT(1)", "ECT(0)", "CE"] as const;

const FIELDS: readonly Field[] = [
  { name: "Version", at: 0, octets: 1, show: bits(0xf0) },
  { name: "Header length", at: 0, octets: 1, show: bits(0x0f, (words) => `${4 * words} bytes`) },
  { name: "DSCP", at: 1, octets: 1, show: bits(0xfc) },
  { name: "ECN", at: 1, octets: 1, show: bits(0x03, (value) => `${value} (${ECN_NAMES[value]})`) },
  { name: "Total length", at: 2, octets: 2, show: decimal },
  { name: "Identification", at: 4, octets: 2, show: hexadecimal },
  {
    name: "Flags",
    at: 6,
    octets: 2,
    show: flags([
      { mask: DONT_FRAGMENT, letter: "DF", name: "Don't fragment" },
      { mask: MORE_FRAGMENTS, letter: "MF", name: "More fragments" },
    ], 0x8000),
  },
  {
    name: "Fragment offset",
    at: 6,
    octets: 2,
    show: bits(FRAGMENT_OFFSET_MASK, (units) => `${8 * units} bytes`),
  },
  { name: "Time to live", at: 8, octets: 1, show: decimal },
  { name: "Protocol", at: 9, octets: 1, show: named(ipProtocolNames) },
  { name: "Header checksum", at: 10, octets: 2, show: showHeaderChecksum },
  { name: "Source", at: 12, octets: 4, show: ipv4 },
  { name: "Destination", at: 16, octets: 4, show: ipv4 },
];

/** RFC 791. */
export const ipv4Layer: Layer = {
  name: "IPv4",
  carry(cursor) {
    const { bytes, offset } = cursor;
    if (!cursor.need(HEADER_OCTETS, "an IPv4 header")) return false;
    const headerOctets = 4 * (bytes[offset] & 0x0f);
    if (bytes[offset] >> 4 !== 4) {
      cursor.complain(`version ${bytes[offset] >> 4} in an IPv4 header`);
      return false;
    }
    if (headerOctets < HEADER_OCTETS) {
      cursor.complain(`an IPv4 header of ${headerOctets} bytes`);
      return false;
    }
    if (!cursor.need(headerOctets, "an IPv4 header with its options")) return false;
    const totalLength = cursor.uint16(offset + 2);
    // A capture taken above segmentation offload has packets too long for the field: it is 0 then.
    if (totalLength !== 0) {
      if (totalLength < headerOctets) {
        cursor.complain(`an IPv4 total length of ${totalLength} bytes`);
        return false;
      }
      cursor.narrow(offset + totalLength, "the IPv4 total length");
    }
    cursor.enterIp(4, offset + 12, offset + 16);
    const fragment = cursor.uint16(offset + 6);
    cursor.offset += headerOctets;
    followFragment(cursor, bytes[offset + 9], {
      offset: 8 * (fragment & FRAGMENT_OFFSET_MASK),
      more: (fragment & MORE_FRAGMENTS) !== 0,
      identification: cursor.uint16(offset + 4),
    });
    return true;
  },
  line(_cursor, out) {
    out.text("IPv4");
  },
  tree(cursor, node) {
    const { offset } = cursor;
    if (!addFields(cursor, node, offset, FIELDS)) return;
    node.value = `${ipv4(cursor.bytes, offset + 12, 4)} > ${ipv4(cursor.bytes, offset + 16, 4)}`;
    const headerOctets = 4 * (cursor.bytes[offset] & 0x0f);
    const optionOctets = Math.min(headerOctets, cursor.available) - HEADER_OCTETS;
    if (optionOctets > 0) {
      addChild(node, "Options", offset + HEADER_OCTETS, optionOctets, `${optionOctets} bytes`);
    }
  },
};

/** Goes on behind a header that may say that this is a fragment; shared with the Fragment header of IPv6. */
export function followFragment(
  cursor: PacketCursor,
  protocol: number,
  fragment: Fragment,
): void {
  if (fragment.offset === 0 && !fragment.more) return cursor.follow("ipProtocol", protocol);
  if (cursor.reassembler !== undefined && !cursor.partial && cursor.limit === cursor.end) {
    const whole = cursor.reassembler.add(cursor, protocol, fragment);
    if (whole !== undefined) {
      cursor.continueWith(whole.content, `reassembled from ${whole.fragments} fragments`);
      cursor.reassembledFrom = whole.fragments;
      return cursor.follow("ipProtocol", whole.protocol);
    }
  }
  cursor.fragmentOffset = fragment.offset;
  cursor.fragmentOctets = cursor.end - cursor.offset;
  cursor.moreFragments = fragment.more;
  cursor.fragmentIdentification = fragment.identification;
  cursor.partial = true;
  if (fragment.offset === 0) cursor.follow("ipProtocol", protocol);
  else cursor.follow("laterFragment", protocol);
}

/** What a fragment other than the first holds: nothing that can be read without the others. */
export const laterFragment: Layer = {
  name: "Fragment",
  line(cursor, out) {
    out.styled("strong", protocolName(cursor.nextNumber));
  },
  tree(cursor, node) {
    node.value = `of ${protocolName(cursor.nextNumber)}`;
    addChild(node, "Data", cursor.offset, cursor.available, `${cursor.available} bytes`);
  },
};

/** "UDP", or "protocol 200". */
export function protocolName(protocol: number): string {
  return ipProtocolNames.get(protocol) ?? `protocol ${protocol}`;
}

function showHeaderChecksum(bytes: Uint8Array, offset: number, octets: number): string {
  const start = offset - 10;
  const end = start + 4 * (bytes[start] & 0x0f);
  if (end < start + HEADER_OCTETS || end > bytes.length) return hexadecimal(bytes, offset, octets);
  const sum = onesComplementSum(bytes, offset + 2, end, onesComplementSum(bytes, start, offset));
  return verifiedChecksum((bytes[offset] << 8) | bytes[offset + 1], finishChecksum(sum));
}
