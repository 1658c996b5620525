import { assertEquals } from "@std/assert";
import { decodeExtensionHeaders } from "../../core/wire/extension_header.ts";
import { decodeIpv6Header } from "../../core/wire/ipv6.ts";
import { encodeMobilityHeader } from "../../core/wire/mobility_header.ts";
import type { MobilityMessage } from "../../core/wire/mobility_message.ts";
import type { MobilityOption } from "../../core/wire/mobility_option.ts";
import { decodeMobilityPacket } from "../../core/wire/mobility_packet.ts";
import { readAll } from "../capture/read_all.ts";
import { valueOf } from "./decoded.ts";
import { hexOf, octetsOf } from "./octets.ts";

/** The public captures of tcpdump's tests, which lie beside the repository where there are any. */
const CAPTURES = new URL("../../../shared/captures/", import.meta.url);
const present = exists(CAPTURES);
const name = (what: string) => present ? what : `${what} (skipped: the public captures are not there)`;

function exists(url: URL): boolean {
  try {
    return Deno.statSync(url).isDirectory;
  } catch {
    return false;
  }
}

/** The packets of a capture, without the link layer's header of `skip` octets. */
function packetsOf(file: string, skip: number): Uint8Array[] {
  return readAll(Deno.readFileSync(new URL(file, CAPTURES))).packets.map(({ bytes }) => bytes.subarray(skip));
}

const ETHERNET = 14;

const NO_FLAGS = {
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
const alternate: MobilityOption = {
  kind: "alternateCareOfAddress",
  careOfAddress: "2001:660:4701:f004:20d:54ff:fe98:bc93",
};
const nonces: MobilityOption = { kind: "nonceIndices", homeNonceIndex: 1234, careOfNonceIndex: 5678 };
const advice: MobilityOption = { kind: "bindingRefreshAdvice", refreshIntervalSeconds: 7200 };

const authorization: MobilityOption = {
  kind: "bindingAuthorizationData",
  authenticator: octetsOf("8101738d517d516940ec0611"),
};

/** What tcpdump and tshark print of the sixteen messages. */
const EXPECTED: readonly MobilityMessage[] = [
  { kind: "bindingRefreshRequest", options: [] },
  { kind: "homeTestInit", homeInitCookie: octetsOf("0102030405060708"), options: [] },
  { kind: "careOfTestInit", careOfInitCookie: octetsOf("090a0b0c0d0e0f10"), options: [] },
  {
    kind: "homeTest",
    homeNonceIndex: 0x90a,
    homeInitCookie: octetsOf("0b0c0d0e0f1004d2"),
    homeKeygenToken: octetsOf("1112131415161718"),
    options: [],
  },
  {
    kind: "careOfTest",
    careOfNonceIndex: 0x90a,
    careOfInitCookie: octetsOf("0b0c0d0e0f10162e"),
    careOfKeygenToken: octetsOf("191a1b1c1d1e1f20"),
    options: [],
  },
  update([]),
  update([alternate]),
  update([nonces]),
  update([authorization]),
  update([alternate, nonces, authorization]),
  acknowledgement([]),
  acknowledgement([advice]),
  acknowledgement([authorization]),
  acknowledgement([advice, authorization]),
  { kind: "bindingError", status: 1, homeAddress: "2001:db8::1", options: [] },
  update([]),
];

function update(options: readonly MobilityOption[]): MobilityMessage {
  return {
    kind: "bindingUpdate",
    sequenceNumber: 1000,
    acknowledge: true,
    ...NO_FLAGS,
    lifetimeSeconds: 14400,
    options,
  };
}

function acknowledgement(options: readonly MobilityOption[]): MobilityMessage {
  return {
    kind: "bindingAcknowledgement",
    status: 0,
    keyManagementMobility: false,
    mobileRouter: false,
    proxyRegistration: false,
    tlvHeader: false,
    bulk: false,
    sequenceNumber: 1000,
    lifetimeSeconds: 14400,
    options,
  };
}

Deno.test({
  name: name("capture of all RFC 6275 messages: as tcpdump reads it"),
  ignore: !present,
  fn: () => {
    const packets = packetsOf("ipv6_mobility_1.pcap", 0);
    assertEquals(packets.length, EXPECTED.length);
    packets.forEach((packet, i) => {
      const { header, source, destination } = valueOf(decodeMobilityPacket(packet));
      assertEquals([source, destination], ["2001:db8::1", "2001:db8::2"]);
      assertEquals(header.message, EXPECTED[i]);
    });
  },
});

Deno.test({
  name: name("captures of a right and a wrong mobility header checksum"),
  ignore: !present,
  fn: () => {
    const [good] = packetsOf("mip6-good-mh-chksum.pcap", ETHERNET);
    const [bad] = packetsOf("mip6-bad-mh-chksum.pcap", ETHERNET);
    const decoded = valueOf(decodeMobilityPacket(good));
    assertEquals(decoded.checksumValid, true);
    assertEquals(valueOf(decodeMobilityPacket(bad)).checksumValid, false);
    const again = encodeMobilityHeader(decoded.header.message);
    again.set(decoded.mobilityHeader.subarray(4, 6), 4);
    assertEquals(hexOf(again), hexOf(decoded.mobilityHeader));
  },
});

Deno.test({
  name: name("capture of a Home Address option before UDP"),
  ignore: !present,
  fn: () => {
    const [packet] = packetsOf("ipv6-mobile-hoa.pcap", ETHERNET);
    const { nextHeader } = valueOf(decodeIpv6Header(packet, 0));
    const chain = valueOf(decodeExtensionHeaders(packet, 40, packet.length, nextHeader));
    const options = [{ kind: "homeAddress", homeAddress: "2001:78:1:32::1" }];
    assertEquals(chain.headers, [{ kind: "destinationOptions", nextHeader: 17, options } as never]);
    assertEquals([chain.nextHeader, chain.offset], [17, 64]);
  },
});
