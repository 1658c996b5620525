import type { ForwardingCase } from "./case_tools.ts";
import { assertDeliveredIn, atHomeAgent, payloadOf } from "./offload_tools.ts";
import {
  ACK,
  CWR,
  damaged,
  ECE,
  FIN,
  fromNode,
  type IpFields,
  PSH,
  RST,
  SYN,
  tcp,
  type TcpFields,
  tcpSegments,
  URG,
  type Version,
  VERSIONS,
} from "./transport_packets.ts";

const MSS = 1000;
const TIMESTAMPS = Uint8Array.of(1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8);
const LATER = Uint8Array.of(1, 1, 8, 10, 1, 2, 3, 5, 5, 6, 7, 8);

/** Segment number `number` of a flow of full segments. */
function at(
  version: Version,
  number: number,
  fields: TcpFields = {},
  ip: Partial<IpFields> = {},
): Uint8Array {
  return tcp({ ...fromNode(version), ...ip }, {
    sequence: (2 ** 32 - 2500 + number * MSS) % 2 ** 32,
    payload: payloadOf(MSS),
    ...fields,
  });
}

/** What parts segments 0 and 1 from 2 and 3, although the sequence numbers go on. */
const DIFFERENCES: readonly (readonly [what: string, fields: TcpFields, ip?: Partial<IpFields>])[] = [
  ["another acknowledgement number", { acknowledgement: 0x01020305 }],
  ["another window", { window: 502 }],
  ["another urgent pointer", { urgent: 1 }],
  ["a reserved bit", { reserved: 1 }],
  ["options", { options: TIMESTAMPS }],
  ["another DSCP", {}, { typeOfService: 0xb8 }],
  ["another hop limit", {}, { timeToLive: 5 }],
];

