import { assertEquals, assertStringIncludes } from "@std/assert";
import { LinkType } from "../../core/capture/link_type.ts";
import { ethernet, ipv4, ipv6, join, octets, udp } from "./packet_builder.ts";
import { line, tree } from "./show.ts";

const IPV6 = ipv6("2001:db8::1", "2001:db8::2", 17, udp(5000, 5001, octets("01020304")));
const IPV4 = ipv4("192.0.2.1", "192.0.2.2", 17, udp(5000, 5001, octets("01020304")));
const LINE6 = "2001:db8::1 > 2001:db8::2 UDP 5000 > 5001 len=4";
const LINE4 = "192.0.2.1 > 192.0.2.2 UDP 5000 > 5001 len=4";

Deno.test("PPP: with address and control or without, the protocol compressed or not", () => {
  for (const linkType of [LinkType.ppp, LinkType.pppHdlc]) {
    assertEquals(line(join(octets("0057"), IPV6), { linkType }), LINE6);
    assertEquals(line(join(octets("57"), IPV6), { linkType }), LINE6);
    assertEquals(line(join(octets("ff030021"), IPV4), { linkType }), LINE4);
    assertEquals(line(join(octets("ff0321"), IPV4), { linkType }), LINE4);
  }
});

Deno.test("PPP over Ethernet, as a link type and in a frame; what the length leaves over is padding", () => {
  const session = (length: number) =>
    join(octets("1100 0007"), Uint8Array.of(length >> 8, length), octets("0057"));
  const packet = join(session(IPV6.length + 2), IPV6, new Uint8Array(6));
  assertEquals(line(packet, { linkType: LinkType.pppOverEthernet }), LINE6);
  assertEquals(line(ethernet(0x8864, packet), { linkType: LinkType.ethernet }), LINE6);
  assertStringIncludes(
    line(join(session(999), IPV6), { linkType: LinkType.pppOverEthernet }),
    "the PPPoE length says",
  );
});

Deno.test("PPP: other protocols are named, short ones are no exception", () => {
  assertEquals(line(octets("ff03c0210101"), { linkType: LinkType.ppp }), "PPP LCP");
  assertEquals(line(octets("80fd"), { linkType: LinkType.ppp }), "PPP CCP");
  assertEquals(line(octets("c0ff"), { linkType: LinkType.ppp }), "PPP protocol 0xc0ff");
  assertEquals(
    line(octets("11090000"), { linkType: LinkType.pppOverEthernet }),
    "PPPoE PADI [a PPPoE header needs 6 bytes, 4 are there]",
  );
  assertStringIncludes(
    tree(octets("ff03c0210101"), { linkType: LinkType.ppp }).join("\n"),
    "Protocol: 0xc021 (LCP)",
  );
  for (const hex of ["", "ff", "ff03", "ff0300", "21"]) {
    for (const linkType of [LinkType.ppp, LinkType.pppOverEthernet]) line(octets(hex), { linkType });
  }
});
