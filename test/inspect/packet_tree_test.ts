import { assert, assertEquals } from "@std/assert";
import { LinkType } from "../../core/capture/link_type.ts";
import { PacketCursor } from "../../core/inspect/packet_cursor.ts";
import { addPacket } from "../../core/inspect/packet_tree.ts";
import { treeNode } from "../../core/inspect/tree.ts";
import type { TreeNode } from "../../core/inspect/tree.ts";
import {
  bindingAcknowledgement,
  bindingUpdate,
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
} from "./packet_builder.ts";
import { captured, print, tree } from "./show.ts";

const HOME = "2001:db8:100::100";
const AGENT = "2001:db8:100::1";
const VISITED = "2001:db8:5::5";

const update = mobility(
  HOME,
  AGENT,
  bindingUpdate({
    forceUdp: true,
    options: [
      { kind: "mobileNodeIdentifier", subtype: 1, identifier: new TextEncoder().encode("mn1@example.org") },
      { kind: "ipv4CareOfAddress", careOfAddress: "10.0.0.42" },
      {
        kind: "messageAuthentication",
        subtype: 1,
        spi: 1000,
        authenticationData: octets("0102030405060708090a0b0c"),
      },
    ],
  }),
);

Deno.test("tree: a Binding Update in UDP, with the octets of every field", () => {
  const packet = ethernet(
    0x0800,
    ipv4("10.0.0.42", "203.0.113.1", 17, udp(4191, 4191, ipv6(HOME, AGENT, 135, update))),
  );
  assertEquals(
    print([captured(packet, { linkType: LinkType.ethernet })], "tree"),
    `Packet 1  0.000000 s  2023-11-14 22:13:20.000000 UTC  Ethernet  146 bytes
     0-13  Ethernet
      0-5    Destination: 02:00:00:00:00:02
     6-11    Source: 02:00:00:00:00:01
    12-13    Type: 0x0800 (IPv4)
    14-33  IPv4  10.0.0.42 > 203.0.113.1
       14    Version: 4
       14    Header length: 20 bytes
       15    DSCP: 0
       15    ECN: 0 (not ECT)
    16-17    Total length: 132
    18-19    Identification: 0x0000
    20-21    Flags: 0x4000 Don't fragment (DF)
    20-21    Fragment offset: 0 bytes
       22    Time to live: 64
       23    Protocol: 17 (UDP)
    24-25    Header checksum: 0xf43d (correct)
    26-29    Source: 10.0.0.42
    30-33    Destination: 203.0.113.1
    34-41  UDP  4191 > 4191
    34-35    Source port: 4191
    36-37    Destination port: 4191
    38-39    Length: 112
    40-41    Checksum: 0x0000 (none)
    42-81  IPv6  2001:db8:100::100 > 2001:db8:100::1
       42    Version: 6
    42-43    DSCP: 0
       43    ECN: 0 (not ECT)
    43-45    Flow label: 0x00000
    46-47    Payload length: 64
       48    Next header: 135 (Mobility Header)
       49    Hop limit: 64
    50-65    Source: 2001:db8:100::100
    66-81    Destination: 2001:db8:100::1
   82-145  Mobility Header  Binding Update
       82    Payload protocol: 59 (no next header)
       83    Header length: 7 (64 bytes)
       84    Type: 5 (Binding Update)
    86-87    Checksum: 0x7f36 (correct)
    88-89    Sequence #: 7
    90-91    Flags: A acknowledge, H home registration, K key management mobility, F force UDP
    92-93    Lifetime: 60 s
   94-111    Option 8: Mobile Node Identifier (RFC 4283 3)
       96      Subtype: 1 (NAI)
   97-111      Identifier: mn1@example.org
  112-113    Option 1: PadN
  114-121    Option 32: IPv4 Care-of Address (RFC 5555 3.1.2)
  118-121      IPv4 Care-of address: 10.0.0.42
  122-126    Option 1: PadN
  127-145    Option 9: Mobility Message Authentication (RFC 4285 5)
      129      Subtype: 1 (MN-HA)
  130-133      Mobility SPI: 1000
  134-145      Authentication Data: 0102030405060708090a0b0c

`,
  );
});

