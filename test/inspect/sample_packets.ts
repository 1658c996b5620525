import { LinkType } from "../../core/capture/link_type.ts";
import type { MobilityMessage } from "../../core/wire/mobility_message.ts";
import type { MobilityOption } from "../../core/wire/mobility_option.ts";
import {
  bindingAcknowledgement,
  bindingUpdate,
  DHCPV6_RELAY_REPLY,
  ethernet,
  homeAddressOption,
  ipv4,
  ipv6,
  join,
  mobility,
  octets,
  routingHomeAddress,
  udp,
  withChecksum,
  words,
} from "./packet_builder.ts";

const HOME = "2001:db8:100::100";
const AGENT = "2001:db8:100::1";
const COA4 = "10.0.0.42";
const AGENT4 = "203.0.113.1";

export const sampleLinkTypes: readonly number[] = [...Object.values(LinkType), 147];

export interface SamplePacket {
  readonly bytes: Uint8Array;
  readonly linkType: number;
}

const OPTIONS: readonly MobilityOption[] = [
  { kind: "bindingRefreshAdvice", refreshIntervalSeconds: 600 },
  { kind: "alternateCareOfAddress", careOfAddress: "2001:db8:5::5" },
  { kind: "nonceIndices", homeNonceIndex: 1, careOfNonceIndex: 2 },
  { kind: "mobileNetworkPrefix", prefixLength: 64, prefix: "2001:db8:7::" },
  { kind: "mobileNodeIdentifier", subtype: 1, identifier: new TextEncoder().encode("mn1@example.org") },
  { kind: "messageIdentification", timestamp: 0xe8f1_a2b3_8000_0000n },
  { kind: "ipv4HomeAddress", prefixLength: 32, requestPrefix: false, homeAddress: "10.1.0.5" },
  { kind: "ipv4AddressAcknowledgement", status: 0, prefixLength: 32, homeAddress: "10.1.0.5" },
  { kind: "natDetection", forceUdp: true, refreshSeconds: 25 },
  { kind: "ipv4CareOfAddress", careOfAddress: COA4 },
  {
    kind: "bindingIdentifier",
    bindingId: 3,
    status: 0,
    simultaneousHomeAndForeign: false,
    priority: 5,
    careOfAddress: COA4,
  },
  { kind: "unknownOption", type: 20, data: new TextEncoder().encode("ims") },
  { kind: "messageAuthentication", subtype: 1, spi: 1000, authenticationData: new Uint8Array(16) },
];

const COOKIE = octets("0102030405060708");

const MESSAGES: readonly MobilityMessage[] = [
  bindingUpdate({ options: OPTIONS }),
  bindingAcknowledgement({ options: OPTIONS }),
  bindingUpdate({ options: OPTIONS.slice(9, 10) }),
  bindingAcknowledgement({ status: 144, options: OPTIONS.slice(8, 9) }),
  { kind: "bindingRefreshRequest", options: [] },
  { kind: "homeTestInit", homeInitCookie: COOKIE, options: [] },
  { kind: "careOfTestInit", careOfInitCookie: COOKIE, options: [] },
  { kind: "homeTest", homeNonceIndex: 9, homeInitCookie: COOKIE, homeKeygenToken: COOKIE, options: [] },
  {
    kind: "careOfTest",
    careOfNonceIndex: 9,
    careOfInitCookie: COOKIE,
    careOfKeygenToken: COOKIE,
    options: [],
  },
  { kind: "bindingError", status: 1, homeAddress: HOME, options: [] },
  { kind: "unknownMessage", type: 13, data: new Uint8Array(10) },
];

/** One packet of every kind that a capture of the lab can hold, and some more. */
export function samplePackets(): SamplePacket[] {
  const raw = (bytes: Uint8Array): SamplePacket => ({ bytes, linkType: LinkType.raw });
  const framed = (etherType: number, bytes: Uint8Array): SamplePacket => ({
    bytes: ethernet(etherType, bytes),
    linkType: LinkType.ethernet,
  });
  const signalling = MESSAGES.map((message) => ipv6(HOME, AGENT, 135, mobility(HOME, AGENT, message)));
  const data = ipv6(HOME, "2001:db8:1::9", 17, udp(5000, 5001, new Uint8Array(60)));
  const home = mobility(HOME, AGENT, bindingUpdate());
  const icmpv6 = (message: Uint8Array) => ipv6(HOME, AGENT, 58, withChecksum(HOME, AGENT, 58, 2, message));
  const neighbors = [
    octets("8500 0000 00000000 0101 020000000001"),
    octets(
      "8600 0000 4000 0708 00000000 00000000 0304 40c0 00015180 00003840 00000000 20010db8000500000000000000000000",
    ),
    octets("8800 0000 60000000 20010db8000000000000000000000007 0201 020000000002"),
  ];
  const dhcp = join(
    octets("02010600 3903f326"),
    new Uint8Array(228),
    octets("63825363 350105 3604c0000201 330400000e10 0c036d6e31 ff"),
  );
  return [
    ...signalling.map((packet) => raw(ipv4(COA4, AGENT4, 17, udp(4191, 4191, packet)))),
    ...signalling.map((packet) => framed(0x0800, ipv4(COA4, AGENT4, 41, packet))),
    raw(ipv6("2001:db8:5::5", AGENT, 60, homeAddressOption(135, HOME, home))),
    raw(ipv6(AGENT, "2001:db8:5::5", 43, routingHomeAddress(135, HOME, home))),
    raw(ipv6("2001:db8:5::5", AGENT, 41, data)),
    framed(0x8100, join(words(10, 0x86dd), data)),
    framed(0x0806, octets("0001 0800 0604 0001 020000000001 0a000001 000000000000 0a000002")),
    raw(icmpv6(join(octets("0200 0000 000005a0"), data))),
    raw(
      ipv4(
        AGENT4,
        COA4,
        1,
        join(octets("0303 0000 00000000"), ipv4(COA4, AGENT4, 17, udp(4191, 4191, data))),
      ),
    ),
    ...neighbors.map((message) => framed(0x86dd, icmpv6(message))),
    raw(ipv4("10.0.0.1", COA4, 17, udp(67, 68, dhcp))),
    raw(ipv6(AGENT, HOME, 17, withChecksum(AGENT, HOME, 17, 6, udp(547, 547, DHCPV6_RELAY_REPLY)))),
    raw(
      ipv4(COA4, AGENT4, 6, join(words(40_000, 443), octets("00000064 000003e8"), words(0x5018, 500, 0, 0))),
    ),
    raw(ipv4(COA4, AGENT4, 17, udp(4191, 4191, data).subarray(0, 64), { fragment: 0x2000 })),
    raw(ipv6(HOME, AGENT, 44, join(octets("8700 0001 12345678"), home))),
    raw(ipv6(HOME, AGENT, 0, join(octets("3c00 0502 0000 0100"), octets("3200 0104 00000000"), COOKIE))),
  ];
}
