import { finishChecksum, onesComplementSum } from "../wire/checksum.ts";
import { addIcmpMessage, ICMP_HEADER_OCTETS, writeEcho, writeIcmpMessage } from "./icmp.ts";
import type { IcmpMessage } from "./icmp.ts";
import type { Layer } from "./layer.ts";
import { decimal, ipv4 } from "./tree.ts";
import type { Field } from "./tree.ts";

const ECHO_FIELDS: readonly Field[] = [
  { name: "Identifier", at: 4, octets: 2, show: decimal },
  { name: "Sequence number", at: 6, octets: 2, show: decimal },
];

const FRAGMENTATION_NEEDED = 4;

/** RFC 792, RFC 1191. */
const MESSAGES: ReadonlyMap<number, IcmpMessage> = new Map<number, IcmpMessage>([
  [0, { name: "echo reply", line: writeEcho, fields: ECHO_FIELDS }],
  [3, {
    name: "destination unreachable",
    codes: [
      "network",
      "host",
      "protocol",
      "port",
      "fragmentation needed",
      "source route failed",
      "network unknown",
      "host unknown",
      "source host isolated",
      "network prohibited",
      "host prohibited",
      "network for this service",
      "host for this service",
      "administratively prohibited",
    ],
    quotes: true,
    line(cursor, out) {
      if (cursor.bytes[cursor.offset + 1] !== FRAGMENTATION_NEEDED || cursor.available < ICMP_HEADER_OCTETS) {
        return;
      }
      out.text(" mtu=");
      out.decimal(cursor.uint16(cursor.offset + 6));
    },
    fields: [{ name: "Next-hop MTU", at: 6, octets: 2, show: decimal }],
  }],
  [5, {
    name: "redirect",
    codes: ["network", "host", "network and service", "host and service"],
    quotes: true,
    line(cursor, out) {
      if (cursor.available < ICMP_HEADER_OCTETS) return;
      out.text(" to ");
      out.ipv4(cursor.bytes, cursor.offset + 4);
    },
    fields: [{ name: "Gateway", at: 4, octets: 4, show: ipv4 }],
  }],
  [8, { name: "echo request", line: writeEcho, fields: ECHO_FIELDS }],
  [9, { name: "router advertisement" }],
  [10, { name: "router solicitation" }],
  [11, { name: "time exceeded", codes: ["in transit", "in reassembly"], quotes: true }],
  [12, {
    name: "parameter problem",
    quotes: true,
    fields: [{ name: "Pointer", at: 4, octets: 1, show: decimal }],
  }],
]);

export const icmpv4: Layer = {
  name: "ICMP",
  line(cursor, out) {
    writeIcmpMessage(cursor, out, "ICMP", MESSAGES);
  },
  tree(cursor, node) {
    addIcmpMessage(cursor, node, MESSAGES, (at) => {
      const sum = onesComplementSum(cursor.bytes, cursor.offset, at);
      return finishChecksum(onesComplementSum(cursor.bytes, at + 2, cursor.end, sum));
    });
  },
};
