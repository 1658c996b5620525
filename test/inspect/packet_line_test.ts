import { assertEquals } from "@std/assert";
import { LinkType } from "../../core/capture/link_type.ts";
import { ethernet, ipv4, ipv6, join, MACS, octets, udp, withChecksum, words } from "./packet_builder.ts";
import { captured, line, print } from "./show.ts";

const A6 = "2001:db8::1";
const B6 = "2001:db8::2";
const A4 = "10.0.0.1";
const B4 = "10.0.0.2";
const TO6 = `${A6} > ${B6}`;
const TO4 = `${A4} > ${B4}`;
const FRAMES = "02:00:00:00:00:01 > 02:00:00:00:00:02";
const DATA = new Uint8Array(200);

const datagram = udp(5000, 5001, DATA);
const packet4 = ipv4(A4, B4, 17, datagram);
const packet6 = ipv6(A6, B6, 17, datagram);

/** A case of a table: what it shows, the packet, its link type, and its line. */
type Case = readonly [string, Uint8Array, number, string];

const LINK_LAYERS: readonly Case[] = [
  ["Ethernet, IPv4", ethernet(0x0800, packet4), LinkType.ethernet, `${TO4} UDP 5000 > 5001 len=200`],
  ["Ethernet, IPv6", ethernet(0x86dd, packet6), LinkType.ethernet, `${TO6} UDP 5000 > 5001 len=200`],
  [
    "Ethernet with a VLAN tag",
    ethernet(0x8100, join(words(0xe00a, 0x86dd), packet6)),
    LinkType.ethernet,
    `${TO6} UDP 5000 > 5001 len=200 [VLAN 10]`,
  ],
  [
    "Ethernet with two VLAN tags",
    ethernet(0x88a8, join(words(0x0064, 0x8100, 0x0fff, 0x0800), packet4)),
    LinkType.ethernet,
    `${TO4} UDP 5000 > 5001 len=200 [VLAN 4095]`,
  ],
  [
    "Ethernet's padding is nobody's data",
    ethernet(0x0800, join(ipv4(A4, B4, 17, udp(1, 2, octets("aabb"))), new Uint8Array(16))),
    LinkType.ethernet,
    `${TO4} UDP 1 > 2 len=2`,
  ],
  ["raw", packet6, LinkType.raw, `${TO6} UDP 5000 > 5001 len=200`],
  ["raw, of BSD", packet4, LinkType.rawBsd, `${TO4} UDP 5000 > 5001 len=200`],
  ["raw IPv4", packet4, LinkType.ipv4, `${TO4} UDP 5000 > 5001 len=200`],
  ["raw IPv6", packet6, LinkType.ipv6, `${TO6} UDP 5000 > 5001 len=200`],
  [
    "Linux cooked v1",
    join(octets("0000 0001 0006 020000000001 0000 0800"), packet4),
    LinkType.linuxCooked,
    `${TO4} UDP 5000 > 5001 len=200`,
  ],
  [
    "Linux cooked v2",
    join(octets("86dd 0000 00000003 0001 00 06 020000000001 0000"), packet6),
    LinkType.linuxCookedV2,
    `${TO6} UDP 5000 > 5001 len=200`,
  ],
  [
    "null, little endian, IPv6 of Darwin",
    join(octets("1e000000"), packet6),
    LinkType.null,
    `${TO6} UDP 5000 > 5001 len=200`,
  ],
  [
    "null, big endian, IPv4",
    join(octets("00000002"), packet4),
    LinkType.null,
    `${TO4} UDP 5000 > 5001 len=200`,
  ],
  [
    "loop, IPv6 of OpenBSD",
    join(octets("00000018"), packet6),
    LinkType.loop,
    `${TO6} UDP 5000 > 5001 len=200`,
  ],
  ["loop, something else", octets("00000063 0102"), LinkType.loop, "loopback address family 99"],
  ["raw, neither version", octets("75 00 00"), LinkType.raw, "not an IP packet, 3 bytes"],
  ["a link type that nobody here knows", octets("0102"), 147, "link type 147 len=2"],
  ["LLDP", ethernet(0x88cc, DATA), LinkType.ethernet, `${FRAMES} LLDP len=200`],
  [
    "an EtherType without a name",
    ethernet(0x88b5, DATA),
    LinkType.ethernet,
    `${FRAMES} EtherType 0x88b5 len=200`,
  ],
  ["the spanning tree", ethernet(38, octets("424203 0000")), LinkType.ethernet, `${FRAMES} STP len=5`],
  ["IEEE 802.3", ethernet(3, octets("aaaa03")), LinkType.ethernet, `${FRAMES} IEEE 802.3 len=3`],
  [
    "Linux cooked v1, ARP: no destination",
    join(octets("0000 0001 0006 020000000001 0000 0806"), arp(1, A4, B4)),
    LinkType.linuxCooked,
    `02:00:00:00:00:01 ARP who has ${B4}? tell ${A4}`,
  ],
];

