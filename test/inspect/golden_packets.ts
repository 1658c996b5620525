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

export interface GoldenPacket {
  readonly what: string;
  readonly bytes: Uint8Array;
  /** As a number: the registry's, not our name of it. */
  readonly linkType: number;
  readonly originalLength?: number;
}

const ETHERNET = 1;
const RAW = 101;
const HOME = "2001:db8:100::100";
const AGENT = "2001:db8:100::1";
const VISITED = "2001:db8:5::5";
const COA4 = "10.0.0.42";
const AGENT4 = "203.0.113.1";
const COOKIE = octets("0102030405060708");
const TOKEN = octets("1112131415161718");
const TARGET = octets("20010db8000000000000000000000007");

const UPDATE_OPTIONS: readonly MobilityOption[] = [
  { kind: "alternateCareOfAddress", careOfAddress: VISITED },
  { kind: "nonceIndices", homeNonceIndex: 258, careOfNonceIndex: 772 },
  { kind: "mobileNetworkPrefix", prefixLength: 56, prefix: "2001:db8:7::" },
  { kind: "mobileNodeIdentifier", subtype: 1, identifier: new TextEncoder().encode("mn1@example.org") },
  { kind: "messageIdentification", timestamp: 0xe8f1_a2b3_8000_0000n },
  { kind: "ipv4HomeAddress", prefixLength: 24, requestPrefix: true, homeAddress: "10.1.0.5" },
  { kind: "ipv4CareOfAddress", careOfAddress: COA4 },
  {
    kind: "bindingIdentifier",
    bindingId: 3,
    status: 4,
    simultaneousHomeAndForeign: true,
    priority: 5,
    careOfAddress: VISITED,
  },
  { kind: "unknownOption", type: 20, data: new TextEncoder().encode("ims") },
  { kind: "unknownOption", type: 200, data: octets("0102") },
  {
    kind: "messageAuthentication",
    subtype: 1,
    spi: 1000,
    authenticationData: octets("0102030405060708090a0b0c"),
  },
];

const ANSWER_OPTIONS: readonly MobilityOption[] = [
  { kind: "bindingRefreshAdvice", refreshIntervalSeconds: 2400 },
  { kind: "ipv4AddressAcknowledgement", status: 129, prefixLength: 32, homeAddress: "10.1.0.5" },
  { kind: "natDetection", forceUdp: true, refreshSeconds: 25 },
  { kind: "bindingAuthorizationData", authenticator: octets("0102030405060708090a0b0c") },
];

const MESSAGES: readonly (readonly [string, MobilityMessage])[] = [
  ["Binding Refresh Request", { kind: "bindingRefreshRequest", options: [] }],
  ["Home Test Init", { kind: "homeTestInit", homeInitCookie: COOKIE, options: [] }],
  ["Care-of Test Init", { kind: "careOfTestInit", careOfInitCookie: COOKIE, options: [] }],
  ["Home Test", {
    kind: "homeTest",
    homeNonceIndex: 258,
    homeInitCookie: COOKIE,
    homeKeygenToken: TOKEN,
    options: [],
  }],
  ["Care-of Test", {
    kind: "careOfTest",
    careOfNonceIndex: 772,
    careOfInitCookie: COOKIE,
    careOfKeygenToken: TOKEN,
    options: [],
  }],
  ["Binding Update with every option", bindingUpdate({ sequenceNumber: 258, options: UPDATE_OPTIONS })],
  [
    "Binding Update without flags",
    bindingUpdate({ acknowledge: false, homeRegistration: false, keyManagementMobility: false }),
  ],
  [
    "proxy Binding Update",
    bindingUpdate({ proxyRegistration: true, overwriteOrBulk: true, tlvHeader: true }),
  ],
  [
    "Binding Acknowledgement",
    bindingAcknowledgement({ status: 135, sequenceNumber: 258, mobileRouter: true, options: ANSWER_OPTIONS }),
  ],
  ["Binding Error", { kind: "bindingError", status: 2, homeAddress: HOME, options: [] }],
  ["Heartbeat", { kind: "unknownMessage", type: 13, data: octets("0001 00000007 00000000") }],
];

const tcp = join(
  words(40_000, 443),
  octets("00000064 000003e8"),
  words(0x6012, 500, 0, 7),
  octets("020405b4"),
  COOKIE,
);
const arp = octets("0001 0800 0604 0001 020000000001 0a000001 000000000000 0a000002");
const icmpv6 = (message: Uint8Array) =>
  ipv6(VISITED, AGENT, 58, withChecksum(VISITED, AGENT, 58, 2, message));
