import type { MobilityMessage } from "../../core/wire/mobility_message.ts";

/** A mobility header written by hand from the figures of the RFCs, with checksum 0, and what it means. */
export interface MobilityHeaderVector {
  readonly name: string;
  /** Hexadecimal digits; blanks separate fields. */
  readonly hex: string;
  readonly message: MobilityMessage;
}

const NO_FLAGS = {
  acknowledge: false,
  homeRegistration: false,
  linkLocalCompatibility: false,
  keyManagementMobility: false,
  mapRegistration: false,
  mobileRouter: false,
  proxyRegistration: false,
  forceUdp: false,
  tlvHeader: false,
  overwriteOrBulk: false,
};

const UPDATE = {
  kind: "bindingUpdate",
  sequenceNumber: 1000,
  ...NO_FLAGS,
  acknowledge: true,
  homeRegistration: true,
  lifetimeSeconds: 420,
  options: [],
} as const;

const ACKNOWLEDGEMENT = {
  kind: "bindingAcknowledgement",
  status: 0,
  keyManagementMobility: false,
  mobileRouter: false,
  proxyRegistration: false,
  tlvHeader: false,
  bulk: false,
  sequenceNumber: 1000,
  lifetimeSeconds: 420,
  options: [],
} as const;

/** Payload protocol 59, header length, type 5, reserved, checksum | sequence 1000 | A and H | 105 times 4 s. */
const update = (headerLength: string, options: string) => `3b ${headerLength} 05 00 0000 03e8 c000 0069 ${options}`;
const acknowledgement = (headerLength: string, options: string) =>
  `3b ${headerLength} 06 00 0000 00 00 03e8 0069 ${options}`;

function octets(...values: number[]): Uint8Array {
  return new Uint8Array(values);
}

export const MESSAGE_VECTORS: readonly MobilityHeaderVector[] = [
  { name: "Binding Refresh Request", hex: "3b 00 00 00 0000 0000", message: { kind: "bindingRefreshRequest", options: [] } },
  {
    name: "Home Test Init",
    hex: "3b 01 01 00 0000 0000 0102030405060708",
    message: { kind: "homeTestInit", homeInitCookie: octets(1, 2, 3, 4, 5, 6, 7, 8), options: [] },
  },
  {
    name: "Care-of Test Init",
    hex: "3b 01 02 00 0000 0000 090a0b0c0d0e0f10",
    message: { kind: "careOfTestInit", careOfInitCookie: octets(9, 10, 11, 12, 13, 14, 15, 16), options: [] },
  },
  {
    name: "Home Test",
    hex: "3b 02 03 00 0000 04d2 0102030405060708 1112131415161718",
    message: {
      kind: "homeTest",
      homeNonceIndex: 1234,
      homeInitCookie: octets(1, 2, 3, 4, 5, 6, 7, 8),
      homeKeygenToken: octets(0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18),
      options: [],
    },
  },
  {
    name: "Care-of Test",
    hex: "3b 02 04 00 0000 162e 090a0b0c0d0e0f10 191a1b1c1d1e1f20",
    message: {
      kind: "careOfTest",
      careOfNonceIndex: 5678,
      careOfInitCookie: octets(9, 10, 11, 12, 13, 14, 15, 16),
      careOfKeygenToken: octets(0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x20),
      options: [],
    },
  },
  { name: "Binding Update", hex: update("01", "01020000"), message: UPDATE },
  { name: "Binding Acknowledgement", hex: acknowledgement("01", "01020000"), message: ACKNOWLEDGEMENT },
  {
    name: "Binding Acknowledgement, refused, with the longest lifetime",
    hex: "3b 01 06 00 0000 87 00 ffff ffff 01020000",
    message: { ...ACKNOWLEDGEMENT, status: 135, sequenceNumber: 65535, lifetimeSeconds: 262140 },
  },
  {
    name: "Binding Error",
    hex: "3b 02 07 00 0000 02 00 20010db8000000000000000000000001",
    message: { kind: "bindingError", status: 2, homeAddress: "2001:db8::1", options: [] },
  },
  {
    name: "a message of a type without a record (Heartbeat)",
    hex: "3b 01 0d 00 0000 0001 00000007 01020000",
    message: { kind: "unknownMessage", type: 13, data: octets(0, 1, 0, 0, 0, 7, 1, 2, 0, 0) },
  },
];