function arp(operation: number, sender: string, target: string): Uint8Array {
  const [senderOctets, targetOctets] = [sender, target].map((text) => text.split(".").map(Number));
  return join(
    words(1, 0x0800, 0x0604, operation),
    MACS.subarray(6),
    Uint8Array.from(senderOctets),
    MACS.subarray(0, 6),
    Uint8Array.from(targetOctets),
  );
}

const ARP: readonly Case[] = [
  [
    "ARP request",
    ethernet(0x0806, arp(1, A4, B4)),
    LinkType.ethernet,
    `${FRAMES} ARP who has ${B4}? tell ${A4}`,
  ],
  [
    "ARP reply",
    ethernet(0x0806, arp(2, A4, B4)),
    LinkType.ethernet,
    `${FRAMES} ARP ${A4} is at 02:00:00:00:00:01`,
  ],
  [
    "ARP probe",
    ethernet(0x0806, arp(1, "0.0.0.0", B4)),
    LinkType.ethernet,
    `${FRAMES} ARP probe who has ${B4}?`,
  ],
  [
    "ARP announcement",
    ethernet(0x0806, arp(1, A4, A4)),
    LinkType.ethernet,
    `${FRAMES} ARP announcement ${A4} is at 02:00:00:00:00:01`,
  ],
  ["ARP of another kind", ethernet(0x0806, arp(9, A4, B4)), LinkType.ethernet, `${FRAMES} ARP operation 9`],
  [
    "ARP cut short",
    ethernet(0x0806, arp(1, A4, B4).subarray(0, 20)),
    LinkType.ethernet,
    `${FRAMES} ARP [ARP needs 28 bytes, 20 are there]`,
  ],
];

const tcpHeader = (flags: number, more = new Uint8Array(0), headerWords = 5) =>
  join(words(40_000, 443), octets("00000064 000003e8"), words(headerWords << 12 | flags, 500, 0, 0), more);

