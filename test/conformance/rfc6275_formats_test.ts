import { assertEquals, assertThrows } from "@std/assert";
import { encodeExtensionHeader } from "../../core/wire/extension_header.ts";
import {
  decodeMobilityHeader,
  encodeMobilityHeader,
  encodeMobilityHeaderInto,
} from "../../core/wire/mobility_header.ts";
import type { MobilityMessage } from "../../core/wire/mobility_message.ts";
import type { MobilityOption } from "../../core/wire/mobility_option.ts";
import { decodeMobilityPacket, encodeMobilityPacket } from "../../core/wire/mobility_packet.ts";
import { HOME_ADDRESS, HOME_AGENT } from "../control/script.ts";
import { FLAGLESS_UPDATE } from "../vectors/mobility_headers.ts";
import { faultOf, valueOf } from "../wire/decoded.ts";
import { hexOf, octetsOf, onesBuffer } from "../wire/octets.ts";

const CARE_OF = "2001:db8:f::7";
const COOKIE = octetsOf("0102030405060708");

interface MessageFormat {
  readonly section: string;
  readonly reservedRow: string;
  readonly unknownOptionRow: string;
  readonly message: Exclude<MobilityMessage, { kind: "unknownMessage" }>;
  /** Octets of the fixed part that are reserved, with their bits: all that follows the checksum. */
  readonly reserved: string;
}

const HEAD = "00 00 00 ff 0000";
const FORMATS: readonly MessageFormat[] = [
  {
    section: "6.1.2",
    reservedRow: "M-032",
    unknownOptionRow: "M-033",
    message: { kind: "bindingRefreshRequest", options: [] },
    reserved: `${HEAD} ffff`,
  },
  {
    section: "6.1.3",
    reservedRow: "M-034",
    unknownOptionRow: "M-035",
    message: { kind: "homeTestInit", homeInitCookie: COOKIE, options: [] },
    reserved: `${HEAD} ffff 0000000000000000`,
  },
  {
    section: "6.1.4",
    reservedRow: "M-037",
    unknownOptionRow: "M-038",
    message: { kind: "careOfTestInit", careOfInitCookie: COOKIE, options: [] },
    reserved: `${HEAD} ffff 0000000000000000`,
  },
  {
    section: "6.1.5",
    reservedRow: "M-028",
    unknownOptionRow: "M-039",
    message: {
      kind: "homeTest",
      homeNonceIndex: 1,
      homeInitCookie: COOKIE,
      homeKeygenToken: COOKIE,
      options: [],
    },
    reserved: HEAD,
  },
  {
    section: "6.1.6",
    reservedRow: "M-028",
    unknownOptionRow: "M-040",
    message: {
      kind: "careOfTest",
      careOfNonceIndex: 1,
      careOfInitCookie: COOKIE,
      careOfKeygenToken: COOKIE,
      options: [],
    },
    reserved: HEAD,
  },
  {
    section: "6.1.7",
    reservedRow: "M-045",
    unknownOptionRow: "M-048",
    message: FLAGLESS_UPDATE,
    reserved: `${HEAD} 0000 003f 0000`,
  },
  {
    section: "6.1.8",
    reservedRow: "M-055",
    unknownOptionRow: "M-057",
    message: {
      kind: "bindingAcknowledgement",
      status: 0,
      keyManagementMobility: false,
      mobileRouter: false,
      proxyRegistration: false,
      tlvHeader: false,
      bulk: false,
      sequenceNumber: 7,
      lifetimeSeconds: 420,
      options: [],
    },
    reserved: `${HEAD} 00 07 0000 0000`,
  },
  {
    section: "6.1.9",
    reservedRow: "M-058",
    unknownOptionRow: "M-059",
    message: { kind: "bindingError", status: 1, homeAddress: HOME_ADDRESS, options: [] },
    reserved: `${HEAD} 00 ff`,
  },
];

const UNKNOWN: MobilityOption = { kind: "unknownOption", type: 200, data: octetsOf("aabbcc") };
const KNOWN: MobilityOption = { kind: "alternateCareOfAddress", careOfAddress: CARE_OF };

for (const { section, reservedRow, unknownOptionRow, message, reserved } of FORMATS) {
  Deno.test(`RFC 6275 ${section} ${reservedRow}: ${message.kind}: reserved bits are sent as zero and ignored`, () => {
    const plain = encodeMobilityHeader(message);
    const buffer = onesBuffer(plain.length);
    encodeMobilityHeaderInto(message, buffer, 0);
    assertEquals(hexOf(buffer), hexOf(plain));
    const bits = octetsOf(reserved);
    bits.forEach((octet, i) => assertEquals(buffer[i] & octet, 0, `octet ${i}`));
    bits.forEach((octet, i) => buffer[i] |= octet);
    assertEquals(valueOf(decodeMobilityHeader(buffer)).message, message);
  });

  Deno.test(`RFC 6275 ${section} ${unknownOptionRow}: ${message.kind}: an unknown option is skipped, the next one is read`, () => {
    const octets = encodeMobilityHeader({ ...message, options: [UNKNOWN, KNOWN] });
    assertEquals(valueOf(decodeMobilityHeader(octets)).message, { ...message, options: [UNKNOWN, KNOWN] });
  });

  Deno.test(`RFC 6275 6.1.1 M-026 M-027 M-030 M-031: ${message.kind}: no payload, options behind the fixed part, a multiple of 8 octets`, () => {
    const fixed = encodeMobilityHeader(message);
    for (const options of [[], [UNKNOWN], [KNOWN, UNKNOWN]]) {
      const octets = encodeMobilityHeader({ ...message, options });
      assertEquals([octets[0], octets.length % 8, octets.length], [59, 0, (octets[1] + 1) * 8]);
      const { optionOffsets } = valueOf(decodeMobilityHeader(octets));
      // The fixed part ends no earlier than 7 octets before the shortest message does.
      for (const offset of optionOffsets) assertEquals(offset > fixed.length - 8, true);
    }
  });

  Deno.test(`RFC 6275 9.2 M-190: ${message.kind}: a header length below that of its type is a fault`, () => {
    const octets = encodeMobilityHeader(message);
    if (octets.length === 8) return;
    octets[1] = 0;
    assertEquals(faultOf(decodeMobilityHeader(octets)).includes("is too small for a"), true);
  });
}

