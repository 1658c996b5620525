import { onesComplementSum } from "../../core/wire/checksum.ts";
import { parseIpv4, parseIpv6 } from "../../core/wire/address.ts";
import { encodeMobilityHeader } from "../../core/wire/mobility_header.ts";
import type { BindingAcknowledgement, BindingUpdate } from "../../core/wire/mobility_message.ts";
import type { AnyMobilityMessage } from "../../core/wire/mobility_message_table.ts";

/** Packets made by hand, header by header, for what the inspector is shown in tests. */

export function octets(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex.replaceAll(/[\s:]/g, ""));
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Numbers of 16 bits in network order. */
export function words(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value >> 8 & 0xff, value & 0xff]));
}

export function address(text: string): Uint8Array {
  const found = text.includes(":") ? parseIpv6(text) : parseIpv4(text);
  if (found === undefined) throw new Error(`${text} is no address`);
  return found;
}

export const MACS = octets("02:00:00:00:00:02 02:00:00:00:00:01");

/** From 02:00:00:00:00:01 to 02:00:00:00:00:02. */
export function ethernet(etherType: number, payload: Uint8Array): Uint8Array {
  return join(MACS, words(etherType), payload);
}

export interface Ipv4Extras {
  readonly identification?: number;
  /** Flags and offset as they stand in the header. */
  readonly fragment?: number;
  readonly totalLength?: number;
}

export function ipv4(
  source: string,
  destination: string,
  protocol: number,
  payload: Uint8Array,
  { identification = 0, fragment = 0x4000, totalLength = 20 + payload.length }: Ipv4Extras = {},
): Uint8Array {
  const header = join(
    words(0x4500, totalLength, identification, fragment, 64 << 8 | protocol, 0),
    address(source),
    address(destination),
  );
  header.set(words(~onesComplementSum(header, 0, 20) & 0xffff), 10);
  return join(header, payload);
}

export function ipv6(
  source: string,
  destination: string,
  nextHeader: number,
  payload: Uint8Array,
): Uint8Array {
  return join(
    words(0x6000, 0, payload.length, nextHeader << 8 | 64),
    address(source),
    address(destination),
    payload,
  );
}

/** Fills in the checksum at `at`, with the pseudo header of these addresses. */
export function withChecksum(
  source: string,
  destination: string,
  protocol: number,
  at: number,
  segment: Uint8Array,
): Uint8Array {
  const pseudo = join(address(source), address(destination), words(segment.length, protocol));
  const filled = segment.slice();
  filled.set([0, 0], at);
  const sum = onesComplementSum(filled, 0, filled.length, onesComplementSum(pseudo, 0, pseudo.length));
  filled.set(words(~sum & 0xffff), at);
  return filled;
}

export function udp(sourcePort: number, destinationPort: number, payload: Uint8Array): Uint8Array {
  return join(words(sourcePort, destinationPort, 8 + payload.length, 0), payload);
}

/** A mobility header with the checksum between these addresses. */
export function mobility(source: string, destination: string, message: AnyMobilityMessage): Uint8Array {
  return withChecksum(source, destination, 135, 4, encodeMobilityHeader(message));
}

/** A Destination Options header with the Home Address option (RFC 6275 6.3). */
export function homeAddressOption(nextHeader: number, homeAddress: string, payload: Uint8Array): Uint8Array {
  return join(Uint8Array.of(nextHeader, 2, 1, 2, 0, 0, 0xc9, 16), address(homeAddress), payload);
}

/** A type 2 routing header (RFC 6275 6.4). */
export function routingHomeAddress(nextHeader: number, homeAddress: string, payload: Uint8Array): Uint8Array {
  return join(Uint8Array.of(nextHeader, 2, 2, 1, 0, 0, 0, 0), address(homeAddress), payload);
}

export function bindingUpdate(changes: Partial<BindingUpdate> = {}): BindingUpdate {
  return {
    kind: "bindingUpdate",
    sequenceNumber: 7,
    acknowledge: true,
    homeRegistration: true,
    linkLocalCompatibility: false,
    keyManagementMobility: true,
    mapRegistration: false,
    mobileRouter: false,
    proxyRegistration: false,
    forceUdp: false,
    tlvHeader: false,
    overwriteOrBulk: false,
    lifetimeSeconds: 60,
    options: [],
    ...changes,
  };
}

export function bindingAcknowledgement(
  changes: Partial<BindingAcknowledgement> = {},
): BindingAcknowledgement {
  return {
    kind: "bindingAcknowledgement",
    status: 0,
    keyManagementMobility: false,
    mobileRouter: false,
    proxyRegistration: false,
    tlvHeader: false,
    bulk: false,
    sequenceNumber: 7,
    lifetimeSeconds: 60,
    options: [],
    ...changes,
  };
}

/** A Reply of DHCPv6 with a prefix, one that is withdrawn, and none, in a relay agent's message. */
export const DHCPV6_RELAY_REPLY: Uint8Array = dhcpv6RelayReply();

function dhcpv6RelayReply(): Uint8Array {
  const prefix = octets("001a 0019 0000a8c0 00015180 40 20010db8030000070000000000000000");
  const withdrawn = octets("001a 0019 00000000 00000000 40 20010db8030000080000000000000000");
  const refusal = octets("000d 0006 0006 6e6f6e65");
  const association = (iaid: number, ...options: readonly Uint8Array[]) => {
    const inside = join(...options);
    return join(words(25, 12 + inside.length, 0, iaid, 0, 21600, 0, 34560), inside);
  };
  const reply = join(
    octets("07010203 0001 0006 000400112233 0002 0006 000444556677 000e 0000 03e8 0002 0102"),
    association(1, prefix, withdrawn),
    association(2, refusal),
  );
  const head = octets("0d01 20010db8010000000000000000000100 20010db8010000000000000000000100");
  return join(head, octets("0012 0002 0a0b"), words(9, reply.length), reply);
}