const UPPER_LAYERS: readonly Case[] = [
  ["TCP SYN", ipv6(A6, B6, 6, tcpHeader(0x02)), LinkType.raw, `${TO6} TCP 40000 > 443 SYN seq=100 len=0`],
  [
    "TCP data",
    ipv4(A4, B4, 6, tcpHeader(0x18, DATA)),
    LinkType.raw,
    `${TO4} TCP 40000 > 443 PSH,ACK seq=100 ack=1000 len=200`,
  ],
  [
    "TCP with options",
    ipv4(A4, B4, 6, tcpHeader(0x12, new Uint8Array(20), 10)),
    LinkType.raw,
    `${TO4} TCP 40000 > 443 SYN,ACK seq=100 ack=1000 len=0`,
  ],
  [
    "TCP with a header that is too short",
    ipv4(A4, B4, 6, tcpHeader(0x10, DATA, 4)),
    LinkType.raw,
    `${TO4} TCP 40000 > 443 ACK seq=100 ack=1000 [a TCP header of 16 bytes]`,
  ],
  ["UDP of DNS", ipv4(A4, B4, 17, udp(5353, 53, octets("0102"))), LinkType.raw, `${TO4} UDP 5353 > 53 len=2`],
  [
    "UDP that says too much",
    ipv4(A4, B4, 17, join(words(1, 2, 100, 0), octets("0102"))),
    LinkType.raw,
    `${TO4} UDP 1 > 2 len=92 [the UDP length says 100 bytes, 10 are there]`,
  ],
  [
    "UDP that says too little",
    ipv4(A4, B4, 17, join(words(1, 2, 7, 0), octets("0102"))),
    LinkType.raw,
    `${TO4} UDP 1 > 2 len=0 [a UDP length of 7 bytes]`,
  ],
  [
    "UDP to 4191 without a packet inside",
    ipv4(A4, B4, 17, udp(5000, 4191, octets("60 00 00"))),
    LinkType.raw,
    `${TO4} UDP 5000 > 4191 len=3 [no IP packet inside]`,
  ],
  [
    "ESP",
    ipv6(A6, B6, 50, octets("00001000 00000007 0102")),
    LinkType.raw,
    `${TO6} ESP spi=0x00001000 seq=7 len=2`,
  ],
  [
    "AH, then UDP",
    ipv6(A6, B6, 51, join(octets("1104 0000 00001000 00000007 000000000000000000000000"), datagram)),
    LinkType.raw,
    `${TO6} UDP 5000 > 5001 len=200`,
  ],
  ["SCTP", ipv6(A6, B6, 132, DATA), LinkType.raw, `${TO6} SCTP len=200`],
  ["a protocol without a name", ipv4(A4, B4, 200, DATA), LinkType.raw, `${TO4} protocol 200 len=200`],
  ["nothing", ipv6(A6, B6, 59, new Uint8Array(0)), LinkType.raw, `${TO6} no next header`],
  [
    "hop-by-hop options, destination options, a source route",
    ipv6(
      A6,
      B6,
      0,
      join(
        octets("3c00 0502 0000 0100"),
        octets("2b00 0104 00000000"),
        octets("1100 0400 00000000"),
        datagram,
      ),
    ),
    LinkType.raw,
    `${TO6} UDP 5000 > 5001 len=200`,
  ],
  [
    "an option that lies about its length",
    ipv6(A6, B6, 60, join(octets("1100 05ff 0000 0000"), datagram)),
    LinkType.raw,
    `${TO6} UDP 5000 > 5001 len=200 [IPv6 option 5 goes past the end of its header]`,
  ],
  [
    "an extension header that lies about its length",
    ipv6(A6, B6, 60, join(octets("11ff 0104 00000000"), datagram)),
    LinkType.raw,
    `${TO6} Destination Options [Destination Options needs 2048 bytes, 216 are there]`,
  ],
  [
    "an IPv4 packet that says too much",
    ipv4(A4, B4, 17, datagram, { totalLength: 1000 }),
    LinkType.raw,
    `${TO4} UDP 5000 > 5001 len=200 [the IPv4 total length says 1000 bytes, 228 are there]`,
  ],
  [
    "an IPv4 packet above segmentation offload",
    ipv4(A4, B4, 17, datagram, { totalLength: 0 }),
    LinkType.raw,
    `${TO4} UDP 5000 > 5001 len=200`,
  ],
  [
    "an IPv4 header of 16 octets",
    join(octets("44"), packet4.subarray(1)),
    LinkType.raw,
    "IPv4 [an IPv4 header of 16 bytes]",
  ],
  [
    "an IPv6 header cut off",
    packet6.subarray(0, 39),
    LinkType.raw,
    "IPv6 [an IPv6 header needs 40 bytes, 39 are there]",
  ],
  ["IPv4 announced, IPv6 there", packet6, LinkType.ipv4, "IPv4 [version 6 in an IPv4 header]"],
];

