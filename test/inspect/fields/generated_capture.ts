import { LinkType } from "../../../core/capture/link_type.ts";
import { encodePcapHeader, encodePcapRecord } from "../../../core/capture/pcap_writer.ts";
import { MESSAGE_PLACES, OPTION_PLACES } from "../../../core/inspect/fields/mobility_fields.ts";
import { homeAddressOption, ipv4, ipv6, join, routingHomeAddress, udp } from "../packet_builder.ts";

type Next = (bound: number) => number;

const HOME = "2001:db8:100::100";
const AGENT = "2001:db8:100::1";
const VISITED = "2001:db8:5::5";
const HEAD_OCTETS = 6;
const REVOCATION = 16;
/** What tshark 4.0 has names for. */
const LAST_KNOWN_MESSAGE = 18;
const isKnownOption = (type: number) => type <= 41 || (type >= 46 && type <= 52) || type === 55;
const LONGEST_DATA = 24;
/** Home Agent Switch with its options, Localized Routing: tshark 4.0 looks for them in the wrong place. */
const MISREAD_MESSAGES: ReadonlySet<number> = new Set([12, 17, 18]);
/** Context Request, Redirect: tshark 4.0 loses its way behind some of them. */
const MISREAD_OPTIONS: ReadonlySet<number> = new Set([40, 47]);
/** tshark 4.0 shows no data of these options when there is less, and nothing of the options behind them. */
const LEAST_FOR_TSHARK: ReadonlyMap<number, number> = new Map([
  [5, 2],
  [8, 5],
  [9, 8],
  [12, 3],
  [13, 3],
  [14, 3],
  [17, 5],
  [18, 3],
  [19, 8],
  [21, 7],
  [52, 2],
]);

/** One mobility header of each type, and headers with options of every type, as octets; some of them damaged. */
export function mobilityHeaders(next: Next, damaged: boolean): Uint8Array[] {
  const headers: Uint8Array[] = [];
  const optionTypes = [...OPTION_PLACES.keys()].filter((type) =>
    type > 1 && isKnownOption(type) && !MISREAD_OPTIONS.has(type)
  );
  for (const [type, { optionsAt }] of MESSAGE_PLACES) {
    if (MISREAD_MESSAGES.has(type) || type > LAST_KNOWN_MESSAGE) continue;
    for (let round = 0; round < 9; round++) {
      const fixed = fixedPart(next, type, optionsAt ?? 8);
      const options = [0, 0, 0].slice(0, next(4)).map(() =>
        option(next, optionTypes[next(optionTypes.length)])
      );
      headers.push(header(type, optionsAt === undefined ? [fixed] : [fixed, ...options]));
    }
  }
  for (const type of optionTypes) {
    for (let round = 0; round < 12; round++) {
      const options = [option(next, type), option(next, optionTypes[next(optionTypes.length)])];
      headers.push(header(5, [fixedPart(next, 5, 12), ...options]));
    }
  }
  return damaged ? headers.map((one) => damage(one, next)) : headers;
}

/** What stands behind the checksum, with random values. */
function fixedPart(next: Next, type: number, optionsAt: number): Uint8Array {
  const part = randomOctets(next, optionsAt - HEAD_OCTETS);
  if (type === REVOCATION) part[0] = 1 + next(2);
  return part;
}

function option(next: Next, type: number): Uint8Array {
  const { lengths } = OPTION_PLACES.get(type)!;
  const least = LEAST_FOR_TSHARK.get(type) ?? ("atLeast" in lengths ? lengths.atLeast : 0);
  const octets = "atLeast" in lengths ? least + next(LONGEST_DATA - least) : lengths[next(lengths.length)];
  return join(Uint8Array.of(type, octets), optionData(next, type, octets));
}

const TEXT_AT: ReadonlyMap<number, number> = new Map([[8, 1], [20, 0]]);
const LETTERS = new TextEncoder().encode("abcdefghijklmnopqrstuvwxyz.@-0123456789");
const ADDRESS_ANCHOR = 41;
const ADDRESS_CODE_IPV6 = 1;
const ADDRESS_CODE_IPV4 = 2;
const ACCESS_NETWORK = 52;

function optionData(next: Next, type: number, octets: number): Uint8Array {
  const data = randomOctets(next, octets);
  const textAt = TEXT_AT.get(type);
  if (textAt !== undefined) {
    for (let at = textAt; at < octets; at++) data[at] = LETTERS[data[at] % LETTERS.length];
  }
  // The code says which kind of address follows.
  if (type === ADDRESS_ANCHOR) data[0] = octets === 18 ? ADDRESS_CODE_IPV6 : ADDRESS_CODE_IPV4;
  if (type === ACCESS_NETWORK) data.set(accessNetwork(octets));
  return data;
}

/** Sub-options up to `octets`: a Geo-Location, and an Operator-Identifier with what is left. */
function accessNetwork(octets: number): Uint8Array {
  const data = new Uint8Array(octets);
  if (octets < 12) return octets < 2 ? data : data.fill(7).fill(9, 0, 1).fill(octets - 2, 1, 2);
  data.set([2, 6, 0x01, 0x02, 0x03, 0xf1, 0x02, 0x03, 3, octets - 10, 1, 9]);
  return data;
}

function header(type: number, parts: readonly Uint8Array[]): Uint8Array {
  const body = join(Uint8Array.of(59, 0, type, 0, 0, 0), ...parts);
  const padding = (8 - body.length % 8) % 8;
  const whole = join(body, padding === 1 ? new Uint8Array(1) : padOctets(padding));
  whole[1] = whole.length / 8 - 1;
  return whole;
}

/** PadN. */
function padOctets(octets: number): Uint8Array {
  return octets === 0 ? new Uint8Array() : join(Uint8Array.of(1, octets - 2), new Uint8Array(octets - 2));
}

function randomOctets(next: Next, octets: number): Uint8Array {
  return Uint8Array.from({ length: octets }, () => next(256));
}

/** Lengths that lie, options that nobody knows, other values; the message stays of its type. */
function damage(header: Uint8Array, next: Next): Uint8Array {
  const bytes = header.slice();
  for (let changes = 1 + next(2); changes > 0; changes--) {
    const at = 3 + next(bytes.length - 3);
    bytes[at] = next(3) === 0 ? next(256) : next(24);
  }
  return bytes;
}

/** The headers in UDP port 4191, in IPv4 and in IPv6, with home addresses here and there. */
export function generatedCapture(headers: readonly Uint8Array[], next: Next): Uint8Array {
  const records = headers.map((one, index) => {
    const time = { seconds: 1_700_000_000 + index, nanoseconds: 1000 * next(1_000_000) };
    return encodePcapRecord({ linkType: LinkType.raw }, time, carry(one, next));
  });
  return join(encodePcapHeader({ linkType: LinkType.raw }), ...records);
}

function carry(header: Uint8Array, next: Next): Uint8Array {
  const inner = ipv6(HOME, AGENT, 135, header);
  switch (next(5)) {
    case 0:
      return ipv4("10.0.0.42", "203.0.113.1", 17, udp(4191, 4191, inner));
    case 1:
      return ipv4("10.0.0.42", "203.0.113.1", 41, inner);
    case 2:
      return ipv6(VISITED, AGENT, 60, homeAddressOption(135, HOME, header));
    case 3:
      return ipv6(AGENT, VISITED, 43, routingHomeAddress(135, HOME, header));
    default:
      return inner;
  }
}
