import { FIRST_REFUSAL_STATUS, ipv4AddressStatusName } from "../wire/binding_status.ts";
import { LIFETIME_UNIT_SECONDS, NO_KEEPALIVE_REFRESH_SECONDS } from "../wire/constants.ts";
import { MOBILITY_OPTIONS, mobilityOptionEntry } from "../wire/mobility_option_table.ts";
import type { KnownMobilityOptionKind } from "../wire/mobility_option_table.ts";
import { lengthProblem } from "./mobility_option_length.ts";
import { assignedOptionType, mobilityOptionTypeName } from "./mobility_names.ts";
import { OPTION_WORDS, writeWords } from "./mobility_words.ts";
import type { PacketCursor } from "./packet_cursor.ts";
import type { TextWriter } from "./text_writer.ts";

const PAD1 = 0;
const PADN = 1;
const FORCE_UDP = 0x80;
const REQUEST_PREFIX = 0x02;
const HOST_PREFIX_LENGTH = 32;

/** Says an option in a word or two; `data` are its octets, of which the length has been checked. */
type OptionLine = (cursor: PacketCursor, out: TextWriter, data: number, octets: number) => void;

/** One line for each option of core/wire's table; where it says nothing, the tree does. */
const OPTION_LINES: Readonly<Record<KnownMobilityOptionKind, OptionLine>> = {
  bindingRefreshAdvice({ bytes }, out, data) {
    out.text(" refresh=");
    out.decimal(LIFETIME_UNIT_SECONDS * ((bytes[data] << 8) | bytes[data + 1]));
    out.text("s");
  },
  alternateCareOfAddress({ bytes }, out, data) {
    out.text(" AltCoA=");
    out.ipv6(bytes, data);
  },
  nonceIndices(cursor, out, data) {
    out.text(" nonces=");
    out.decimal(cursor.uint16(data));
    out.text(",");
    out.decimal(cursor.uint16(data + 2));
  },
  bindingAuthorizationData(_cursor, out) {
    out.text(" authorized");
  },
  mobileNetworkPrefix({ bytes }, out, data) {
    out.text(" MNP=");
    out.ipv6(bytes, data + 2);
    out.text("/");
    out.decimal(bytes[data + 1]);
  },
  mobileNodeIdentifier({ bytes }, out, data, octets) {
    out.text(" id=");
    out.untrusted(bytes, data + 1, data + octets);
  },
  messageAuthentication(cursor, out, data) {
    const subtype = cursor.bytes[data];
    out.text(" auth=");
    out.text(["", "MN-HA", "MN-AAA"][subtype] || `subtype ${subtype}`);
    out.text(" spi=");
    out.decimal(cursor.uint32(data + 1));
  },
  messageIdentification() {},
  ipv4HomeAddress({ bytes }, out, data) {
    writeIpv4HomeAddress(out, bytes, data + 2, bytes[data] >> 2);
    if ((bytes[data] & REQUEST_PREFIX) !== 0) out.text(" prefix-wanted");
  },
  ipv4AddressAcknowledgement({ bytes }, out, data) {
    writeIpv4HomeAddress(out, bytes, data + 2, bytes[data + 1] >> 2);
    const status = bytes[data];
    if (status === 0) return;
    const refused = status >= FIRST_REFUSAL_STATUS;
    out.text(" ");
    out.styled(refused ? "bad" : "good", refused ? "refused" : "accepted");
    out.text(": ");
    out.text(ipv4AddressStatusName(status));
    out.text(" (");
    out.decimal(status);
    out.text(")");
  },
  natDetection(cursor, out, data) {
    out.text((cursor.bytes[data] & FORCE_UDP) === 0 ? " NAT refresh=" : " NAT force-UDP refresh=");
    const seconds = cursor.uint32(data + 2);
    if (seconds === 0) out.text("default");
    else if (seconds === NO_KEEPALIVE_REFRESH_SECONDS) out.text("never");
    else {
      out.decimal(seconds);
      out.text("s");
    }
  },
  ipv4CareOfAddress(cursor, out, data) {
    out.text(" CoA4=");
    out.ipv4(cursor.bytes, data + 2);
    if (comesFromElsewhere(cursor, data + 2)) {
      out.styled("strong", " [NAT]");
    }
  },
  bindingIdentifier({ bytes }, out, data, octets) {
    out.text(" BID=");
    out.decimal((bytes[data] << 8) | bytes[data + 1]);
    if (octets === 8) {
      out.text(" CoA4=");
      out.ipv4(bytes, data + 4);
    } else if (octets === 20) {
      out.text(" CoA=");
      out.ipv6(bytes, data + 4);
    }
  },
};

