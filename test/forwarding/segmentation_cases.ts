import { assertEquals } from "@std/assert";
import { assertDropped, type ForwardingCase, NODE_IN_41, NODE_IN_UDP, send } from "./case_tools.ts";
import { assertLeavesAs, atHomeAgent, bindNode, payloadOf } from "./offload_tools.ts";
import { parseIpv6 } from "../../core/wire/address.ts";
import { concat, counting, extension } from "./packets.ts";
import {
  ACK,
  CWR,
  ECE,
  FIN,
  type IpFields,
  ipPacket,
  PSH,
  superPacket,
  TCP,
  tcp,
  type TcpFields,
  tcpSegments,
  toNode,
  udp,
  udpSegments,
  URG,
  VERSIONS,
} from "./transport_packets.ts";

/** TCP in segments of so many octets: what one packet of the kernel becomes, and what is right. */
function assertTcp(
  forwarder: Parameters<typeof assertLeavesAs>[0],
  ip: IpFields,
  fields: TcpFields,
  octets: number,
): void {
  assertLeavesAs(forwarder, superPacket(tcp(ip, fields), octets), tcpSegments(ip, fields, octets));
}

/** The timestamps option as Linux sends it: two octets of padding, then 10. */
const TIMESTAMPS = Uint8Array.of(1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8);

const tcpCases = VERSIONS.flatMap((version) => {
  const ip = { ...toNode(version), typeOfService: 0xba, timeToLive: 17, flowLabel: 0x12345 };
  return [
    atHomeAgent(`TCP over IPv${version} is cut: sequence numbers count on`, (forwarder) => {
      for (const octets of [2, 100, 1000, 1001, 4999]) {
        assertTcp(forwarder, ip, { sequence: 77, payload: payloadOf(octets) }, 1000);
      }
      assertTcp(forwarder, ip, { payload: payloadOf(65_000) }, 1388);
      assertTcp(forwarder, ip, { payload: payloadOf(2001) }, 1);
    }),
    atHomeAgent(`RFC 9293 3.4: TCP over IPv${version}: sequence numbers wrap`, (forwarder) => {
      for (const sequence of [2 ** 32 - 1, 2 ** 32 - 1000, 2 ** 32 - 1500, 2 ** 31 - 1]) {
        assertTcp(forwarder, ip, { sequence, payload: payloadOf(3500) }, 1000);
      }
    }),
    atHomeAgent(`TCP over IPv${version}: PSH and FIN are on the last segment only`, (forwarder) => {
      for (const flags of [ACK, ACK | PSH, ACK | FIN, ACK | PSH | FIN, ACK | URG]) {
        assertTcp(forwarder, ip, { flags, urgent: 5, payload: payloadOf(2500) }, 1000);
      }
    }),
    atHomeAgent(`RFC 3168 6.1.2: TCP over IPv${version}: CWR is on the first segment only`, (forwarder) => {
      for (const flags of [ACK | CWR, ACK | CWR | ECE | PSH, ACK | ECE]) {
        assertTcp(forwarder, ip, { flags, payload: payloadOf(2500) }, 1000);
      }
    }),
    atHomeAgent(`TCP over IPv${version}: options are in every segment`, (forwarder) => {
      for (const options of [TIMESTAMPS, payloadOf(40)]) {
        assertTcp(forwarder, ip, { options, payload: payloadOf(5000) }, 1360);
      }
    }),
    atHomeAgent(
      `TCP over IPv${version}: one segment that fits is one packet, with all its flags`,
      (forwarder) => {
        const fields = { flags: ACK | PSH | CWR | FIN, payload: payloadOf(700) };
        for (const octets of [700, 701, 65_535]) assertTcp(forwarder, ip, fields, octets);
      },
    ),
    atHomeAgent(`UDP over IPv${version} is cut: each datagram has its length and checksum`, (forwarder) => {
      for (const octets of [1, 1200, 1201, 12_000, 12_001]) {
        const fields = { payload: payloadOf(octets) };
        assertLeavesAs(forwarder, superPacket(udp(ip, fields), 1200), udpSegments(ip, fields, 1200));
      }
    }),
    atHomeAgent(
      `RFC 768: UDP over IPv${version}: a datagram whose checksum comes out as 0 has ffff`,
      (forwarder) => {
        const start = version === 6 ? 40 : 20;
        const [first] = udpSegments(ip, { payload: Uint8Array.of(0, 1) }, 2);
        const sum = (first[start + 6] << 8 | first[start + 7]) + 1;
        const payload = Uint8Array.of(sum >> 8, sum & 0xff, sum >> 8, sum & 0xff, 9);
        const segments = udpSegments(ip, { payload }, 2);
        assertEquals(segments[0].subarray(start + 6, start + 8), Uint8Array.of(0xff, 0xff));
        assertLeavesAs(forwarder, superPacket(udp(ip, { payload }), 2), segments);
      },
    ),
  ];
});