Deno.test("tree: the checksum of a mobility header is verified over the home addresses", () => {
  const away = ipv6(VISITED, AGENT, 60, homeAddressOption(135, HOME, update));
  assertEquals(tree(away).filter((text) => /Checksum|Home Address/.test(text)), [
    "46-63    Option: Home Address 2001:db8:100::100",
    "68-69    Checksum: 0x7f36 (correct)",
  ]);
  away[68] ^= 0x10;
  assert(tree(away).includes("68-69    Checksum: 0x6f36 (incorrect, should be 0x7f36)"));
  const back = mobility(AGENT, HOME, bindingAcknowledgement({ status: 135 }));
  const text = tree(ipv6(AGENT, VISITED, 43, routingHomeAddress(135, HOME, back)));
  assert(text.includes("40-63  Routing Header  type 2, home address 2001:db8:100::100"));
  assert(text.some((row) => row.endsWith("(correct)")));
  assert(text.includes("70    Status: 135 (Sequence number out of window)"));
});

Deno.test("tree: options of the wrong length, unknown ones, and one that goes past the end", () => {
  const data = octets("010203");
  const message = mobility(
    HOME,
    AGENT,
    bindingUpdate({
      options: [{ kind: "unknownOption", type: 200, data }, { kind: "unknownOption", type: 20, data }],
    }),
  );
  assertEquals(tree(ipv6(HOME, AGENT, 135, message)).slice(-5), [
    "52-56    Option 200: unknown",
    "54-56      Data: 01:02:03",
    "57-61    Option 20: Service Selection (RFC 5149 3)",
    "59-61      Identifier: 0x010203",
    "62-63    Option 1: PadN",
  ]);
  message[12] = 32;
  assert(
    tree(ipv6(HOME, AGENT, 135, message)).includes(
      "52-56    Option 32: IPv4 Care-of Address (RFC 5555 3.1.2): IPv4 Care-of Address option of length 3, not 6",
    ),
  );
  message[13] = 100;
  assertEquals(
    tree(ipv6(HOME, AGENT, 135, message)).at(-1),
    "52-63    Option 32: IPv4 Care-of Address, goes past the end",
  );
});

Deno.test("tree: an ICMP error has the quoted packet in it", () => {
  const quoted = ipv6(HOME, AGENT, 17, udp(5000, 5001, octets("0102")));
  const error = withChecksum(AGENT, HOME, 58, 2, join(octets("0200 0000 00000500"), quoted));
  const text = tree(ipv6(AGENT, HOME, 58, error)).map((row) => row.replace(/^[\d-]+ +/, ""));
  const at = text.indexOf("Quoted packet");
  assertEquals(text.slice(at - 4, at + 2), [
    "Type: 2 (packet too big)",
    "Code: 0",
    `Checksum: 0x${error.subarray(2, 4).toHex()} (correct)`,
    "MTU: 1280",
    "Quoted packet",
    `IPv6: ${HOME} > ${AGENT}`,
  ]);
  assertEquals(text.slice(-2), ["Checksum: 0x0000 (none)", "Data: 2 bytes"]);
});

Deno.test("tree: what is wrong stands in its layer; what was not captured is said", () => {
  const packet = ipv4("10.0.0.1", "10.0.0.2", 17, udp(1, 2, octets("0102")), { totalLength: 1000 });
  assert(tree(packet).includes("0-19    Problem: the IPv4 total length says 1000 bytes, 30 are there"));
  assertEquals(tree(packet.subarray(0, 25), { originalLength: 30 }).slice(-3), [
    "20-21    Source port: 1",
    "22-23    Destination port: 2",
    "25-29  Not captured  5 bytes",
  ]);
});