const LINES_BY_TYPE: ReadonlyMap<number, OptionLine> = new Map(
  Object.values(MOBILITY_OPTIONS).map(({ type, kind }) => [type, OPTION_LINES[kind]]),
);

/** The options from `start` to the end of the mobility header; stops at the first that does not fit. */
export function writeMobilityOptions(cursor: PacketCursor, out: TextWriter, start: number): void {
  const { bytes, limit } = cursor;
  for (let option = start; option < limit;) {
    const type = bytes[option];
    if (type === PAD1) {
      option++;
      continue;
    }
    const data = option + 2;
    const next = data + bytes[option + 1];
    if (data > limit || next > limit) {
      if (limit === cursor.end && !cursor.partial) {
        cursor.complain(
          `mobility option ${type} (${mobilityOptionTypeName(type)}) goes past the end of its header`,
        );
      }
      return;
    }
    if (type !== PADN) writeOption(cursor, out, assignedOptionType(type, cursor.legacy), data, next - data);
    option = next;
  }
}

/** Whether one of the options from `start` on has one of these types. */
export function hasMobilityOption(
  { bytes, limit }: PacketCursor,
  start: number,
  types: readonly number[],
): boolean {
  for (let option = start; option + 1 < limit; option += bytes[option] === PAD1 ? 1 : 2 + bytes[option + 1]) {
    if (types.includes(bytes[option])) return true;
  }
  return false;
}

function writeOption(
  cursor: PacketCursor,
  out: TextWriter,
  type: number,
  data: number,
  octets: number,
): void {
  const line = LINES_BY_TYPE.get(type);
  if (line === undefined) return writeRareOption(cursor, out, type, data, octets);
  const problem = lengthProblem(type, octets);
  if (problem !== undefined) return cursor.complain(problem);
  line(cursor, out, data, octets);
}

/** An option that only the table knows, or nobody. */
function writeRareOption(
  cursor: PacketCursor,
  out: TextWriter,
  type: number,
  data: number,
  octets: number,
): void {
  const entry = mobilityOptionEntry(type);
  const words = entry === undefined ? undefined : OPTION_WORDS.get(entry.kind);
  if (entry === undefined || words === undefined) {
    out.text(` option ${type} (${mobilityOptionTypeName(type)})`);
    return;
  }
  const problem = lengthProblem(type, octets);
  if (problem !== undefined) return cursor.complain(problem);
  writeWords(cursor, out, words, entry.fields, data, data + octets);
}

function writeIpv4HomeAddress(
  out: TextWriter,
  bytes: Uint8Array,
  address: number,
  prefixLength: number,
): void {
  out.text(" HoA4=");
  out.ipv4(bytes, address);
  if (prefixLength === HOST_PREFIX_LENGTH) return;
  out.text("/");
  out.decimal(prefixLength);
}

/** Whether a NAT has changed the source address: the outer IPv4 header is not from this care-of address. */
function comesFromElsewhere({ bytes, tunnels, tunnelCount }: PacketCursor, address: number): boolean {
  const outer = tunnelCount > 0 ? tunnels[tunnelCount - 1] : undefined;
  if (outer?.ipVersion !== 4) return false;
  for (let index = 0; index < 4; index++) {
    if (bytes[outer.sourceOffset + index] !== bytes[address + index]) return true;
  }
  return false;
}
