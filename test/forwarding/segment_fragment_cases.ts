import { assert, assertEquals } from "@std/assert";
import type { Forwarder, TunPacket } from "../../core/forwarding/forwarder.ts";
import { type ForwardingCase, NOW_MS, send } from "./case_tools.ts";
import { fragmentsOf, reassembled } from "./fragment_tools.ts";
import { assertLeavesAs, atHomeAgent, bindNode, payloadOf, TUNNELS } from "./offload_tools.ts";
import {
  ACK,
  CWR,
  FIN,
  type IpFields,
  partial,
  PSH,
  superPacket,
  tcp,
  tcpSegments,
  toNode,
  udp,
  udpSegments,
} from "./transport_packets.ts";

/** To the mobile node, and a router may cut it. */
const IP: IpFields = { ...toNode(4), fragment: 0, identification: 0xfffe, typeOfService: 2 };
const OPTIONS = Uint8Array.of(0x94, 4, 0, 0, 7, 7, 4, 1, 2, 3, 4, 0);
const FIELDS = { sequence: 5, flags: ACK | PSH | FIN | CWR, payload: payloadOf(7000) };
const TIMESTAMPS = payloadOf(40);

/** These segments leave, each in fragments where it is longer than the tunnel carries. */
function assertFragments(
  forwarder: Forwarder,
  packet: Required<TunPacket>,
  mtu: number,
  segments: readonly Uint8Array[],
): void {
  for (const tunnel of TUNNELS) {
    bindNode(forwarder, tunnel, mtu);
    const [verdict] = forwarder.outbound([{ bytes: packet.bytes.slice(), header: packet.header }], NOW_MS);
    assert(verdict.kind === "send");
    const outerOctets = { udp: 0, ipv6InIpv4: 20, ipv6InIpv6: 40 }[tunnel.encapsulation];
    const inner = verdict.datagrams.map((datagram) => datagram.subarray(outerOctets));
    for (const segment of segments) {
      const count = segment.length <= mtu ? 1 : inner.findIndex((each) => (each[6] & 0x20) === 0) + 1;
      assert(segment.length <= mtu || count > 1, `${segment.length} octets in ${count} fragments`);
      assertEquals(reassembled(inner.splice(0, count), mtu), segment);
    }
    assertEquals(inner.length, 0);
  }
}

/** The kernel's packets of many segments, of IPv4 without DF: only segments that are too big are cut further. */
export const segmentFragmentCases: readonly ForwardingCase[] = [
  atHomeAgent("RFC 791 3.2: a packet whose checksum is left to us is completed, then cut", (forwarder) => {
    const whole = udp(IP, { payload: payloadOf(1460) });
    const pieces = [{ at: 0, octets: 1448 }, { at: 1448, octets: 20, isLast: true }];
    assertLeavesAs(forwarder, partial(whole), fragmentsOf(IP, 17, whole.subarray(20), pieces));
  }),
  atHomeAgent(
    "a whole batch of the longest packets whose checksums are left to us finds room",
    (forwarder) => {
      bindNode(forwarder, TUNNELS[0], 1280);
      const wholes = Array.from(
        { length: 64 },
        (_, number) => udp({ ...IP, identification: number }, { payload: payloadOf(65_507) }),
      );
      const verdicts = forwarder.outbound(wholes.map((whole) => partial(whole)), NOW_MS);
      for (const [index, verdict] of verdicts.entries()) {
        assert(verdict.kind === "send");
        assertEquals(reassembled(verdict.datagrams, 1280), wholes[index]);
      }
    },
  ),
  atHomeAgent("IPv4 without DF: segments that fit leave whole", (forwarder) => {
    const expected = tcpSegments(IP, FIELDS, 1432);
    assertLeavesAs(forwarder, superPacket(tcp(IP, FIELDS), 1432), expected);
  }),
  ...[1433, 1448, 3000, 6999, 7000, 9000].map((octets) =>
    atHomeAgent(
      `IPv4 without DF: TCP segments of ${octets} octets are cut, and each stays itself`,
      (forwarder) => {
        assertFragments(
          forwarder,
          superPacket(tcp(IP, FIELDS), octets),
          1472,
          tcpSegments(IP, FIELDS, octets),
        );
      },
    )
  ),
  ...[1445, 2000].map((octets) =>
    atHomeAgent(
      `IPv4 without DF: UDP segments of ${octets} octets are cut, and each stays itself`,
      (forwarder) => {
        const fields = { payload: payloadOf(7000) };
        assertFragments(
          forwarder,
          superPacket(udp(IP, fields), octets),
          1472,
          udpSegments(IP, fields, octets),
        );
      },
    )
  ),
  atHomeAgent("IPv4 without DF: segments with options of both headers are cut", (forwarder) => {
    const ip = { ...IP, options: OPTIONS };
    const fields = { ...FIELDS, options: TIMESTAMPS };
    assertFragments(forwarder, superPacket(tcp(ip, fields), 1300), 1280, tcpSegments(ip, fields, 1300));
    const longest = { ...IP, options: new Uint8Array(40).fill(1) };
    assertFragments(
      forwarder,
      superPacket(tcp(longest, fields), 1161),
      1280,
      tcpSegments(longest, fields, 1161),
    );
  }),
  atHomeAgent("IPv4 without DF: 64 KiB of segments that are one octet too long", (forwarder) => {
    const fields = { payload: payloadOf(65_480) };
    const packet = superPacket(tcp(IP, fields), 1241);
    assertFragments(forwarder, packet, 1280, tcpSegments(IP, fields, 1241));
  }),
  atHomeAgent(
    "what the kernel would have us cut with something between its headers is dropped",
    (forwarder) => {
      const { bytes, header } = superPacket(tcp(IP, FIELDS), 1000);
      const shifted = { ...header, checksumStart: header.checksumStart + 4 };
      const verdict = send(forwarder, bytes, { header: shifted });
      assertEquals(verdict.kind === "drop" && verdict.reason, "tunHeaderMalformed");
    },
  ),
];
