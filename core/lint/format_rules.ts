import { lengthProblem } from "../inspect/mobility_option_length.ts";
import { NONE } from "../inspect/packet_cursor.ts";
import { Protocol } from "../wire/constants.ts";
import { mobilityOptionEntry } from "../wire/mobility_option_table.ts";
import { mobilityChecksum } from "./header_rules.ts";
import { ACKNOWLEDGEMENT, type LintView, type OptionPlace, UPDATE } from "./lint_view.ts";
import { hexadecimal, type PacketRule } from "./rule.ts";

const PADN = 1;
const AUTHORIZATION_DATA = 5;
const MESSAGE_AUTHENTICATION = 9;
const MN_HA = 1;
/** The messages of RFC 6275 are 0 to 7; what later ones may hold is told in many documents. */
const LAST_BASE_MESSAGE = 7;

/** Options that only these messages of RFC 6275 may hold. */
const ALLOWED_IN: ReadonlyMap<number, readonly number[]> = new Map([
  [2, [ACKNOWLEDGEMENT]],
  [3, [UPDATE]],
  [4, [UPDATE]],
  [AUTHORIZATION_DATA, [UPDATE, ACKNOWLEDGEMENT]],
  [6, [UPDATE, ACKNOWLEDGEMENT]],
  [10, [UPDATE, ACKNOWLEDGEMENT]],
  [29, [UPDATE]],
  [30, [ACKNOWLEDGEMENT]],
  [31, [ACKNOWLEDGEMENT]],
  [32, [UPDATE]],
]);

/** Bits in the first two octets of an option's data that are 0 (RFC 5555 3.1.1, 3.1.2, 3.2.1, 3.2.2). */
const RESERVED_IN_OPTION: ReadonlyMap<number, number> = new Map([
  [29, 0x01ff],
  [30, 0x0003],
  [31, 0x7fff],
  [32, 0xffff],
]);
/** RFC 5555 3.1.1: an address and a prefix may be asked for in options of their own. */
const REPEATED: readonly number[] = [29, 30];
const UPDATE_RESERVED = 0x000f;
const ACKNOWLEDGEMENT_RESERVED = 0x01;