Deno.test("tree: DHCP options and neighbor discovery options have names", () => {
  const prefix = octets("0304 40c0 00015180 ffffffff 00000000 20010db8000500000000000000000000");
  const advertisement = join(octets("8600 0000 4000 0708 00000000 00000000"), prefix);
  const text = tree(ipv6("fe80::1", "ff02::1", 58, withChecksum("fe80::1", "ff02::1", 58, 2, advertisement)))
    .map((row) => row.replace(/^[\d-]+ +/, ""));
  assertEquals(text.slice(text.indexOf("Option: Prefix information")), [
    "Option: Prefix information",
    "Type: 3",
    "Length: 4 (32 bytes)",
    "Prefix length: 64",
    "Flags: 0xc0 On-link (L), Autonomous (A)",
    "Valid lifetime: 86400 s",
    "Preferred lifetime: infinite",
    "Prefix: 2001:db8:5::",
  ]);
  const dhcp = join(
    octets("02010600 3903f326"),
    new Uint8Array(228),
    octets("63825363 350105 0304c0000201 0c016d ff"),
  );
  const options = tree(ipv4("10.0.0.1", "10.0.0.2", 17, udp(67, 68, dhcp))).map((row) =>
    row.replace(/^[\d-]+ +/, "")
  );
  assertEquals(options.slice(-3), [
    "Option 53 Message type: 5 (ACK)",
    "Option 3 Router: 192.0.2.1",
    "Option 12 Host name: m",
  ]);
  assert(options.includes("DHCPv4  ACK"));
});

Deno.test("tree: a number that an option gives too many octets is shown as octets", () => {
  const dhcp = join(
    octets("02010600 3903f326"),
    new Uint8Array(228),
    octets("63825363 1a08 0102030405060708 330700000000000e10 ff"),
  );
  assertEquals(tree(ipv4("10.0.0.1", "10.0.0.2", 17, udp(67, 68, dhcp))).slice(-2), [
    "268-277    Option 26 Interface MTU: 01:02:03:04:05:06:07:08",
    "278-286    Option 51 Lease time: 00:00:00:00:00:0e:10",
  ]);
});

Deno.test("tree: a checksum that was left to the network card is not called incorrect", () => {
  const [source, destination] = ["10.0.0.1", "10.0.0.2"];
  const datagram = udp(1, 2, octets("0102"));
  // 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 17 + 10 octets.
  datagram.set(octets("141e"), 6);
  const row = (packet: Uint8Array) => tree(packet).find((text) => text.startsWith("26-27"));
  assertEquals(
    row(ipv4(source, destination, 17, datagram)),
    "26-27    Checksum: 0x141e (partial, left to the network card)",
  );
  const right = withChecksum(source, destination, 17, 6, datagram).subarray(6, 8).toHex();
  datagram[7]++;
  assertEquals(
    row(ipv4(source, destination, 17, datagram)),
    `26-27    Checksum: 0x141f (incorrect, should be 0x${right})`,
  );
});

Deno.test("tree: every node lies in the packet, and a field in its layer", () => {
  const packet = ethernet(0x86dd, ipv6(VISITED, AGENT, 60, homeAddressOption(135, HOME, update)));
  for (let length = 0; length <= packet.length; length++) {
    const root = treeNode("Packet", 0, length);
    const cursor = new PacketCursor();
    cursor.begin(packet, 0, length, packet.length, "linkType", LinkType.ethernet);
    addPacket(cursor, root);
    root.children.forEach((child) => check(child, 0, length));
  }
  function check(node: TreeNode, from: number, to: number): void {
    const place = `${node.name} at ${node.offset}, ${node.length} octets, in ${from} to ${to}`;
    assert(node.offset >= from && node.offset + node.length <= to, place);
    node.children.forEach((child) => check(child, node.offset, node.offset + node.length));
  }
});