function casesOf(version: Version): ForwardingCase[] {
  const head = version === 6 ? 40 : 20;
  const full = (number: number, fields: TcpFields = {}, ip: Partial<IpFields> = {}) =>
    at(version, number, fields, ip);
  const inOrder = (count: number, fields: TcpFields = {}) =>
    Array.from({ length: count }, (_, number) => full(number, fields));
  const about = (what: string, run: ForwardingCase["run"]) =>
    atHomeAgent(`TCP over IPv${version}: ${what}`, run);

  return [
    about("segments in order are one write, also where sequence numbers wrap", (forwarder) => {
      assertDeliveredIn(forwarder, 1, inOrder(10));
      assertDeliveredIn(forwarder, 1, inOrder(2));
      assertDeliveredIn(forwarder, 1, inOrder(1));
      assertDeliveredIn(forwarder, 1, inOrder(40, { options: TIMESTAMPS }));
    }),
    about("a shorter segment is the last of its write, a longer one begins another", (forwarder) => {
      const short = full(2, { payload: payloadOf(999) });
      const after = full(0, { sequence: 2 ** 32 - 2500 + 2999 - 2 ** 32 });
      assertDeliveredIn(forwarder, 1, [full(0), full(1), short]);
      assertDeliveredIn(forwarder, 2, [full(0), full(1), short, after]);
      assertDeliveredIn(forwarder, 2, [
        full(0, { payload: payloadOf(MSS - 1), sequence: 1001 }),
        full(0, { sequence: 2000 }),
      ]);
      assertDeliveredIn(forwarder, 2, [
        full(0, { payload: payloadOf(1), sequence: 1999 }),
        full(0, { sequence: 2000 }),
      ]);
    }),
    about("PSH ends a write", (forwarder) => {
      const pushed = (number: number) => full(number, { flags: ACK | PSH });
      assertDeliveredIn(forwarder, 1, [full(0), full(1), pushed(2)]);
      assertDeliveredIn(forwarder, 2, [full(0), full(1), pushed(2), full(3), full(4)]);
      assertDeliveredIn(forwarder, 3, [pushed(0), pushed(1), pushed(2)]);
      assertDeliveredIn(forwarder, 2, [pushed(0), full(1), pushed(2)]);
      assertDeliveredIn(forwarder, 1, [full(0), full(1, { flags: ACK | PSH, payload: payloadOf(3) })]);
    }),
    ...([
      ["FIN", ACK | FIN],
      ["SYN", SYN],
      ["RST", RST],
      ["URG", ACK | URG],
      ["ECE", ACK | ECE],
      ["CWR", ACK | CWR],
      ["all flags", 0xff],
      ["no flags", 0],
    ] as const).map(([what, flags]) =>
      about(`a segment with ${what} is a write of its own`, (forwarder) => {
        const alone = full(2, { flags });
        assertDeliveredIn(forwarder, 3, [full(0), full(1), alone, full(3), full(4)]);
        assertDeliveredIn(forwarder, 2, [alone, full(3), full(4)]);
      })
    ),
    about("a pure acknowledgement keeps its place, and three of them are three", (forwarder) => {
      const acknowledgement = full(2, { payload: payloadOf(0) });
      assertDeliveredIn(forwarder, 3, [full(0), full(1), acknowledgement, full(2), full(3)]);
      assertDeliveredIn(forwarder, 3, [acknowledgement, acknowledgement, acknowledgement]);
    }),
    about("a gap, a retransmission, a duplicate and another order are kept as they are", (forwarder) => {
      assertDeliveredIn(forwarder, 2, [0, 1, 3, 4].map((number) => full(number)));
      assertDeliveredIn(forwarder, 2, [2, 3, 0, 1].map((number) => full(number)));
      assertDeliveredIn(forwarder, 2, [0, 1, 1, 2].map((number) => full(number)));
      assertDeliveredIn(forwarder, 4, [0, 2, 1, 3].map((number) => full(number)));
      assertDeliveredIn(forwarder, 3, [0, 0, 0].map((number) => full(number)));
    }),
    ...DIFFERENCES.map(([what, fields, ip]) =>
      about(`${what} parts segments`, (forwarder) => {
        assertDeliveredIn(forwarder, 2, [full(0), full(1), full(2, fields, ip), full(3, fields, ip)]);
        assertDeliveredIn(forwarder, 2, [full(0, fields, ip), full(1, fields, ip), full(2), full(3)]);
      })
    ),
    about("other values of an option part segments", (forwarder) => {
      const of = (number: number, options: Uint8Array) => full(number, { options });
      const packets = [of(0, TIMESTAMPS), of(1, TIMESTAMPS), of(2, LATER), of(3, LATER)];
      assertDeliveredIn(forwarder, 2, packets);
    }),
    ...([["payload", head + 20 + 500], ["checksum", head + 16], ["source port", head + 1]] as const).map((
      [what, place],
    ) =>
      about(`a segment with a wrong ${what} is never merged, and is delivered as it was`, (forwarder) => {
        const bad = (number: number) => damaged(full(number), place);
        assertDeliveredIn(forwarder, 3, [full(0), bad(1), full(2), full(3)]);
        assertDeliveredIn(forwarder, 2, [bad(0), full(1), full(2)]);
        assertDeliveredIn(forwarder, 2, [full(0), full(1), bad(2)]);
        assertDeliveredIn(forwarder, 3, [bad(0), bad(1), bad(2)]);
        assertDeliveredIn(forwarder, 1, [bad(0)]);
      })
    ),
    about("flows that take turns are merged each for itself", (forwarder) => {
      for (const flows of [2, 8]) {
        const packets = inOrder(7).flatMap((_, number) =>
          Array.from({ length: flows }, (_, flow) => full(number, { sourcePort: 4000 + flow }))
        );
        assertDeliveredIn(forwarder, flows, packets);
      }
    }),
    about("more than 8 flows that take turns keep their order", (forwarder) => {
      for (const flows of [9, 10, 20]) {
        const packets = Array.from(
          { length: 60 },
          (_, index) => full(Math.floor(index / flows), { sourcePort: 4000 + index % flows }),
        );
        assertDeliveredIn(forwarder, undefined, packets);
      }
    }),
    about("a ninth flow takes the place of the first, and the others are merged on", (forwarder) => {
      const packets = [0, 1].flatMap((number) =>
        Array.from({ length: 8 }, (_, flow) => full(number, { sourcePort: 4000 + flow }))
      );
      packets.push(
        full(0, { sourcePort: 4008 }),
        full(1, { sourcePort: 4008 }),
        full(2, { sourcePort: 4007 }),
      );
      packets.push(full(2, { sourcePort: 4000 }));
      assertDeliveredIn(forwarder, 10, packets);
    }),
    ...([
      ["source ports", { sourcePort: 4001 }, {}],
      ["destination ports", { destinationPort: 81 }, {}],
      ["destinations", {}, { destination: version === 6 ? "2001:db8:ffff::a" : "198.18.0.10" }],
    ] as const).map(([what, fields, ip]) =>
      about(`flows that differ in their ${what} are different`, (forwarder) => {
        const packets = [0, 1, 2].flatMap((number) => [full(number), full(number, fields, ip)]);
        assertDeliveredIn(forwarder, 2, packets);
        assertDeliveredIn(forwarder, 2, [full(0), full(1, fields, ip)]);
      })
    ),
    about("a write has at most 65535 octets", (forwarder) => {
      const payload = payloadOf(1400);
      const packets = Array.from(
        { length: 60 },
        (_, number) => tcp(fromNode(version), { sequence: number * 1400, payload }),
      );
      assertDeliveredIn(forwarder, 2, packets);
    }),
    about("a header that goes past the end, or is too short, is not merged", (forwarder) => {
      for (const dataOffset of [0, 4, 15]) {
        const odd = (number: number) =>
          full(number, { dataOffset, payload: payloadOf(30), sequence: number * 30 });
        assertDeliveredIn(forwarder, 3, [odd(0), odd(1), odd(2)]);
      }
      assertDeliveredIn(forwarder, 2, [full(0, { dataOffset: 6 }), full(1)]);
    }),
    about("octets after the inner packet are not part of it", (forwarder) => {
      const packets = inOrder(4);
      const padded = packets.map((packet) => Uint8Array.from([...packet, 1, 2, 3]));
      assertDeliveredIn(forwarder, 1, padded, { expected: packets });
    }),
    about("RFC 6040 4.2: the mark of congestion comes before merging", (forwarder) => {
      const marked = (ecn: number) =>
        Array.from({ length: 4 }, (_, number) => full(number, {}, { typeOfService: 0xb8 | ecn }));
      assertDeliveredIn(forwarder, 1, marked(2), { typeOfService: 3, expected: marked(3) });
      const [, , later] = marked(3);
      const mixed = [...marked(2).slice(0, 2), later, marked(2)[3]];
      assertDeliveredIn(forwarder, 1, mixed, { typeOfService: 3, expected: marked(3) });
      assertDeliveredIn(forwarder, 3, mixed);
    }),
  ];
}

