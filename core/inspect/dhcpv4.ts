import type { Layer } from "./layer.ts";
import type { PacketCursor } from "./packet_cursor.ts";
import type { TextWriter } from "./text_writer.ts";
import {
  addChild,
  addFields,
  decimal,
  flags,
  hexadecimal,
  ipv4,
  named,
  octetPairs,
  untrustedText,
} from "./tree.ts";
import { withUnit } from "./tree.ts";
import type { Field, Show, TreeNode } from "./tree.ts";

/** RFC 2131 section 2: the fixed part with the magic cookie; the options follow (RFC 2132). */
const FIXED_OCTETS = 240;
const YOUR_ADDRESS_AT = 16;
const CLIENT_HARDWARE_ADDRESS_AT = 28;
const MAGIC_AT = 236;
const MAGIC_COOKIE = 0x63825363;

const FIELDS: readonly Field[] = [
  { name: "Operation", at: 0, octets: 1, show: named(new Map([[1, "request"], [2, "reply"]])) },
  { name: "Hops", at: 3, octets: 1, show: decimal },
  { name: "Transaction identifier", at: 4, octets: 4, show: hexadecimal },
  { name: "Seconds elapsed", at: 8, octets: 2, show: withUnit("s") },
  {
    name: "Flags",
    at: 10,
    octets: 2,
    show: flags([{ mask: 0x8000, letter: "B", name: "Broadcast" }], 0x7fff),
  },
  { name: "Client address", at: 12, octets: 4, show: ipv4 },
  { name: "Your address", at: YOUR_ADDRESS_AT, octets: 4, show: ipv4 },
  { name: "Next server address", at: 20, octets: 4, show: ipv4 },
  { name: "Relay address", at: 24, octets: 4, show: ipv4 },
  { name: "Client hardware address", at: CLIENT_HARDWARE_ADDRESS_AT, octets: 6, show: octetPairs },
  { name: "Magic cookie", at: MAGIC_AT, octets: 4, show: hexadecimal },
];

const OptionCode = {
  pad: 0,
  requestedAddress: 50,
  leaseTime: 51,
  messageType: 53,
  serverIdentifier: 54,
  end: 255,
} as const;

const MESSAGE_TYPES: ReadonlyMap<number, string> = new Map([
  [1, "Discover"],
  [2, "Offer"],
  [3, "Request"],
  [4, "Decline"],
  [5, "ACK"],
  [6, "NAK"],
  [7, "Release"],
  [8, "Inform"],
]);

const addresses: Show = (bytes, offset, octets) => {
  const found: string[] = [];
  for (let at = offset; at + 4 <= offset + octets; at += 4) found.push(ipv4(bytes, at, 4));
  return found.join(", ");
};
const seconds = withUnit("s");

const OPTIONS: ReadonlyMap<number, { readonly name: string; readonly show: Show }> = new Map([
  [1, { name: "Subnet mask", show: addresses }],
  [3, { name: "Router", show: addresses }],
  [6, { name: "Domain name server", show: addresses }],
  [12, { name: "Host name", show: untrustedText }],
  [15, { name: "Domain name", show: untrustedText }],
  [26, { name: "Interface MTU", show: decimal }],
  [28, { name: "Broadcast address", show: addresses }],
  [OptionCode.requestedAddress, { name: "Requested address", show: addresses }],
  [OptionCode.leaseTime, { name: "Lease time", show: seconds }],
  [OptionCode.messageType, { name: "Message type", show: named(MESSAGE_TYPES) }],
  [OptionCode.serverIdentifier, { name: "Server identifier", show: addresses }],
  [55, { name: "Parameter request list", show: octetPairs }],
  [57, { name: "Maximum message size", show: decimal }],
  [58, { name: "Renewal time", show: seconds }],
  [59, { name: "Rebinding time", show: seconds }],
  [60, { name: "Vendor class", show: untrustedText }],
  [61, { name: "Client identifier", show: octetPairs }],
  [80, { name: "Rapid commit", show: octetPairs }],
  [82, { name: "Relay agent information", show: octetPairs }],
]);