const TUNNELS: readonly Case[] = [
  [
    "IPv6 in UDP 4191 in IPv4",
    ipv4(A4, B4, 17, udp(50_000, 4191, packet6)),
    LinkType.raw,
    `${TO6} UDP 5000 > 5001 len=200 via UDP ${A4}:50000 > ${B4}:4191`,
  ],
  [
    "IPv4 in UDP 4191 in IPv6",
    ipv6(A6, B6, 17, udp(4191, 50_000, packet4)),
    LinkType.raw,
    `${TO4} UDP 5000 > 5001 len=200 via UDP [${A6}]:4191 > [${B6}]:50000`,
  ],
  ["6 in 4", ipv4(A4, B4, 41, packet6), LinkType.raw, `${TO6} UDP 5000 > 5001 len=200 via 41 ${TO4}`],
  ["6 in 6", ipv6(B6, A6, 41, packet6), LinkType.raw, `${TO6} UDP 5000 > 5001 len=200 via 41 ${B6} > ${A6}`],
  ["4 in 4", ipv4(B4, A4, 4, packet4), LinkType.raw, `${TO4} UDP 5000 > 5001 len=200 via 4 ${B4} > ${A4}`],
  ["4 in 6", ipv6(A6, B6, 4, packet4), LinkType.raw, `${TO4} UDP 5000 > 5001 len=200 via 4 ${TO6}`],
  [
    "a tunnel in a tunnel",
    ipv4(A4, B4, 17, udp(4191, 4191, ipv6(B6, A6, 41, packet6))),
    LinkType.raw,
    `${TO6} UDP 5000 > 5001 len=200 via 41 ${B6} > ${A6} via UDP ${A4}:4191 > ${B4}:4191`,
  ],
];

for (const [what, bytes, linkType, expected] of [...LINK_LAYERS, ...ARP, ...UPPER_LAYERS, ...TUNNELS]) {
  Deno.test(`one line: ${what}`, () => assertEquals(line(bytes, { linkType }), expected));
}

Deno.test("one line: 64 headers, with the data as the last, are enough", () => {
  const nested = (times: number): Uint8Array =>
    times === 0 ? packet4 : ipv4("192.0.2.1", "192.0.2.2", 4, nested(times - 1));
  assertEquals(line(nested(60)).startsWith(`${TO4} UDP 5000 > 5001 len=200 via 4`), true);
  assertEquals(line(nested(61)).startsWith(`${TO4} [more than 64 headers] via 4`), true);
});

Deno.test("one line: fragments are named, the first with what it begins", () => {
  const first = ipv4(A4, B4, 17, datagram.subarray(0, 104), { identification: 0x1a2b, fragment: 0x2000 });
  assertEquals(line(first), `${TO4} UDP 5000 > 5001 len=200 [fragment 0x1a2b, bytes 0-103]`);
  const last = ipv4(A4, B4, 17, datagram.subarray(104), { identification: 0x1a2b, fragment: 13 });
  assertEquals(line(last), `${TO4} UDP [fragment 0x1a2b, bytes 104-207, last]`);
  const first6 = ipv6(A6, B6, 44, join(octets("1100 0001 12345678"), datagram.subarray(0, 104)));
  assertEquals(line(first6), `${TO6} UDP 5000 > 5001 len=200 [fragment 0x12345678, bytes 0-103]`);
  const last6 = ipv6(A6, B6, 44, join(octets("1100 0068 12345678"), datagram.subarray(104)));
  assertEquals(line(last6), `${TO6} UDP [fragment 0x12345678, bytes 104-207, last]`);
  const tunnelled = ipv4(A4, B4, 17, udp(4191, 4191, packet6).subarray(0, 104), { fragment: 0x2000 });
  assertEquals(
    line(tunnelled),
    `${TO6} UDP 5000 > 5001 len=200 [fragment 0x0000, bytes 0-103] via UDP ${A4}:4191 > ${B4}:4191`,
  );
});