/** Rules over the form of a mobility header. */
export const FORMAT_RULES: readonly PacketRule[] = [{
  id: "mobility-checksum",
  severity: "error",
  section: "RFC 6275 6.1.1",
  row: "",
  says: "The checksum of the mobility header is right, with home addresses in the pseudo-header.",
  check: (view) => view.end > view.cursor.end ? undefined : mobilityChecksum(view),
}, {
  id: "mobility-length",
  severity: "error",
  section: "RFC 6275 9.2",
  row: "",
  says: "The mobility header is as long as it says, and as its message needs.",
  check({ cursor, end, room, entry, readable }) {
    const octets = end - cursor.offset;
    if (octets > room) return `${octets} bytes said, ${room} there`;
    if (entry !== undefined && !readable) return `${octets} bytes are too few for a ${entry.name}`;
    return undefined;
  },
}, {
  id: "payload-protocol",
  severity: "error",
  section: "RFC 6275 9.2",
  row: "M-187",
  says: "The payload protocol is 59, no next header.",
  check({ cursor }) {
    const protocol = cursor.bytes[cursor.offset];
    return protocol === Protocol.noNextHeader ? undefined : `payload protocol ${protocol}`;
  },
}, {
  id: "message-unknown",
  severity: "note",
  section: "RFC 6275 9.2",
  row: "",
  says: "The type of the message is in the registry.",
  check({ entry, type, end, cursor }) {
    return entry === undefined && end <= cursor.end ? `mobility header type ${type}` : undefined;
  },
}, {
  id: "reserved-bits",
  severity: "warning",
  section: "RFC 6275 6.1.1",
  row: "M-032",
  says: "Reserved bits of the header and of its message are 0.",
  check: reservedBits,
}, {
  id: "option-reserved-bits",
  severity: "warning",
  section: "RFC 5555 3",
  row: "D-032",
  says: "Reserved bits of the options of RFC 5555 are 0.",
  check: firstOption((view, { type, data, octets }) => {
    const mask = RESERVED_IN_OPTION.get(type);
    if (mask === undefined || octets < 2) return undefined;
    const set = view.cursor.uint16(data) & mask;
    return set === 0 ? undefined : `${optionName(type)}: ${hexadecimal(set)} is set`;
  }),
}, {
  id: "option-cut",
  severity: "error",
  section: "RFC 6275 6.2.1",
  row: "",
  says: "Every option ends before the mobility header does.",
  check({ brokenOption, cursor }) {
    if (brokenOption === NONE) return undefined;
    return `${optionName(cursor.bytes[brokenOption])} at byte ${
      brokenOption - cursor.offset
    } goes past the end`;
  },
}, {
  id: "option-length",
  severity: "error",
  section: "RFC 6275 6.2",
  row: "",
  says: "An option's data are as long as its document says.",
  check: firstOption((_view, { type, octets }) => lengthProblem(type, octets)),
}, {
  id: "option-alignment",
  severity: "warning",
  section: "RFC 6275 6.2",
  row: "M-031",
  says: "An option starts where its alignment allows.",
  check: firstOption(({ cursor }, { type, offset, octets }) => {
    const alignment = mobilityOptionEntry(type)?.alignment(octets);
    if (alignment === undefined) return undefined;
    const place = offset - cursor.offset;
    if ((place - alignment.offset) % alignment.n === 0) return undefined;
    const wanted = `${alignment.n}n${alignment.offset === 0 ? "" : `+${alignment.offset}`}`;
    return `${optionName(type)} at byte ${place}, not ${wanted}`;
  }),
}, {
  id: "padding-content",
  severity: "warning",
  section: "RFC 6275 6.2.3",
  row: "M-063",
  says: "The data of PadN are zeros.",
  check: firstOption(({ cursor }, { type, data, octets }) => {
    if (type !== PADN) return undefined;
    for (let at = data; at < data + octets; at++) {
      if (cursor.bytes[at] !== 0) return `${hexadecimal(cursor.bytes[at], 2)} at byte ${at - cursor.offset}`;
    }
    return undefined;
  }),
}, {
  id: "option-unknown",
  severity: "note",
  section: "RFC 6275 6.2.1",
  row: "M-061",
  says: "The type of an option is in the registry.",
  check: firstOption((_view, { type, octets }) =>
    type === PADN || mobilityOptionEntry(type) !== undefined ? undefined : `option ${type}, ${octets} bytes`
  ),
}, {
  id: "option-forbidden",
  severity: "error",
  section: "RFC 6275 6.2",
  row: "",
  says: "An option stands only in a message that it is made for.",
  check: firstOption((view, { type }) => {
    if (view.type > LAST_BASE_MESSAGE) return undefined;
    if (ALLOWED_IN.get(type)?.includes(view.type) !== false) return undefined;
    return `${optionName(type)} in a ${view.entry?.name}`;
  }),
}, {
  id: "option-repeated",
  severity: "warning",
  section: "RFC 6275 6.2",
  row: "",
  says: "An option that makes sense only once stands only once.",
  check: firstOption((view, option) => {
    const { type } = option;
    const entry = mobilityOptionEntry(type);
    if (entry === undefined || entry.repeatable || REPEATED.includes(type)) return undefined;
    if (type === MESSAGE_AUTHENTICATION || view.type > LAST_BASE_MESSAGE) return undefined;
    return view.option(type) === option ? undefined : `${entry.name} again`;
  }),
}, {
  id: "authorization-not-last",
  severity: "error",
  section: "RFC 6275 6.2",
  row: "M-060",
  says: "The Binding Authorization Data option is the last, with no padding behind it.",
  check(view) {
    const option = view.option(AUTHORIZATION_DATA);
    return option === undefined ? undefined : behind(view, option);
  },
}, {
  id: "authentication-not-last",
  severity: "error",
  section: "RFC 4285 5.1",
  row: "A-005",
  says: "The MN-HA authentication option is the last, but for one for MN-AAA.",
  check(view) {
    const { cursor, options } = view;
    const option = options.find(({ type, data, octets }) =>
      type === MESSAGE_AUTHENTICATION && octets > 0 && cursor.bytes[data] === MN_HA
    );
    if (option === undefined) return undefined;
    const next = options.slice(options.indexOf(option) + 1).find(({ type }) =>
      type !== PADN && type !== MESSAGE_AUTHENTICATION
    );
    return next === undefined ? undefined : `${optionName(next.type)} behind it`;
  },
}, {
  id: "authentication-order",
  severity: "error",
  section: "RFC 4285 5",
  row: "A-002",
  says: "The MN-HA authentication option stands before the one for MN-AAA.",
  check({ cursor, options }) {
    const subtypes = options.filter(({ type, octets }) => type === MESSAGE_AUTHENTICATION && octets > 0)
      .map(({ data }) => cursor.bytes[data]);
    return subtypes.includes(MN_HA) && subtypes[0] !== MN_HA ? `subtype ${subtypes[0]} first` : undefined;
  },
}];

/** A rule over each option: what it finds at the first that breaks it. */
function firstOption(
  check: (view: LintView, option: OptionPlace) => string | undefined,
): PacketRule["check"] {
  return (view) => {
    for (const option of view.options) {
      const found = check(view, option);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

function reservedBits({ cursor, type, data, readable }: LintView): string | undefined {
  const reserved = cursor.bytes[cursor.offset + 3];
  if (reserved !== 0) return `${hexadecimal(reserved, 2)} behind the type`;
  if (!readable) return undefined;
  const set = type === UPDATE
    ? cursor.uint16(data + 2) & UPDATE_RESERVED
    : type === ACKNOWLEDGEMENT
    ? cursor.bytes[data + 1] & ACKNOWLEDGEMENT_RESERVED
    : type <= 2
    ? cursor.uint16(data)
    : 0;
  return set === 0 ? undefined : `${hexadecimal(set)} in the message`;
}

function behind({ end, options }: LintView, option: OptionPlace): string | undefined {
  const rest = end - option.data - option.octets;
  if (rest === 0) return undefined;
  const next = options[options.indexOf(option) + 1];
  return next === undefined || next.type === PADN
    ? `${rest} bytes of padding behind it`
    : `${optionName(next.type)} behind it`;
}

function optionName(type: number): string {
  return mobilityOptionEntry(type)?.name ?? (type === PADN ? "PadN" : `option ${type}`);
}