Deno.test("RFC 6275 6.2.3 M-063: what is in a PadN option is ignored", () => {
  const octets = encodeMobilityHeader({ ...FLAGLESS_UPDATE, options: [KNOWN] });
  const zeros = octets.indexOf(1, 12);
  assertEquals(octets[zeros + 1] + 2 + 12 >= 14, true);
  octets.fill(0xff, zeros + 2, zeros + 2 + octets[zeros + 1]);
  assertEquals(valueOf(decodeMobilityHeader(octets)).message, { ...FLAGLESS_UPDATE, options: [KNOWN] });
});

Deno.test("RFC 6275 6.2 M-060: the Binding Authorization Data option ends with the header, at a multiple of 8", () => {
  const proof: MobilityOption = {
    kind: "bindingAuthorizationData",
    authenticator: new Uint8Array(12).fill(9),
  };
  for (const before of [[], [UNKNOWN], [KNOWN]]) {
    const octets = encodeMobilityHeader({ ...FLAGLESS_UPDATE, options: [...before, proof] });
    assertEquals([octets.length % 8, octets.at(-1)], [0, 9]);
  }
});

const MOBILITY_HEADER = encodeMobilityHeader(FLAGLESS_UPDATE);
const ENDS = { source: CARE_OF, destination: HOME_AGENT, mobilityHeader: MOBILITY_HEADER };

Deno.test("RFC 6275 6.1.1 M-029: the checksum is over the home addresses and the length of the mobility header alone", () => {
  const packet = encodeMobilityPacket({ ...ENDS, homeAddressOption: HOME_ADDRESS });
  const start = packet.length - MOBILITY_HEADER.length;
  const pseudo = encodeMobilityPacket({ ...ENDS, source: HOME_ADDRESS });
  // The same addresses and the same header without the extension header in front have the same checksum.
  assertEquals(hexOf(packet.subarray(start)), hexOf(pseudo.subarray(40)));
  let sum = MOBILITY_HEADER.length + 135;
  const words = [...pseudo.subarray(8, 40), ...pseudo.subarray(40)];
  for (let i = 0; i < words.length; i += 2) sum += words[i] << 8 | words[i + 1];
  assertEquals(sum % 0xffff, 0);
});

Deno.test("RFC 6275 6.3 M-066 M-070 M-071: the Home Address option: 16 octets, behind a routing header, once", () => {
  const packet = encodeMobilityPacket({
    ...ENDS,
    homeAddressOption: HOME_ADDRESS,
    routingHomeAddress: CARE_OF,
  });
  // IPv6, routing (43), destination options (60), mobility header (135).
  assertEquals([packet[6], packet[40], packet[64]], [43, 60, 135]);
  const option = packet.subarray(64 + 6, 64 + 8);
  assertEquals(hexOf(option), "c910");
  packet[64 + 7] = 15;
  assertEquals(faultOf(decodeMobilityPacket(packet)).includes("Home Address option length"), true);

  const twice = encodeExtensionHeader({
    kind: "destinationOptions",
    nextHeader: 135,
    options: [HOME_ADDRESS, CARE_OF].map((homeAddress) => ({ kind: "homeAddress", homeAddress })),
  });
  const plain = encodeMobilityPacket(ENDS);
  const doubled = new Uint8Array([...plain.subarray(0, 40), ...twice, ...plain.subarray(40)]);
  doubled[5] += twice.length;
  doubled[6] = 60;
  assertEquals(faultOf(decodeMobilityPacket(doubled)).includes("stands there twice"), true);
});

Deno.test("RFC 6275 6.4.1 M-076 M-077: the type 2 routing header: length 2, one segment left, reserved zero and ignored", () => {
  const packet = encodeMobilityPacket({ ...ENDS, routingHomeAddress: HOME_ADDRESS });
  assertEquals(hexOf(packet.subarray(40, 48)), "8702020100000000");
  packet.fill(0xff, 44, 48);
  assertEquals(valueOf(decodeMobilityPacket(packet)).routingHomeAddress, HOME_ADDRESS);
  const longer = packet.slice();
  longer[41] = 4;
  assertEquals(faultOf(decodeMobilityPacket(longer)).includes("routing header"), true);
  const done = packet.slice();
  done[43] = 0;
  assertEquals(faultOf(decodeMobilityPacket(done)).includes("segments left"), true);
});

Deno.test("a mobility header longer than its length octet can say is never made", () => {
  const data = new Uint8Array(250);
  const options = Array.from(
    { length: 9 },
    (): MobilityOption => ({ kind: "unknownOption", type: 200, data }),
  );
  assertThrows(() => encodeMobilityHeader({ ...FLAGLESS_UPDATE, options }), RangeError);
});
