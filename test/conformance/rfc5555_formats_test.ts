import { assertEquals } from "@std/assert";
import { FIRST_REFUSAL_STATUS, ipv4AddressStatusName } from "../../core/wire/binding_status.ts";
import {
  decodeMobilityHeader,
  encodeMobilityHeader,
  encodeMobilityHeaderInto,
} from "../../core/wire/mobility_header.ts";
import type { BindingUpdate, MobilityMessage } from "../../core/wire/mobility_message.ts";
import type { MobilityOption } from "../../core/wire/mobility_option.ts";
import { FLAGLESS_UPDATE } from "../vectors/mobility_headers.ts";
import { faultOf, valueOf } from "../wire/decoded.ts";
import { hexOf, octetsOf, onesBuffer } from "../wire/octets.ts";

const OPTIONS_START = 12;
const OPTION_OCTETS = 8;

function withOptions(...options: MobilityOption[]): BindingUpdate {
  return { ...FLAGLESS_UPDATE, options };
}

function optionsOf(bytes: Uint8Array): readonly MobilityOption[] {
  return (valueOf(decodeMobilityHeader(bytes)).message as BindingUpdate).options;
}

interface OptionFormat {
  readonly section: string;
  readonly name: string;
  readonly layoutRow: string;
  readonly reservedRow: string;
  /** Octets as the figure draws them, the reserved ones of their bits, and the record that they are. */
  readonly cases: readonly {
    readonly hex: string;
    readonly reserved: string;
    readonly option: MobilityOption;
  }[];
}

const FORMATS: readonly OptionFormat[] = [
  {
    section: "3.1.1",
    name: "IPv4 Home Address",
    layoutRow: "D-027",
    reservedRow: "D-032",
    cases: [
      {
        hex: "1d 06 80 00 c0000201",
        reserved: "00 00 01 ff 00000000",
        option: { kind: "ipv4HomeAddress", prefixLength: 32, requestPrefix: false, homeAddress: "192.0.2.1" },
      },
      {
        hex: "1d 06 72 00 00000000",
        reserved: "00 00 01 ff 00000000",
        option: { kind: "ipv4HomeAddress", prefixLength: 28, requestPrefix: true, homeAddress: "0.0.0.0" },
      },
      {
        hex: "1d 06 fc 00 ffffffff",
        reserved: "00 00 01 ff 00000000",
        option: {
          kind: "ipv4HomeAddress",
          prefixLength: 63,
          requestPrefix: false,
          homeAddress: "255.255.255.255",
        },
      },
    ],
  },
  {
    section: "3.1.2",
    name: "IPv4 Care-of Address",
    layoutRow: "D-034",
    reservedRow: "D-035",
    cases: [
      {
        hex: "20 06 00 00 c6336407",
        reserved: "00 00 ff ff 00000000",
        option: { kind: "ipv4CareOfAddress", careOfAddress: "198.51.100.7" },
      },
    ],
  },
  {
    section: "3.2.1",
    name: "IPv4 Address Acknowledgement",
    layoutRow: "D-038",
    reservedRow: "D-038",
    cases: [
      {
        hex: "1e 06 00 80 c0000201",
        reserved: "00 00 00 03 00000000",
        option: { kind: "ipv4AddressAcknowledgement", status: 0, prefixLength: 32, homeAddress: "192.0.2.1" },
      },
      {
        hex: "1e 06 82 00 c0000201",
        reserved: "00 00 00 03 00000000",
        option: {
          kind: "ipv4AddressAcknowledgement",
          status: 130,
          prefixLength: 0,
          homeAddress: "192.0.2.1",
        },
      },
    ],
  },
  {
    section: "3.2.2",
    name: "NAT Detection",
    layoutRow: "D-044",
    reservedRow: "D-050",
    cases: [
      {
        hex: "1f 06 8000 0000002d",
        reserved: "00 00 7fff 00000000",
        option: { kind: "natDetection", forceUdp: true, refreshSeconds: 45 },
      },
      {
        hex: "1f 06 0000 ffffffff",
        reserved: "00 00 7fff 00000000",
        option: { kind: "natDetection", forceUdp: false, refreshSeconds: 0xffffffff },
      },
    ],
  },
];

