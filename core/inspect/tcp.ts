import { Protocol } from "../wire/constants.ts";
import type { Layer } from "./layer.ts";
import { showTransportChecksum } from "./transport_checksum.ts";
import { addChild, addFields, bits, decimal, flags, hexadecimal, octetPairs } from "./tree.ts";
import type { Field, Flag } from "./tree.ts";

const HEADER_OCTETS = 20;
const CHECKSUM_AT = 16;

/** RFC 9293 3.1, in the order in which people name them. */
const FLAGS: readonly Flag[] = [
  { mask: 0x02, letter: "SYN", name: "Synchronize" },
  { mask: 0x01, letter: "FIN", name: "Finish" },
  { mask: 0x04, letter: "RST", name: "Reset" },
  { mask: 0x08, letter: "PSH", name: "Push" },
  { mask: 0x10, letter: "ACK", name: "Acknowledge" },
  { mask: 0x20, letter: "URG", name: "Urgent" },
  { mask: 0x40, letter: "ECE", name: "ECN echo" },
  { mask: 0x80, letter: "CWR", name: "Congestion window reduced" },
];
const ACK = 0x10;

const FIELDS: readonly Field[] = [
  { name: "Source port", at: 0, octets: 2, show: decimal },
  { name: "Destination port", at: 2, octets: 2, show: decimal },
  { name: "Sequence number", at: 4, octets: 4, show: decimal },
  { name: "Acknowledgement number", at: 8, octets: 4, show: decimal },
  { name: "Header length", at: 12, octets: 1, show: bits(0xf0, (words) => `${4 * words} bytes`) },
  { name: "Flags", at: 13, octets: 1, show: flags(FLAGS) },
  { name: "Window", at: 14, octets: 2, show: decimal },
];

export const tcp: Layer = {
  name: "TCP",
  line(cursor, out) {
    const { bytes, offset } = cursor;
    out.styled("strong", "TCP");
    if (cursor.available < 4) {
      cursor.need(HEADER_OCTETS, "a TCP header");
      return;
    }
    out.text(" ");
    out.decimal(cursor.uint16(offset));
    out.text(" > ");
    out.decimal(cursor.uint16(offset + 2));
    if (!cursor.need(HEADER_OCTETS, "a TCP header")) return;
    const set = bytes[offset + 13];
    let separator = " ";
    for (const { mask, letter } of FLAGS) {
      if ((set & mask) === 0) continue;
      out.text(separator);
      out.text(letter);
      separator = ",";
    }
    out.text(" seq=");
    out.decimal(cursor.uint32(offset + 4));
    if ((set & ACK) !== 0) {
      out.text(" ack=");
      out.decimal(cursor.uint32(offset + 8));
    }
    const headerOctets = 4 * (bytes[offset + 12] >> 4);
    const octets = cursor.end - offset - headerOctets;
    if (headerOctets < HEADER_OCTETS || octets < 0) cursor.complain(`a TCP header of ${headerOctets} bytes`);
    else {
      out.text(" len=");
      out.decimal(octets);
    }
  },
  tree(cursor, node) {
    const { bytes, offset, limit } = cursor;
    if (!addFields(cursor, node, offset, FIELDS) || offset + HEADER_OCTETS > limit) return;
    node.value = `${cursor.uint16(offset)} > ${cursor.uint16(offset + 2)}`;
    const at = offset + CHECKSUM_AT;
    const checksum = cursor.whole
      ? showTransportChecksum(cursor, Protocol.tcp, at, cursor.upperLayerChecksum(Protocol.tcp, at))
      : hexadecimal(bytes, at, 2);
    addChild(node, "Checksum", at, 2, checksum);
    addChild(node, "Urgent pointer", offset + 18, 2, decimal(bytes, offset + 18, 2));
    const dataStart = Math.max(offset + 4 * (bytes[offset + 12] >> 4), offset + HEADER_OCTETS);
    const optionOctets = Math.min(dataStart, limit) - offset - HEADER_OCTETS;
    if (optionOctets > 0) {
      const options = octetPairs(bytes, offset + HEADER_OCTETS, optionOctets);
      addChild(node, "Options", offset + HEADER_OCTETS, optionOctets, options);
    }
    if (dataStart < limit) addChild(node, "Data", dataStart, limit - dataStart, `${limit - dataStart} bytes`);
  },
};