const ipv4Only: readonly ForwardingCase[] = [
  atHomeAgent(
    "RFC 6864 4.1: unfragmentable IPv4 packets are merged whatever their identification",
    (forwarder) => {
      for (const identifications of [[0, 0, 0, 0], [9, 8, 7, 6], [65_535, 0, 1, 2]]) {
        const packets = identifications.map((identification, number) =>
          at(4, number, {}, { identification })
        );
        assertDeliveredIn(forwarder, 1, packets);
      }
    },
  ),
  atHomeAgent("RFC 6864 4.2: fragmentable IPv4 packets keep their identification", (forwarder) => {
    const packetsOf = (identifications: readonly number[]) =>
      identifications.map((identification, number) => at(4, number, {}, { identification, fragment: 0 }));
    assertDeliveredIn(forwarder, 1, packetsOf([7, 8, 9, 10]));
    assertDeliveredIn(forwarder, 1, packetsOf([65_534, 65_535, 0, 1]));
    assertDeliveredIn(forwarder, 2, packetsOf([7, 8, 19, 20]));
    assertDeliveredIn(forwarder, 4, packetsOf([7, 7, 7, 7]));
    assertDeliveredIn(forwarder, 4, packetsOf([9, 8, 7, 6]));
  }),
  atHomeAgent("IPv4 packets with DF and without are not merged", (forwarder) => {
    assertDeliveredIn(forwarder, 2, [at(4, 0), at(4, 1), at(4, 2, {}, { fragment: 0 })]);
    assertDeliveredIn(forwarder, 2, [at(4, 0), at(4, 1, {}, { fragment: 0xc000 })]);
  }),
  atHomeAgent(
    "a packet with a wrong IPv4 header checksum is never merged, and is delivered as it was",
    (forwarder) => {
      const bad = (number: number) => damaged(at(4, number), 10);
      assertDeliveredIn(forwarder, 3, [at(4, 0), bad(1), at(4, 2), at(4, 3)]);
      assertDeliveredIn(forwarder, 2, [bad(0), at(4, 1), at(4, 2)]);
      assertDeliveredIn(forwarder, 3, [bad(0), bad(1), bad(2)]);
    },
  ),
  atHomeAgent("packets with IPv4 options are not merged", (forwarder) => {
    const options = Uint8Array.of(148, 4, 0, 0);
    assertDeliveredIn(forwarder, 3, [0, 1, 2].map((number) => at(4, number, {}, { options })));
  }),
  atHomeAgent("fragments are not merged, and nothing goes past them", (forwarder) => {
    for (const fragment of [0x2000, 0x2001, 0x0001, 0x1fff]) {
      assertDeliveredIn(forwarder, 3, [0, 1, 2].map((number) => at(4, number, {}, { fragment })));
      assertDeliveredIn(forwarder, 3, [at(4, 0), at(4, 1), at(4, 2, {}, { fragment }), at(4, 2), at(4, 3)]);
    }
  }),
];