for (const { section, name, layoutRow, reservedRow, cases } of FORMATS) {
  Deno.test(`RFC 5555 ${section} ${layoutRow}: layout of the ${name} option`, () => {
    for (const { hex, option } of cases) {
      const bytes = encodeMobilityHeader(withOptions(option));
      assertEquals(hexOf(bytes.subarray(OPTIONS_START, OPTIONS_START + OPTION_OCTETS)), hexOf(octetsOf(hex)));
      assertEquals(optionsOf(bytes), [option]);
    }
  });

  Deno.test(`RFC 5555 ${section} ${reservedRow}: reserved bits of the ${name} option are sent as zero and ignored`, () => {
    for (const { hex, reserved, option } of cases) {
      const buffer = onesBuffer(64);
      encodeMobilityHeaderInto(withOptions(option), buffer, 0);
      const sent = buffer.subarray(OPTIONS_START, OPTIONS_START + OPTION_OCTETS);
      assertEquals(hexOf(sent), hexOf(octetsOf(hex)));
      octetsOf(reserved).forEach((bits, i) => sent[i] |= bits);
      assertEquals(optionsOf(buffer), [option]);
    }
  });

  Deno.test(`RFC 5555 ${section} ${layoutRow}: an ${name} option of a length other than 6 is a fault`, () => {
    const type = octetsOf(cases[0].hex)[0];
    for (const length of [0, 4, 5, 7, 10]) {
      const padding = 20 - 2 - length;
      const bytes = new Uint8Array(32);
      bytes.set([59, 3, 5]);
      bytes.set([type, length], OPTIONS_START);
      bytes.set([1, padding - 2], 32 - padding);
      assertEquals(
        faultOf(decodeMobilityHeader(bytes)),
        `${name} option length at offset 13: is ${length}, not 6`,
      );
    }
  });

  Deno.test(`RFC 5555 ${section} ${layoutRow}: the ${name} option starts at a multiple of 4 octets`, () => {
    for (let octets = 0; octets < 8; octets++) {
      const before: MobilityOption = { kind: "unknownOption", type: 200, data: new Uint8Array(octets) };
      const bytes = encodeMobilityHeader(withOptions(before, cases[0].option));
      const [, offset] = valueOf(decodeMobilityHeader(bytes)).optionOffsets;
      assertEquals(offset % 4, 0);
      assertEquals(offset, Math.ceil((OPTIONS_START + 2 + octets) / 4) * 4);
    }
  });
}

Deno.test("RFC 5555 3.1.1 D-033: a message may hold several IPv4 home address options", () => {
  const options = FORMATS[0].cases.map(({ option }) => option);
  assertEquals(optionsOf(encodeMobilityHeader(withOptions(...options))), options);
});

Deno.test("RFC 5555 3.1.3 D-036: the F flag is 0x0100 of the Binding Update's flags", () => {
  const bytes = encodeMobilityHeader({ ...FLAGLESS_UPDATE, forceUdp: true });
  assertEquals(bytes[8] << 8 | bytes[9], 0x0100);
  assertEquals((valueOf(decodeMobilityHeader(bytes)).message as BindingUpdate).forceUdp, true);
  const all = encodeMobilityHeader(FLAGLESS_UPDATE);
  all[8] = 0xfe;
  all[9] = 0xff;
  assertEquals((valueOf(decodeMobilityHeader(all)).message as BindingUpdate).forceUdp, false);
});

Deno.test("RFC 5555 3.2.1 D-042: a status below 128 is success, its failures have their names", () => {
  assertEquals(FIRST_REFUSAL_STATUS, 128);
  const names = [0, 128, 129, 130, 131, 132, 133].map(ipv4AddressStatusName);
  assertEquals(names, [
    "Success",
    "Failure, reason unspecified",
    "Administratively prohibited",
    "Incorrect IPv4 home address",
    "Invalid IPv4 address",
    "Dynamic IPv4 home address assignment not available",
    "Prefix allocation unauthorized",
  ]);
  assertEquals([1, 127, 134, 255].map(ipv4AddressStatusName), [
    "unassigned, accepted",
    "unassigned, accepted",
    "unassigned, refused",
    "unassigned, refused",
  ]);
});

Deno.test("RFC 5555 3: the options stand in a Binding Acknowledgement as in a Binding Update", () => {
  const options = FORMATS.flatMap(({ cases }) => cases.map(({ option }) => option));
  const message: MobilityMessage = {
    kind: "bindingAcknowledgement",
    status: 0,
    keyManagementMobility: false,
    mobileRouter: false,
    proxyRegistration: false,
    tlvHeader: false,
    bulk: false,
    sequenceNumber: 7,
    lifetimeSeconds: 420,
    options,
  };
  assertEquals(valueOf(decodeMobilityHeader(encodeMobilityHeader(message))).message, message);
});