const headerCases: readonly ForwardingCase[] = [
  atHomeAgent("RFC 6864 4.1: IPv4 segments have identifications of their own, counted on", (forwarder) => {
    for (const identification of [0, 65_534, 65_535]) {
      for (const fragment of [0x4000, 0]) {
        const ip = { ...toNode(4), identification, fragment };
        assertTcp(forwarder, ip, { payload: payloadOf(4500) }, 1000);
        const fields = { payload: payloadOf(4500) };
        assertLeavesAs(forwarder, superPacket(udp(ip, fields), 1000), udpSegments(ip, fields, 1000));
      }
    }
  }),
  atHomeAgent("IPv4 options are in every segment", (forwarder) => {
    const ip = { ...toNode(4), options: Uint8Array.of(148, 4, 0, 0, 1, 1, 1, 0) };
    assertTcp(forwarder, ip, { options: TIMESTAMPS, payload: payloadOf(4500) }, 1000);
  }),
  atHomeAgent("IPv6 extension headers are in every segment", (forwarder) => {
    const bytes = extension(TCP, 16, counting(0));
    const ip = { ...toNode(6), extensions: { type: 60, bytes } };
    const fields = { payload: payloadOf(4500) };
    const packet = superPacket(tcp(ip, fields), 1000, { protocol: TCP, start: 56 });
    assertLeavesAs(forwarder, packet, tcpSegments(ip, fields, 1000));
  }),
  atHomeAgent(
    "RFC 8200 8.1: a checksum is over the final destination, where a routing header has it",
    (forwarder) => {
      const final = toNode(6);
      const extensions = { type: 43, bytes: extension(TCP, 24, counting(0)) };
      const fields = { payload: payloadOf(2500) };
      const towards = (packet: Uint8Array) =>
        concat(packet.subarray(0, 24), parseIpv6(final.destination!)!, packet.subarray(40));
      const ip = { ...final, destination: "2001:db8:77::1", extensions };
      const { bytes, header } = superPacket(tcp(ip, fields), 1000, { protocol: TCP, start: 64 });
      assertLeavesAs(
        forwarder,
        { bytes: towards(bytes), header },
        tcpSegments(ip, fields, 1000).map(towards),
      );
    },
  ),
];

/** Which of them the kernel would never say. */
const contradictionCases: readonly ForwardingCase[] = [
  ...([
    ["tcpv4 of IPv6", 6, { segmentation: "tcpv4" }],
    ["tcpv6 of IPv4", 4, { segmentation: "tcpv6" }],
    ["no partial checksum", 6, { needsChecksum: false }],
    ["a UDP checksum in TCP", 6, { checksumOffset: 6 }],
    ["a TCP checksum in UDP", 6, { segmentation: "udp" }],
    ["a segment of 0 octets", 6, { segmentOctets: 0 }],
    ["a TCP header in the IPv6 header", 6, { checksumStart: 20 }],
    ["a TCP header in the IPv4 header", 4, { checksumStart: 16 }],
    ["a TCP header past the end", 6, { checksumStart: 3000 }],
    ["half a TCP header before the end", 6, { checksumStart: 40 + 20 + 2500 - 18 }],
    ["the largest of all numbers", 6, { checksumStart: 65_535, segmentOctets: 65_535 }],
  ] as const).map(([what, version, header]) =>
    atHomeAgent(`segments of ${what} are refused`, (forwarder) => {
      const { bytes, header: right } = superPacket(tcp(toNode(version), { payload: payloadOf(2500) }), 1000);
      const verdict = send(forwarder, bytes, { header: { ...right, ...header } });
      assertDropped(forwarder, verdict, "tunHeaderMalformed");
    })
  ),
  ...([
    ["a data offset of 4", { dataOffset: 4, payload: payloadOf(2500) }],
    ["a TCP header past the end", { dataOffset: 15, payload: payloadOf(30) }],
    ["no payload", { payload: counting(0) }],
  ] as const).map(([what, fields]) =>
    atHomeAgent(`segments of TCP with ${what} are refused`, (forwarder) => {
      const { bytes, header } = superPacket(tcp(toNode(6), fields), 1000);
      assertDropped(forwarder, send(forwarder, bytes, { header }), "tunHeaderMalformed");
    })
  ),
  atHomeAgent("segments of UDP without payload are refused", (forwarder) => {
    const { bytes, header } = superPacket(udp(toNode(4), { payload: counting(0) }), 1000);
    assertDropped(forwarder, send(forwarder, bytes, { header }), "tunHeaderMalformed");
  }),
  atHomeAgent("a UDP header that the end cuts is refused", (forwarder) => {
    const { header } = superPacket(udp(toNode(4)), 1000);
    const bytes = ipPacket(toNode(4), 17, counting(7));
    assertDropped(forwarder, send(forwarder, bytes, { header }), "tunHeaderMalformed");
  }),
  atHomeAgent("2048 segments are cut, 2049 are refused", (forwarder) => {
    for (const [octets, isRefused] of [[2048 * 3, false], [2048 * 3 + 1, true]] as const) {
      const { bytes, header } = superPacket(tcp(toNode(6), { payload: payloadOf(octets) }), 3);
      const verdict = send(forwarder, bytes, { header });
      if (isRefused) assertDropped(forwarder, verdict, "tunHeaderMalformed");
      else assertEquals(verdict.kind === "send" && verdict.datagrams.length, 2048);
    }
  }),
  atHomeAgent(
    "headers of 262144 octets are made, more are refused, in UDP as with protocol 41",
    (forwarder) => {
      // 40 + 208 + 20, and room for 48 outside: 320 octets a segment, and 819 of them fit.
      const extensions = { type: 60, bytes: extension(TCP, 208, counting(0)) };
      for (const tunnel of [NODE_IN_UDP, NODE_IN_41]) {
        bindNode(forwarder, tunnel);
        for (const [segments, expected] of [[819, "send"], [820, "drop"]] as const) {
          const packet = tcp({ ...toNode(6), extensions }, { payload: payloadOf(10 * segments) });
          const { bytes, header } = superPacket(packet, 10, { protocol: TCP, start: 248 });
          const verdict = send(forwarder, bytes, { header });
          assertEquals(verdict.kind, expected);
          if (verdict.kind === "drop") assertEquals(verdict.reason, "tunHeaderMalformed");
        }
      }
    },
  ),
];

/** Packets that the kernel wants to be cut (TSO, USO), against the packets of a sender that cuts them itself. */
export const segmentationCases: readonly ForwardingCase[] = [
  ...tcpCases,
  ...headerCases,
  ...contradictionCases,
];
