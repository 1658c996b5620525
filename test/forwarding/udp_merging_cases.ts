import type { InboundVerdict } from "../../core/forwarding/forwarder.ts";
import { assertEquals } from "@std/assert";
import type { ForwardingCase } from "./case_tools.ts";
import {
  assertDeliveredAs,
  assertDeliveredIn,
  atHomeAgent,
  countingWrites,
  payloadOf,
  receiveMerged,
} from "./offload_tools.ts";
import { concat, counting, HOME_AGENT, ipv6, MOBILITY, mobilityHeader } from "./packets.ts";
import {
  damaged,
  fromNode,
  icmp,
  type IpFields,
  ipPacket,
  tcp,
  tcpSegments,
  udp,
  type UdpFields,
  type Version,
  VERSIONS,
} from "./transport_packets.ts";

function casesOf(version: Version): ForwardingCase[] {
  const start = version === 6 ? 40 : 20;
  /** A datagram of so many octets of payload. */
  const of = (octets: number, fields: UdpFields = {}, ip: Partial<IpFields> = {}) =>
    udp({ ...fromNode(version), ...ip }, { payload: payloadOf(octets), ...fields });
  const withoutChecksum = (octets: number) => {
    const packet = of(octets);
    packet.set([0, 0], start + 6);
    return packet;
  };
  const about = (what: string, run: ForwardingCase["run"]) =>
    atHomeAgent(`UDP over IPv${version}: ${what}`, run);

  return [
    about(
      "datagrams of one length are one write; a shorter one is the last, a longer one the next",
      (forwarder) => {
        assertDeliveredIn(forwarder, 1, [of(1200), of(1200), of(1200)]);
        assertDeliveredIn(forwarder, 1, [of(1200), of(1200), of(7)]);
        assertDeliveredIn(forwarder, 2, [of(1200), of(1200), of(7), of(7)]);
        assertDeliveredIn(forwarder, 2, [of(1200), of(7), of(1200)]);
        assertDeliveredIn(forwarder, 2, [of(7), of(1200), of(1200)]);
        assertDeliveredIn(forwarder, 3, [of(7), of(8), of(9)]);
        assertDeliveredIn(forwarder, 1, [of(1), of(1)]);
      },
    ),
    about("a write has at most 64 datagrams", (forwarder) => {
      const packets = Array.from({ length: 130 }, () => of(20));
      const verdicts = countingWrites(forwarder, 3, () => receiveMerged(forwarder, packets));
      assertDeliveredAs(verdicts, packets);
    }),
    about("a write has at most 65535 octets", (forwarder) => {
      assertDeliveredIn(forwarder, 2, Array.from({ length: 60 }, () => of(1400)));
    }),
    about("datagrams without payload are not merged", (forwarder) => {
      assertDeliveredIn(forwarder, 3, [of(0), of(0), of(0)]);
      assertDeliveredIn(forwarder, 3, [of(10), of(0), of(10)]);
    }),
    about("datagrams without a checksum are not merged, and stay without", (forwarder) => {
      assertDeliveredIn(forwarder, 3, [withoutChecksum(50), withoutChecksum(50), withoutChecksum(50)]);
      assertDeliveredIn(forwarder, 3, [of(50), of(50), withoutChecksum(50), of(50), of(50)]);
    }),
    about("a datagram with a wrong checksum is never merged, and is delivered as it was", (forwarder) => {
      const bad = damaged(of(50), start + 20);
      assertDeliveredIn(forwarder, 3, [of(50), bad, of(50), of(50)]);
      assertDeliveredIn(forwarder, 3, [bad, bad, bad]);
    }),
    about("RFC 768: a checksum of ffff stays, and one of 0 too", (forwarder) => {
      const found = of(2, { payload: counting(2) });
      const sum = (found[start + 6] << 8 | found[start + 7]) + 1;
      const packet = of(2, { payload: Uint8Array.of(sum >> 8, sum & 0xff) });
      assertEquals(packet.subarray(start + 6, start + 8), Uint8Array.of(0xff, 0xff));
      assertDeliveredIn(forwarder, 1, [packet, packet, packet]);
      // The sum is right here too, but 0 says that there is none.
      const without = packet.slice();
      without.set([0, 0], start + 6);
      assertDeliveredIn(forwarder, 3, [without, without, without]);
    }),
    about("a length that is not the IP packet's is not merged", (forwarder) => {
      for (const length of [57, 59, 8, 0, 65_535]) {
        const odd = of(50, { length });
        assertDeliveredIn(forwarder, 3, [odd, odd, odd]);
      }
    }),
    about("another TTL, DSCP, port or destination parts datagrams", (forwarder) => {
      const destination = version === 6 ? "2001:db8:ffff::a" : "198.18.0.10";
      for (const [fields, ip] of [[{}, { timeToLive: 9 }], [{}, { typeOfService: 8 }]] as const) {
        assertDeliveredIn(forwarder, 2, [of(50), of(50), of(50, fields, ip), of(50, fields, ip)]);
      }
      for (
        const [fields, ip] of [[{ sourcePort: 1 }, {}], [{ destinationPort: 1 }, {}], [{}, {
          destination,
        }]] as const
      ) {
        assertDeliveredIn(forwarder, 2, [of(50), of(50, fields, ip), of(50), of(50, fields, ip)]);
      }
    }),
    about("a UDP header that the end cuts is delivered as it is", (forwarder) => {
      const cut = (octets: number) => ipPacket(fromNode(version), 17, counting(octets));
      assertDeliveredIn(forwarder, 6, [of(50), of(50), cut(7), cut(3), cut(0), of(50), of(50), cut(4)]);
    }),
    about("ICMP between datagrams keeps its place", (forwarder) => {
      const echo = icmp(fromNode(version));
      assertDeliveredIn(forwarder, 4, [of(50), of(50), echo, echo, of(50), of(50)]);
    }),
    about("UDP and TCP with the same ports are different flows", (forwarder) => {
      const segments = tcpSegments(fromNode(version), { payload: payloadOf(300) }, 100);
      const ports = { sourcePort: 4000, destinationPort: 80 };
      assertDeliveredIn(forwarder, 2, segments.flatMap((segment) => [segment, of(92, ports)]));
    }),
  ];
}