/** Flag by flag: the mask in the 16 bits at offset 8 of a Binding Update. */
export const UPDATE_FLAGS: readonly (readonly [keyof typeof NO_FLAGS, number])[] = [
  ["acknowledge", 0x8000],
  ["homeRegistration", 0x4000],
  ["linkLocalCompatibility", 0x2000],
  ["keyManagementMobility", 0x1000],
  ["mapRegistration", 0x0800],
  ["mobileRouter", 0x0400],
  ["proxyRegistration", 0x0200],
  ["forceUdp", 0x0100],
  ["tlvHeader", 0x0080],
  ["overwriteOrBulk", 0x0040],
];

/** Flag by flag: the mask in the octet at offset 7 of a Binding Acknowledgement. */
export const ACKNOWLEDGEMENT_FLAGS = [
  ["keyManagementMobility", 0x80],
  ["mobileRouter", 0x40],
  ["proxyRegistration", 0x20],
  ["tlvHeader", 0x10],
  ["bulk", 0x08],
] as const;

export const FLAGLESS_UPDATE = { ...UPDATE, ...NO_FLAGS };
export const PLAIN_ACKNOWLEDGEMENT = ACKNOWLEDGEMENT;

/** One option each; the options of both messages begin at offset 12. */
export const OPTION_VECTORS: readonly MobilityHeaderVector[] = [
  {
    name: "Binding Refresh Advice (2n)",
    hex: acknowledgement("01", "02 02 012c"),
    message: { ...ACKNOWLEDGEMENT, options: [{ kind: "bindingRefreshAdvice", refreshIntervalSeconds: 1200 }] },
  },
  {
    name: "Alternate Care-of Address (8n + 6)",
    hex: update("03", "0100 03 10 20010db8000000000000000000000abc"),
    message: { ...UPDATE, options: [{ kind: "alternateCareOfAddress", careOfAddress: "2001:db8::abc" }] },
  },
  {
    name: "Nonce Indices (2n)",
    hex: update("02", "04 04 04d2 162e 010400000000"),
    message: { ...UPDATE, options: [{ kind: "nonceIndices", homeNonceIndex: 1234, careOfNonceIndex: 5678 }] },
  },
  {
    name: "Binding Authorization Data (8n + 2, last)",
    hex: update("03", "010400000000 05 0c 0102030405060708090a0b0c"),
    message: {
      ...UPDATE,
      options: [{ kind: "bindingAuthorizationData", authenticator: octets(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12) }],
    },
  },
  {
    name: "Mobile Network Prefix (8n + 4)",
    hex: update("03", "06 12 00 38 20010db8010200000000000000000000"),
    message: { ...UPDATE, options: [{ kind: "mobileNetworkPrefix", prefixLength: 56, prefix: "2001:db8:102::" }] },
  },
  {
    name: "Mobile Node Identifier (no alignment)",
    hex: update("03", "08 10 01 6d6e31406578616d706c652e6f7267 0100"),
    message: {
      ...UPDATE,
      options: [{ kind: "mobileNodeIdentifier", subtype: 1, identifier: new TextEncoder().encode("mn1@example.org") }],
    },
  },
  {
    name: "Mobility Message Authentication (4n + 1, last)",
    hex: update("03", "00 09 11 01 000003e8 0102030405060708090a0b0c"),
    message: {
      ...UPDATE,
      options: [{
        kind: "messageAuthentication",
        subtype: 1,
        spi: 1000,
        authenticationData: octets(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
      }],
    },
  },
  {
    name: "Mobility Message Authentication of 128 bits: padding goes before it",
    hex: update("04", "0103000000 09 15 01 000003e8 0102030405060708090a0b0c0d0e0f10"),
    message: {
      ...UPDATE,
      options: [{
        kind: "messageAuthentication",
        subtype: 1,
        spi: 1000,
        authenticationData: octets(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16),
      }],
    },
  },
  {
    name: "Message Identification (8n + 2)",
    hex: update("03", "010400000000 0a 08 eb5e0a0180000000 01020000"),
    message: { ...UPDATE, options: [{ kind: "messageIdentification", timestamp: 0xeb5e0a01_80000000n }] },
  },
  {
    name: "IPv4 Home Address (4n), a single address",
    hex: update("02", "1d 06 80 00 c0000201 01020000"),
    message: {
      ...UPDATE,
      options: [{ kind: "ipv4HomeAddress", prefixLength: 32, requestPrefix: false, homeAddress: "192.0.2.1" }],
    },
  },
  {
    name: "IPv4 Home Address (4n), a prefix asked for",
    hex: update("02", "1d 06 62 00 00000000 01020000"),
    message: {
      ...UPDATE,
      options: [{ kind: "ipv4HomeAddress", prefixLength: 24, requestPrefix: true, homeAddress: "0.0.0.0" }],
    },
  },
  {
    name: "IPv4 Address Acknowledgement (4n)",
    hex: acknowledgement("02", "1e 06 84 70 c0000201 01020000"),
    message: {
      ...ACKNOWLEDGEMENT,
      options: [{ kind: "ipv4AddressAcknowledgement", status: 132, prefixLength: 28, homeAddress: "192.0.2.1" }],
    },
  },
  {
    name: "NAT Detection (4n)",
    hex: acknowledgement("02", "1f 06 8000 0000006e 01020000"),
    message: { ...ACKNOWLEDGEMENT, options: [{ kind: "natDetection", forceUdp: true, refreshSeconds: 110 }] },
  },
  {
    name: "NAT Detection (4n), no keepalive",
    hex: acknowledgement("02", "1f 06 0000 ffffffff 01020000"),
    message: { ...ACKNOWLEDGEMENT, options: [{ kind: "natDetection", forceUdp: false, refreshSeconds: 0xffffffff }] },
  },
  {
    name: "IPv4 Care-of Address (4n)",
    hex: update("02", "20 06 0000 c6336407 01020000"),
    message: { ...UPDATE, options: [{ kind: "ipv4CareOfAddress", careOfAddress: "198.51.100.7" }] },
  },
  {
    name: "Binding Identifier without care-of address (2n)",
    hex: update("02", "23 04 0102 00 85 010400000000"),
    message: {
      ...UPDATE,
      options: [{
        kind: "bindingIdentifier",
        bindingId: 258,
        status: 0,
        simultaneousHomeAndForeign: true,
        priority: 5,
        careOfAddress: undefined,
      }],
    },
  },
  {
    name: "Binding Identifier with an IPv4 care-of address (8n + 2)",
    hex: update("03", "010400000000 23 08 0001 a4 00 c6336407 01020000"),
    message: {
      ...UPDATE,
      options: [{
        kind: "bindingIdentifier",
        bindingId: 1,
        status: 164,
        simultaneousHomeAndForeign: false,
        priority: 0,
        careOfAddress: "198.51.100.7",
      }],
    },
  },
  {
    name: "Binding Identifier with an IPv6 care-of address (8n + 2)",
    hex: update("04", "010400000000 23 14 0001 00 01 20010db8000000000000000000000abc"),
    message: {
      ...UPDATE,
      options: [{
        kind: "bindingIdentifier",
        bindingId: 1,
        status: 0,
        simultaneousHomeAndForeign: false,
        priority: 1,
        careOfAddress: "2001:db8::abc",
      }],
    },
  },
  {
    name: "an option of a type without a record",
    hex: update("02", "c8 03 aabbcc 01050000000000"),
    message: { ...UPDATE, options: [{ kind: "unknownOption", type: 200, data: octets(0xaa, 0xbb, 0xcc) }] },
  },
];
