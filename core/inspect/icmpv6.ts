import { Protocol } from "../wire/constants.ts";
import { addIcmpMessage, writeEcho, writeIcmpMessage } from "./icmp.ts";
import { HOME_AGENT_MESSAGES } from "./home_agent_discovery.ts";
import type { IcmpMessage } from "./icmp.ts";
import type { Layer } from "./layer.ts";
import { NEIGHBOR_DISCOVERY_MESSAGES } from "./neighbor_discovery.ts";
import { decimal } from "./tree.ts";
import type { Field } from "./tree.ts";

const ECHO_FIELDS: readonly Field[] = [
  { name: "Identifier", at: 4, octets: 2, show: decimal },
  { name: "Sequence number", at: 6, octets: 2, show: decimal },
];

/** RFC 4443, RFC 4861, RFC 2710, RFC 3810, RFC 6275 6.5 to 6.8. */
const MESSAGES: ReadonlyMap<number, IcmpMessage> = new Map<number, IcmpMessage>([
  [1, {
    name: "destination unreachable",
    codes: [
      "no route",
      "administratively prohibited",
      "beyond scope of source",
      "address",
      "port",
      "source address failed policy",
      "reject route",
    ],
    quotes: true,
  }],
  [2, {
    name: "packet too big",
    quotes: true,
    fields: [{ name: "MTU", at: 4, octets: 4, show: decimal }],
    line(cursor, out) {
      if (cursor.available < 8) return;
      out.text(" mtu=");
      out.decimal(cursor.uint32(cursor.offset + 4));
    },
  }],
  [3, { name: "time exceeded", codes: ["in transit", "in reassembly"], quotes: true }],
  [4, {
    name: "parameter problem",
    codes: ["erroneous header field", "unrecognized next header", "unrecognized option"],
    quotes: true,
    fields: [{ name: "Pointer", at: 4, octets: 4, show: decimal }],
    line(cursor, out) {
      if (cursor.available < 8) return;
      out.text(" at byte ");
      out.decimal(cursor.uint32(cursor.offset + 4));
    },
  }],
  [128, { name: "echo request", fields: ECHO_FIELDS, line: writeEcho }],
  [129, { name: "echo reply", fields: ECHO_FIELDS, line: writeEcho }],
  [130, { name: "multicast listener query" }],
  [131, { name: "multicast listener report" }],
  [132, { name: "multicast listener done" }],
  ...NEIGHBOR_DISCOVERY_MESSAGES,
  [143, { name: "multicast listener report v2" }],
  ...HOME_AGENT_MESSAGES,
  [154, { name: "fast handover message (RFC 5568)" }],
]);

export const icmpv6: Layer = {
  name: "ICMPv6",
  line(cursor, out) {
    writeIcmpMessage(cursor, out, "ICMPv6", MESSAGES);
  },
  tree(cursor, node) {
    addIcmpMessage(cursor, node, MESSAGES, (at) => cursor.upperLayerChecksum(Protocol.icmpv6, at));
  },
};
