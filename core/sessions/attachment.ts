import type { PacketCursor } from "../inspect/packet_cursor.ts";
import { formatIpv4, formatIpv6 } from "../wire/address.ts";
import type { Encapsulation } from "./data_flow.ts";
import type { HandoverRecord } from "./handover_record.ts";
import type { CareOfPeriod } from "./session_record.ts";
import type { Signalling } from "./signalling.ts";

/** Where the mobile node says that it is. */
export interface Attachment {
  readonly version: 4 | 6;
  readonly words: readonly number[];
  readonly careOfAddress: string;
  /** How the Binding Update came; the acknowledgement says how the data go. */
  readonly path: Encapsulation;
  readonly fromSeconds: number;
  encapsulation: Encapsulation;
  accepted: boolean;
  /** The last one that was accepted, while this one is not. */
  before: Attachment | undefined;
  handover: HandoverRecord | undefined;
  period: CareOfPeriod | undefined;
}

/** As a person writes it. */
export function careOfAddressText(
  { careOfAddressOffset, careOfAddressVersion }: Signalling,
  bytes: Uint8Array,
) {
  return careOfAddressVersion === 4
    ? formatIpv4(bytes, careOfAddressOffset)
    : formatIpv6(bytes, careOfAddressOffset);
}

/** How a Binding Update travels. */
export function pathOf({ tunnelCount, tunnels }: PacketCursor): Encapsulation {
  if (tunnelCount === 0) return "ipv6InIpv6";
  const { kind, ipVersion } = tunnels[tunnelCount - 1];
  if (kind === "UDP") return "udp";
  return ipVersion === 4 ? "ipv6InIpv4" : "ipv6InIpv6";
}

/** Numbers instead of octets: a small typed array for each care-of address costs more than all the rest. */
export function careOfAddressWords(
  { careOfAddressOffset: at, careOfAddressVersion }: Signalling,
  cursor: PacketCursor,
) {
  if (careOfAddressVersion === 4) return [cursor.uint32(at)];
  return [cursor.uint32(at), cursor.uint32(at + 4), cursor.uint32(at + 8), cursor.uint32(at + 12)];
}

/** Whether an update says that the mobile node is where it was. */
export function isAt(
  attachment: Attachment,
  signalling: Signalling,
  cursor: PacketCursor,
  path: Encapsulation,
): boolean {
  const { words, version } = attachment;
  if (attachment.path !== path || version !== signalling.careOfAddressVersion) return false;
  for (let index = 0; index < words.length; index++) {
    if (words[index] !== cursor.uint32(signalling.careOfAddressOffset + 4 * index)) return false;
  }
  return true;
}