Deno.test("one line: a packet that the snap length cut says so, and is not called malformed", () => {
  const whole = ethernet(0x0800, ipv4(A4, B4, 17, udp(4191, 4191, packet6)));
  for (let length = 0; length < whole.length; length++) {
    const text = line(whole.subarray(0, length), {
      linkType: LinkType.ethernet,
      originalLength: whole.length,
    });
    assertEquals(text.includes(`[${length} of ${whole.length} bytes captured]`), true, text);
    assertEquals(text.split("[").length, 2, text);
  }
  const at = (length: number) =>
    line(whole.subarray(0, length), { linkType: LinkType.ethernet, originalLength: whole.length }).split(
      " [",
    )[0];
  assertEquals([13, 14, 33, 34, 37, 38, 41, 42, 81, 82, 89, 90].map(at), [
    "Ethernet",
    `${FRAMES} IPv4`,
    `${FRAMES} IPv4`,
    `${TO4} UDP`,
    `${TO4} UDP`,
    `${TO4} UDP 4191 > 4191`,
    `${TO4} UDP 4191 > 4191`,
    `${TO4} UDP 4191 > 4191 len=248`,
    `${TO4} UDP 4191 > 4191 len=248`,
    `${TO6} UDP`,
    `${TO6} UDP 5000 > 5001`,
    `${TO6} UDP 5000 > 5001 len=200`,
  ]);
  assertEquals(
    line(whole.subarray(0, 96), { linkType: LinkType.ethernet, originalLength: whole.length }),
    `${TO6} UDP 5000 > 5001 len=200 [96 of ${whole.length} bytes captured] via UDP ${A4}:4191 > ${B4}:4191`,
  );
});

const echo = join(octets("8000 0000 0007 0003"), new Uint8Array(56));
const icmp6 = (message: Uint8Array) => ipv6(A6, B6, 58, withChecksum(A6, B6, 58, 2, message));

Deno.test("one line: ICMPv6, its errors with the packet that they quote", () => {
  const says = (message: Uint8Array) => line(icmp6(message)).slice(TO6.length + 1);
  assertEquals(says(echo), "ICMPv6 echo request id=7 seq=3 len=56");
  assertEquals(
    says(join(octets("0200 0000 000005a0"), packet6)),
    `ICMPv6 packet too big mtu=1440 (${TO6} UDP 5000 > 5001 len=200)`,
  );
  assertEquals(
    says(
      join(octets("0104 0000 00000000"), ipv4(A4, B4, 17, datagram).subarray(0, 0), packet6.subarray(0, 48)),
    ),
    `ICMPv6 destination unreachable, port (${TO6} UDP 5000 > 5001 len=200)`,
  );
  assertEquals(
    says(join(octets("0401 0000 00000006"), ipv6(B6, A6, 200, DATA))),
    `ICMPv6 parameter problem, unrecognized next header at byte 6 (${B6} > ${A6} protocol 200 len=200)`,
  );
  const error = icmp6(join(octets("0300 0000 00000000"), packet6));
  assertEquals(
    says(join(octets("0300 0000 00000000"), error)),
    `ICMPv6 time exceeded, in transit (${TO6} ICMPv6 time exceeded, in transit (${TO6} UDP 5000 > 5001 len=200))`,
  );
  assertEquals(says(octets("8f00 0000 0000 0001")), "ICMPv6 multicast listener report v2");
  assertEquals(says(octets("9000 0000 0007 0000")), "ICMPv6 home agent address discovery request id=7");
  assertEquals(says(octets("ff05 0000 00000000")), "ICMPv6 type 255 code 5");
});