const BOUND = { source: fromNode(6).source };
const BINDING_UPDATE = ipv6({
  ...BOUND,
  destination: HOME_AGENT,
  nextHeader: MOBILITY,
  payload: mobilityHeader(),
});

/** Reads of the socket that hold several datagrams (UDP_GRO): each is a packet with a verdict of its own. */
const mergedReads: readonly ForwardingCase[] = [
  ...VERSIONS.map((version) =>
    atHomeAgent(`a read of several datagrams, the last one shorter: IPv${version}`, (forwarder) => {
      const fields = { payload: payloadOf(9500) };
      const segments = tcpSegments(fromNode(version), fields, 1000);
      assertDeliveredAs(countingWrites(forwarder, 1, () => receiveMerged(forwarder, segments)), segments);
      assertDeliveredAs(receiveMerged(forwarder, segments.slice(0, 1)), segments.slice(0, 1));
    })
  ),
  atHomeAgent("a read of several datagrams of which some are dropped and one is for control", (forwarder) => {
    const octets = BINDING_UPDATE.length;
    const data = ipPacket(fromNode(6), 59, counting(octets - 40));
    const stranger = ipv6({ source: "2001:db8:100::999", nextHeader: 59, payload: counting(octets - 40) });
    const short = data.subarray(0, 41);
    const verdicts = receiveMerged(forwarder, [data, BINDING_UPDATE, stranger, data, short]);
    const what = (verdict: InboundVerdict) => verdict.kind === "drop" ? verdict.reason : verdict.kind;
    assertEquals(verdicts.map(what), [
      "deliver",
      "signalling",
      "sourceNotBound",
      "deliver",
      "truncatedPacket",
    ]);
    const [, signalling, unbound] = verdicts;
    assertEquals(signalling.kind === "signalling" && signalling.record.packet, BINDING_UPDATE);
    assertEquals(unbound.kind === "drop" && unbound.record?.packet, stranger.subarray(0, 128));
    assertEquals(forwarder.counters().dropped, { sourceNotBound: 1, truncatedPacket: 1 });
  }),
  atHomeAgent("a read of several datagrams that are longer than their packets", (forwarder) => {
    const packets = tcpSegments(fromNode(6), { payload: payloadOf(3000) }, 1000);
    const padded = packets.map((packet) => concat(packet, counting(5)));
    assertDeliveredAs(receiveMerged(forwarder, padded), packets);
  }),
  atHomeAgent("RFC 6040 4.2: the mark of a read is the mark of each datagram in it", (forwarder) => {
    const of = (ecn: number) =>
      tcpSegments({ ...fromNode(4), typeOfService: ecn }, { payload: payloadOf(3000) }, 1000);
    const verdicts = countingWrites(
      forwarder,
      1,
      () => receiveMerged(forwarder, of(2), { typeOfService: 3 }),
    );
    assertDeliveredAs(verdicts, of(3));
    const notEct = receiveMerged(forwarder, of(0), { typeOfService: 3 });
    assertEquals(
      notEct.map((verdict) => verdict.kind === "drop" && verdict.reason),
      Array(3).fill("congestionNotEct"),
    );
  }),
  atHomeAgent("a datagram length that is larger than the read is that of one datagram", (forwarder) => {
    const packet = tcp(fromNode(6));
    assertDeliveredAs(receiveMerged(forwarder, [packet], { datagramOctets: 9000 }), [packet]);
  }),
  atHomeAgent("a datagram length of 0 says nothing", (forwarder) => {
    const packet = tcp(fromNode(6));
    assertDeliveredAs(receiveMerged(forwarder, [packet], { datagramOctets: 0 }), [packet]);
  }),
  atHomeAgent("datagrams of a read that are shorter than a header are dropped one by one", (forwarder) => {
    const packet = tcp(fromNode(6), { payload: counting(60) });
    const verdicts = receiveMerged(forwarder, [packet], { datagramOctets: 30 });
    assertEquals(verdicts.map(({ kind }) => kind), ["drop", "drop", "drop", "drop"]);
  }),
  atHomeAgent("more packets than the list of writes holds all come, in their order", (forwarder) => {
    // 40 reads of 20 packets, each of a flow of its own: 800 writes.
    const reads = Array.from(
      { length: 40 },
      (_, read) =>
        Array.from(
          { length: 20 },
          (_, index) => tcp(fromNode(6), { sourcePort: 1000 + read, destinationPort: index + 1 }),
        ),
    );
    const datagrams = reads.map((packets) => ({
      bytes: concat(...packets),
      datagramOctets: packets[0].length,
      source: { address: "198.51.100.7", port: 40_000 },
      typeOfService: 0,
    }));
    const verdicts = countingWrites(forwarder, 800, () => forwarder.inbound("udp", datagrams, 0));
    assertDeliveredAs(verdicts, reads.flat());
  }),
  atHomeAgent("an empty batch has no verdicts", (forwarder) => {
    assertEquals(forwarder.inbound("udp", [], 0), []);
    assertEquals(forwarder.inbound("ipv6InIpv4", [], 0), []);
    assertEquals(forwarder.outbound([], 0), []);
  }),
];

/** The same for datagrams (USO); and reads of the socket that hold several. */
export const udpMergingCases: readonly ForwardingCase[] = [...VERSIONS.flatMap(casesOf), ...mergedReads];