const ipv6Only: readonly ForwardingCase[] = [
  atHomeAgent("another flow label parts segments", (forwarder) => {
    for (const flowLabel of [0xabcdf, 0xabddf, 0x0bcde]) {
      const packets = [at(6, 0), at(6, 1), at(6, 2, {}, { flowLabel }), at(6, 3, {}, { flowLabel })];
      assertDeliveredIn(forwarder, 2, packets);
    }
  }),
  ...([["destination options", 60], ["a fragment header", 44], ["an authentication header", 51]] as const)
    .map((
      [what, type],
    ) =>
      atHomeAgent(`packets behind ${what} are not merged, and nothing goes past them`, (forwarder) => {
        const extensions = { type, bytes: Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0) };
        assertDeliveredIn(forwarder, 3, [0, 1, 2].map((number) => at(6, number, {}, { extensions })));
        assertDeliveredIn(forwarder, 3, [
          at(6, 0),
          at(6, 1),
          at(6, 2, {}, { extensions }),
          at(6, 2),
          at(6, 3),
        ]);
      })
    ),
  atHomeAgent("segments of IPv4 and IPv6 with the same ports are different flows", (forwarder) => {
    assertDeliveredIn(forwarder, 2, [0, 1, 2, 3].flatMap((number) => [at(6, number), at(4, number)]));
  }),
];

/** What goes to the TUN device in one write (TSO), and that nobody can tell from what comes out. */
export const tcpMergingCases: readonly ForwardingCase[] = [
  ...VERSIONS.flatMap(casesOf),
  ...ipv4Only,
  ...ipv6Only,
  ...VERSIONS.map((version) =>
    atHomeAgent(`what one side of the tunnel cuts, the other merges: IPv${version}`, (forwarder) => {
      const fields = { sequence: 99, flags: ACK | PSH, options: TIMESTAMPS, payload: payloadOf(60_000) };
      assertDeliveredIn(forwarder, 1, tcpSegments(fromNode(version), fields, 1380));
    })
  ),
];