const data = udp(5000, 5001, octets("00010203"));
const discover = join(
  octets("01010601 3903f326 0005 8000 0a000001 0a000002 0a000003 0a000004 020000000001"),
  new Uint8Array(202),
  octets("63825363 350101 3d0701020000000001 0c036d6e31 3704 01030621 32040a00002a 390205dc 520101 ff"),
);
const ack = join(
  octets("02010600 3903f326 0000 0000 00000000 0a00002a 00000000 00000000 020000000001"),
  new Uint8Array(202),
  octets(
    "63825363 350105 36040a000001 330400000e10 3a0400000708 3b0400000c4e 0104ffffff00 1c040a0000ff " +
      "03080a0000010a000002 0604c0000235 0f036c616e 1a0205dc e00101 ff",
  ),
);

/** One packet of every kind, each field with a value of its own, so that a wrong offset shows. */
export function goldenPackets(): GoldenPacket[] {
  const packet = (
    what: string,
    bytes: Uint8Array,
    linkType = RAW,
    originalLength?: number,
  ): GoldenPacket => ({
    what,
    bytes,
    linkType,
    originalLength,
  });
  const inner = ipv6(HOME, AGENT, 17, data);
  return [
    ...MESSAGES.map(([what, message]) =>
      packet(what, ipv6(HOME, AGENT, 135, mobility(HOME, AGENT, message)))
    ),
    packet(
      "behind a NAT",
      ipv4(
        "192.0.2.7",
        AGENT4,
        17,
        udp(
          50_000,
          4191,
          ipv6(
            HOME,
            AGENT,
            135,
            mobility(HOME, AGENT, bindingUpdate({ options: UPDATE_OPTIONS.slice(6, 7) })),
          ),
        ),
      ),
    ),
    packet(
      "Home Address option",
      ipv6(VISITED, AGENT, 60, homeAddressOption(135, HOME, mobility(HOME, AGENT, bindingUpdate()))),
    ),
    packet(
      "type 2 routing header",
      ipv6(
        AGENT,
        VISITED,
        43,
        routingHomeAddress(135, HOME, mobility(AGENT, HOME, bindingAcknowledgement())),
      ),
    ),
    packet("segment routing", ipv6(AGENT, VISITED, 43, join(octets("1102 0401 00000102"), TARGET, data))),
    packet(
      "hop-by-hop options",
      ipv6(VISITED, "ff02::16", 0, join(octets("3a00 0502 0000 0100"), octets("8f00 0000 0000 0001"))),
    ),
    packet(
      "VLAN, 6 in 4",
      ethernet(0x8100, join(words(0xb064, 0x0800), ipv4(COA4, AGENT4, 41, inner))),
      ETHERNET,
    ),
    packet("Linux cooked v1", join(octets("0004 0001 0006 020000000001 0000 86dd"), inner), 113),
    packet("Linux cooked v2", join(octets("86dd 0000 00000103 0001 04 06 020000000001 0000"), inner), 276),
    packet("BSD loopback", join(octets("1c000000"), inner), 0),
    packet("OpenBSD loopback", join(octets("00000018"), inner), 108),
    packet("raw IP of BSD", inner, 12),
    packet("raw IP of OpenBSD", inner, 14),
    packet("raw IPv4", ipv4(COA4, AGENT4, 4, ipv4(AGENT4, COA4, 17, data)), 228),
    packet("raw IPv6", inner, 229),
    packet("ARP", ethernet(0x0806, arp), ETHERNET),
    packet(
      "ARP of another network",
      ethernet(0x0806, octets("0006 0800 0604 0001 020000000001 0a000001 000000000000 0a000002")),
      ETHERNET,
    ),
    packet(
      "cooked v1 without Ethernet address, LLDP",
      octets("0000 0304 0000 0000000000000000 88cc 0102"),
      113,
    ),
    packet("cooked v2, EAPOL", octets("888e 0000 00000003 0001 01 06 020000000001 0000 0102"), 276),
    packet(
      "DSCP, ECN and flow label",
      join(octets("6b9abcde 000c 11 07"), inner.subarray(8)),
    ),
    packet("DSCP and ECN of IPv4", join(octets("45 ba"), ipv4(COA4, AGENT4, 17, data).subarray(2))),
    packet("TCP", ipv4(COA4, AGENT4, 6, withChecksum(COA4, AGENT4, 6, 16, tcp))),
    packet("UDP with checksum", ipv6(VISITED, AGENT, 17, withChecksum(VISITED, AGENT, 17, 6, data))),
    packet("ESP", ipv6(VISITED, AGENT, 50, octets("00001001 00000102 aabbccdd"))),
    packet(
      "AH",
      ipv6(VISITED, AGENT, 51, join(octets("1104 0000 00001001 00000102 000000000000000000000000"), data)),
    ),
    packet("DHCP Discover", ipv4("0.0.0.0", "255.255.255.255", 17, udp(68, 67, discover))),
    packet("DHCP ACK", ipv4("10.0.0.1", COA4, 17, udp(67, 68, ack))),
    packet(
      "DHCPv6 Reply through a relay agent",
      ipv6(AGENT, HOME, 17, withChecksum(AGENT, HOME, 17, 6, udp(547, 547, DHCPV6_RELAY_REPLY))),
    ),
    packet(
      "ICMP fragmentation needed",
      ipv4(AGENT4, COA4, 1, join(octets("0304 f7a5 0000 0578"), ipv4(COA4, AGENT4, 41, inner))),
    ),
    packet(
      "ICMP redirect",
      ipv4(AGENT4, COA4, 1, join(octets("0501 0000 c0000201"), ipv4(COA4, AGENT4, 17, data))),
    ),
    packet(
      "ICMP time exceeded",
      ipv4(AGENT4, COA4, 1, join(octets("0b01 0000 00000000"), ipv4(COA4, AGENT4, 17, data))),
    ),
    packet("ICMP echo", ipv4(AGENT4, COA4, 1, octets("0800 0000 0102 0304 aabb"))),
    packet("ICMPv6 echo", icmpv6(octets("8100 0000 0102 0304 aabb"))),
    packet("ICMPv6 packet too big", icmpv6(join(octets("0200 0000 00000578"), inner))),
    packet("ICMPv6 parameter problem", icmpv6(join(octets("0402 0000 00000028"), inner))),
    packet("router solicitation", icmpv6(octets("8500 0000 00000000 0101 020000000001"))),
    packet(
      "router advertisement",
      icmpv6(join(
        octets("8600 0000 40e0 0708 00000102 00000304"),
        octets("0101 020000000001"),
        octets("0304 40e0 00015180 00003840 00000000"),
        TARGET,
        octets("0501 0000 000005dc 0701 0000 00000bb8 0801 0000 0005 0708"),
        octets("1903 0000 00000e10"),
        TARGET,
        octets("1f01 0000 00000e10 0e01 010203040506 c801 010203040506"),
      )),
    ),
    packet(
      "neighbor solicitation",
      icmpv6(join(octets("8700 0000 00000000"), TARGET, octets("0101 020000000001"))),
    ),
    packet(
      "neighbor advertisement",
      icmpv6(join(octets("8800 0000 a0000000"), TARGET, octets("0201 020000000002"))),
    ),
    packet(
      "redirect",
      icmpv6(
        join(
          octets("8900 0000 00000000 fe800000000000000000000000000001"),
          TARGET,
          octets("0401 0000 0000 0000"),
        ),
      ),
    ),
    packet(
      "home agent address discovery",
      icmpv6(join(octets("9100 0000 0102 0000"), TARGET)),
    ),
    packet("mobile prefix advertisement", icmpv6(octets("9300 0000 0102 c000 0501 0000 000005dc"))),
    packet("first fragment", ipv4(COA4, AGENT4, 17, data, { identification: 0x1a2b, fragment: 0x2000 })),
    packet("later fragment", ipv6(VISITED, AGENT, 44, join(octets("1100 0068 12345678"), data))),
    packet("no next header", ipv6(VISITED, AGENT, 59, octets("0102"))),
    packet("an unknown protocol", ipv6(VISITED, AGENT, 200, octets("0102"))),
    packet("IEEE 802.3", ethernet(5, octets("424203 0000")), ETHERNET),
    packet("an unknown link type", octets("0102"), 147),
    packet("no IP", octets("75 00 00"), RAW),
    packet("an unknown address family", octets("00000063 0102"), 108),
    packet(
      "IPv4 with options, cut in UDP",
      join(octets("46000020 0000 4000 4011 0000 0a00002a cb007101 94040000 13881389")),
      RAW,
      100,
    ),
    packet(
      "a Home Address option of the wrong length",
      ipv6(VISITED, AGENT, 60, octets("3b00 c904 01020304")),
    ),
  ];
}