Deno.test("one line: neighbor and router discovery", () => {
  const says = (message: Uint8Array) => line(icmp6(message)).slice(TO6.length + 1);
  const target = octets("20010db8000000000000000000000007");
  const linkAddress = octets("0101 020000000001");
  assertEquals(
    says(join(octets("8500 0000 00000000"), linkAddress)),
    "ICMPv6 router solicitation from 02:00:00:00:00:01",
  );
  const prefix = join(octets("0304 40e0 00015180 00003840 00000000"), target);
  assertEquals(
    says(join(octets("8600 0000 40e0 0708 00000000 00000000"), linkAddress, prefix)),
    "ICMPv6 router advertisement MOH lifetime=1800s 2001:db8::7/64 (R)",
  );
  assertEquals(
    says(join(octets("8700 0000 00000000"), target, linkAddress)),
    "ICMPv6 neighbor solicitation who has 2001:db8::7",
  );
  const probe = withChecksum("::", B6, 58, 2, join(octets("8700 0000 00000000"), target));
  assertEquals(
    line(ipv6("::", B6, 58, probe)),
    `:: > ${B6} ICMPv6 neighbor solicitation who has 2001:db8::7 (DAD)`,
  );
  assertEquals(
    says(join(octets("8800 0000 60000000"), target, octets("0201 020000000002"))),
    "ICMPv6 neighbor advertisement SO 2001:db8::7 is at 02:00:00:00:00:02",
  );
  assertEquals(
    says(join(octets("8900 0000 00000000"), octets("fe80000000000000 0000000000000001"), target)),
    "ICMPv6 redirect 2001:db8::7 via fe80::1",
  );
  assertEquals(
    says(join(octets("8800 0000 00000000"), target, octets("0200 000000000000"))),
    "ICMPv6 neighbor advertisement 2001:db8::7 [a neighbor discovery option of length 0]",
  );
  assertEquals(
    says(join(octets("8800 0000 00000000"), target, octets("0202 000000000000"))),
    "ICMPv6 neighbor advertisement 2001:db8::7 [neighbor discovery option 2 goes past the end]",
  );
});

Deno.test("one line: ICMP", () => {
  const says = (message: Uint8Array) => line(ipv4(A4, B4, 1, message)).slice(TO4.length + 1);
  assertEquals(says(join(octets("0800 0000 0007 0003"), DATA)), "ICMP echo request id=7 seq=3 len=200");
  assertEquals(says(join(octets("0000 0000 0007 0003"), DATA)), "ICMP echo reply id=7 seq=3 len=200");
  assertEquals(
    says(join(octets("0304 0000 0000 05dc"), packet4)),
    `ICMP destination unreachable, fragmentation needed mtu=1500 (${TO4} UDP 5000 > 5001 len=200)`,
  );
  assertEquals(
    says(join(octets("0303 0000 00000000"), ipv4(A4, B4, 17, udp(4191, 4191, packet6)).subarray(0, 28))),
    `ICMP destination unreachable, port (${TO4} UDP 4191 > 4191 len=248)`,
  );
  assertEquals(
    says(join(octets("0501 0000 c0000201"), packet4)),
    `ICMP redirect, host to 192.0.2.1 (${TO4} UDP 5000 > 5001 len=200)`,
  );
  assertEquals(says(octets("0b00 0000 00000000")), "ICMP time exceeded, in transit");
});

Deno.test("one line: DHCPv6, and what a relay agent carries", () => {
  const says = (ports: readonly [number, number], message: Uint8Array) =>
    line(ipv6(A6, B6, 17, withChecksum(A6, B6, 17, 6, udp(...ports, message)))).slice(
      `${A6} > ${B6} `.length,
    );
  const client = [546, 547] as const;
  const prefix = "001a 0019 0000a8c0 00015180 40 20010db8030000070000000000000000";
  const association = (options: string) => {
    const inside = octets(options);
    return join(octets("0019"), words(12 + inside.length), octets("00000001 00000000 00000000"), inside);
  };
  assertEquals(
    says(client, join(octets("01010203 0008 0002 0000"), association(""))),
    "DHCPv6 Solicit xid=0x010203",
  );
  const reply = join(octets("07010203"), association(prefix));
  assertEquals(says([547, 546], reply), "DHCPv6 Reply 2001:db8:300:7::/64 valid=86400s xid=0x010203");
  const relayed = join(
    octets("0d01 20010db8010000000000000000000100 20010db8010000000000000000000100 0009"),
    words(reply.length),
    reply,
  );
  assertEquals(
    says([547, 547], relayed),
    "DHCPv6 Relay-reply for 2001:db8:100::100: Reply 2001:db8:300:7::/64 valid=86400s xid=0x010203",
  );
  assertEquals(
    says([547, 546], join(octets("07010203"), association("000d 0002 0006"))),
    "DHCPv6 Reply NoPrefixAvail xid=0x010203",
  );
  assertEquals(
    says(client, octets("08010203 000d 0002 0000 00010009ff")),
    "DHCPv6 Release Success xid=0x010203 [a DHCPv6 option goes past the end]",
  );
  assertEquals(says([5000, 546], octets("01010203")), "UDP 5000 > 546 len=4");
});

