import { ALL_MOBILITY_MESSAGES } from "../wire/mobility_message_table.ts";
import { mobilityOptionEntry } from "../wire/mobility_option_table.ts";

/** Names of the IANA registry that no single entry of core/wire's tables has. */
const MESSAGE_NAMES: ReadonlyMap<number, string> = new Map([
  ...ALL_MOBILITY_MESSAGES.map(({ type, name }) => [type, name] as const),
  [11, "Experimental Mobility Header"],
  // Their entries are named by what they are for.
  [16, "Binding Revocation Message"],
  [21, "Flow Binding Message"],
]);

const PADDING_NAMES: readonly string[] = ["Pad1", "PadN"];

/**
 * Option types of drafts before RFC 5555, as UMIP-DSMIP and nautilus6 sent them, and the types that they became; the
 * formats are the same.
 */
const LEGACY_OPTION_TYPES: ReadonlyMap<number, number> = new Map([[21, 29], [22, 32], [23, 30], [24, 31]]);

/** The status that those implementations sent where UDP could not be forced. */
export const LEGACY_CANNOT_FORCE_UDP_STATUS = 152;
/** The port that they used for 4191. */
export const LEGACY_DSMIPV6_PORT = 666;

/** The registry's type for an option type on the wire: another one only where the capture is from before RFC 5555. */
export function assignedOptionType(type: number, legacy: boolean): number {
  return legacy ? LEGACY_OPTION_TYPES.get(type) ?? type : type;
}

/** "Binding Update"; "unknown message 99" where no registry has it. */
export function mobilityMessageTypeName(type: number): string {
  return MESSAGE_NAMES.get(type) ?? `unknown message ${type}`;
}

/** "IPv4 Care-of Address"; "unknown" where no registry has it. */
export function mobilityOptionTypeName(type: number): string {
  return mobilityOptionEntry(type)?.name ?? PADDING_NAMES[type] ?? "unknown";
}