export const dhcpv4: Layer = {
  name: "DHCPv4",
  line(cursor, out) {
    out.styled("strong", "DHCP");
    if (!cursor.need(FIXED_OCTETS, "a DHCP message")) return;
    const { bytes, offset } = cursor;
    const messageType = findOption(cursor, OptionCode.messageType, 1);
    if (messageType !== undefined) {
      out.text(` ${MESSAGE_TYPES.get(bytes[messageType]) ?? `type ${bytes[messageType]}`}`);
    } // Without options it is what DHCP came from, unless they have been cut off.
    else if (cursor.limit === cursor.end) out.text(bytes[offset] === 1 ? " BOOTP request" : " BOOTP reply");
    const requested = findOption(cursor, OptionCode.requestedAddress, 4);
    if (cursor.uint32(offset + YOUR_ADDRESS_AT) !== 0) {
      out.text(" ");
      out.ipv4(bytes, offset + YOUR_ADDRESS_AT);
    } else if (requested !== undefined) {
      out.text(" ");
      out.ipv4(bytes, requested);
    }
    out.text(" for ");
    out.linkAddress(bytes, offset + CLIENT_HARDWARE_ADDRESS_AT);
    writeServerAndLease(cursor, out);
    out.text(" xid=0x");
    out.hex(cursor.uint32(offset + 4), 8);
  },
  tree(cursor, node) {
    const { offset } = cursor;
    if (!addFields(cursor, node, offset, FIELDS)) return;
    if (cursor.uint32(offset + MAGIC_AT) !== MAGIC_COOKIE) return;
    const messageType = findOption(cursor, OptionCode.messageType, 1);
    node.value = messageType === undefined ? "BOOTP" : MESSAGE_TYPES.get(cursor.bytes[messageType]) ?? "";
    forEachOption(cursor, (code, option, octets) => addOption(cursor.bytes, node, code, option, octets));
  },
};

function writeServerAndLease(cursor: PacketCursor, out: TextWriter): void {
  const server = findOption(cursor, OptionCode.serverIdentifier, 4);
  if (server !== undefined) {
    out.text(" server=");
    out.ipv4(cursor.bytes, server);
  }
  const lease = findOption(cursor, OptionCode.leaseTime, 4);
  if (lease !== undefined) {
    out.text(" lease=");
    out.decimal(cursor.uint32(lease));
    out.text("s");
  }
}

function addOption(bytes: Uint8Array, node: TreeNode, code: number, option: number, octets: number): void {
  const known = OPTIONS.get(code);
  const value = octets > 0 ? (known?.show ?? octetPairs)(bytes, option + 2, octets) : "";
  const name = `Option ${code}${known === undefined ? "" : ` ${known.name}`}`;
  addChild(node, name, option, octets + 2, value);
}

/** Where the data of the first option `code` begin, if they have `octets` octets. */
function findOption(cursor: PacketCursor, code: number, octets: number): number | undefined {
  let found: number | undefined;
  forEachOption(cursor, (candidate, option, dataOctets) => {
    if (candidate === code && dataOctets === octets) found ??= option + 2;
  });
  return found;
}

/** Calls `visit` with code, offset and octets of data of each option that is there as a whole. */
function forEachOption(
  cursor: PacketCursor,
  visit: (code: number, option: number, octets: number) => void,
): void {
  const { bytes, limit } = cursor;
  let option = cursor.offset + FIXED_OCTETS;
  while (option < limit && bytes[option] !== OptionCode.end) {
    if (bytes[option] === OptionCode.pad) {
      option++;
      continue;
    }
    if (option + 2 > limit || option + 2 + bytes[option + 1] > limit) {
      if (cursor.limit === cursor.end && !cursor.partial) {
        cursor.complain(`DHCP option ${bytes[option]} goes past the end`);
      }
      return;
    }
    visit(bytes[option], option, bytes[option + 1]);
    option += 2 + bytes[option + 1];
  }
}