Deno.test("one line: DHCP", () => {
  const dhcp = (operation: number, yourAddress: string, options: string) =>
    udp(
      operation === 1 ? 68 : 67,
      operation === 1 ? 67 : 68,
      join(
        Uint8Array.of(operation, 1, 6, 0),
        octets("3903f326 0000 0000 00000000"),
        octets(yourAddress),
        new Uint8Array(8),
        octets("020000000001"),
        new Uint8Array(202),
        octets("63825363"),
        octets(options),
      ),
    );
  const says = (message: Uint8Array) => line(ipv4("0.0.0.0", "255.255.255.255", 17, message)).slice(26);
  assertEquals(says(dhcp(1, "00000000", "350101 ff")), "DHCP Discover for 02:00:00:00:00:01 xid=0x3903f326");
  assertEquals(
    says(dhcp(2, "0a00002a", "350102 36040a000001 330400000e10 ff")),
    "DHCP Offer 10.0.0.42 for 02:00:00:00:00:01 server=10.0.0.1 lease=3600s xid=0x3903f326",
  );
  assertEquals(
    says(dhcp(1, "00000000", "350103 32040a00002a 36040a000001 ff")),
    "DHCP Request 10.0.0.42 for 02:00:00:00:00:01 server=10.0.0.1 xid=0x3903f326",
  );
  assertEquals(says(dhcp(2, "00000000", "350106 ff")), "DHCP NAK for 02:00:00:00:00:01 xid=0x3903f326");
  assertEquals(says(dhcp(1, "00000000", "ff")), "DHCP BOOTP request for 02:00:00:00:00:01 xid=0x3903f326");
  assertEquals(
    says(dhcp(2, "0a00002a", "3302 01")),
    "DHCP BOOTP reply 10.0.0.42 for 02:00:00:00:00:01 xid=0x3903f326 [DHCP option 51 goes past the end]",
  );
});

Deno.test("one line: number, time since the first packet, microseconds or nanoseconds or no time at all", () => {
  const at = (number: number, seconds: number, nanoseconds: number, timeDigits: 6 | 9 = 6) =>
    captured(packet4, { number, time: { seconds, nanoseconds }, timeDigits });
  const text = print([
    at(1, 1_700_000_000, 999_999_999),
    at(2, 1_700_000_001, 0),
    at(3, 1_700_003_601, 5_000, 9),
    captured(packet4, { number: 4, time: undefined }),
    at(12_345, 1_699_999_990, 500_000_000),
    at(1_234_567, 1_700_000_000, 999_999_999),
  ], "line");
  assertEquals(text.split("\n").map((row) => row.split("  10.0.0.1")[0]), [
    "    1    0.000000",
    "    2    0.000000",
    "    3 3600.000005001",
    "    4           -",
    "12345  -10.499999",
    "1234567    0.000000",
    "",
  ]);
});

Deno.test("one line: protocols stand below one another, behind the widest addresses so far, within reason", () => {
  const packets = [
    [A6, B6],
    ["2001:db8:5:0:f034:a8ff:fe7b:ad3a", B6],
    [A6, B6],
    ["2001:db8:5:0:f034:a8ff:fe7b:ad3a", "2001:db8:6:0:f034:a8ff:fe7b:ad3b"],
    [A6, B6],
  ].map(([source, destination]) => captured(ipv6(source, destination, 17, datagram)));
  const columns = print(packets, "line").trimEnd().split("\n").map((row) => row.indexOf("UDP"));
  assertEquals(columns, [59, 66, 66, 87, 66]);
});

Deno.test("one line: colour is for the eye only", () => {
  const packets = [captured(packet6), captured(octets("00"))];
  const coloured = print(packets, "line", true);
  assertEquals(coloured.includes("\x1b[1mUDP\x1b[0m"), true);
  // deno-lint-ignore no-control-regex
  assertEquals(coloured.replaceAll(/\x1b\[\d+m/g, ""), print(packets, "line"));
});
