import { assertEquals } from "@std/assert";
import type { Forwarder, TunPacket } from "../../core/forwarding/forwarder.ts";
import { type ForwardingCase, NODE, NODE_IN_41, NODE_IN_UDP, NOW_MS } from "./case_tools.ts";
import { atHomeAgent, countingMessages, inIpv4, payloadOf } from "./offload_tools.ts";
import { OTHER_HOME_ADDRESS, OTHER_HOME_IPV4_ADDRESS } from "./packets.ts";
import { superPacket, tcp, tcpSegments, toNode, udp, VERSIONS } from "./transport_packets.ts";

/** All are sent as they are, in so many messages where the kernel cuts them. */
function assertSentIn(forwarder: Forwarder, messages: number, packets: readonly Uint8Array[]): void {
  const batch = packets.map((bytes) => ({ bytes }));
  const verdicts = countingMessages(forwarder, messages, () => forwarder.outbound(batch, NOW_MS));
  assertEquals(verdicts.flatMap((verdict) => verdict.kind === "send" ? verdict.datagrams : []), [...packets]);
}

/** A packet of so many octets for the node. */
function sized(octets: number, fields = {}): Uint8Array {
  return udp({ ...toNode(6), ...fields }, { payload: payloadOf(octets - 48) });
}

/** Which datagrams share a message to the socket (UDP_SEGMENT), and that nobody can tell from what arrives. */
export const messageCases: readonly ForwardingCase[] = [
  atHomeAgent("datagrams of one length for one place share a message", (forwarder) => {
    assertSentIn(forwarder, 1, Array.from({ length: 20 }, () => sized(1000)));
    assertSentIn(forwarder, 1, [sized(1000)]);
  }),
  atHomeAgent("a shorter datagram is the last of its message; a longer one begins another", (forwarder) => {
    assertSentIn(forwarder, 1, [sized(900), sized(900), sized(100)]);
    assertSentIn(forwarder, 2, [sized(900), sized(100), sized(100)]);
    assertSentIn(forwarder, 2, [sized(900), sized(100), sized(900)]);
    assertSentIn(forwarder, 2, [sized(100), sized(900), sized(900)]);
    assertSentIn(forwarder, 3, [sized(100), sized(101), sized(102)]);
  }),
  atHomeAgent("a message has at most 64 datagrams", (forwarder) => {
    const fields = { payload: payloadOf(130 * 10) };
    const packet = superPacket(tcp(toNode(6), fields), 10);
    const [verdict] = countingMessages(forwarder, 3, () => forwarder.outbound([packet], NOW_MS));
    assertEquals(verdict.kind === "send" && verdict.datagrams, tcpSegments(toNode(6), fields, 10));
  }),
  atHomeAgent("a message has at most 65507 octets", (forwarder) => {
    assertSentIn(forwarder, 1, Array.from({ length: 44 }, () => sized(1472)));
    assertSentIn(forwarder, 2, Array.from({ length: 45 }, () => sized(1472)));
    forwarder.setBinding(OTHER_HOME_ADDRESS, NODE_IN_UDP, 65_507);
    const large = (octets: number) => sized(octets, { destination: OTHER_HOME_ADDRESS });
    assertSentIn(forwarder, 1, [large(32_754), large(32_753)]);
    assertSentIn(forwarder, 2, [large(32_754), large(32_754)]);
  }),
  atHomeAgent(
    "RFC 6040 4.1, RFC 2983: packets with different DSCP or ECN never share a message",
    (forwarder) => {
      for (const [one, other] of [[0, 1], [0, 2], [1, 3], [0xb8, 0], [0xb8, 0xb9]]) {
        const packets = [one, one, other, other, one].map((typeOfService) => sized(1000, { typeOfService }));
        const batch = packets.map((bytes) => ({ bytes }));
        const verdicts = countingMessages(forwarder, 3, () => forwarder.outbound(batch, NOW_MS));
        assertEquals(
          verdicts.map((verdict) => verdict.kind === "send" && verdict.typeOfService),
          [one, one, other, other, one],
        );
      }
    },
  ),
  ...([
    ["another address", { address: "198.51.100.8" }],
    ["another port", { port: NODE.port + 1 }],
  ] as const).map(([what, change]) =>
    atHomeAgent(`datagrams for ${what} never share a message`, (forwarder) => {
      forwarder.setBinding(OTHER_HOME_ADDRESS, { ...NODE_IN_UDP, ...change }, 1472);
      const other = { destination: OTHER_HOME_ADDRESS };
      assertSentIn(forwarder, 3, [sized(500), sized(500, other), sized(500, other), sized(500)]);
    })
  ),
  atHomeAgent("a message in UDP does not take the packets of protocol 41 between its own", (forwarder) => {
    forwarder.setBinding(OTHER_HOME_ADDRESS, NODE_IN_41, 1472);
    forwarder.setBinding(OTHER_HOME_IPV4_ADDRESS, NODE_IN_41, 1472);
    const raw = [
      sized(500, { destination: OTHER_HOME_ADDRESS }),
      udp({ ...toNode(4), destination: OTHER_HOME_IPV4_ADDRESS }),
      tcp({ ...toNode(6), destination: OTHER_HOME_ADDRESS }, { payload: payloadOf(3000) }),
    ];
    const cut = superPacket(raw[2], 1000);
    const batch: TunPacket[] = [sized(500), raw[0], sized(500), raw[1], sized(500), cut, sized(500)]
      .map((packet) => packet instanceof Uint8Array ? { bytes: packet } : packet);
    const verdicts = countingMessages(forwarder, 1, () => forwarder.outbound(batch, NOW_MS));
    const segments = tcpSegments({ ...toNode(6), destination: OTHER_HOME_ADDRESS }, {
      payload: payloadOf(3000),
    }, 1000);
    assertEquals(
      verdicts.map((verdict) => verdict.kind === "send" && verdict.datagrams),
      [
        [sized(500)],
        [inIpv4(raw[0])],
        [sized(500)],
        [inIpv4(raw[1])],
        [sized(500)],
        segments.map(inIpv4),
        [sized(500)],
      ],
    );
  }),
  atHomeAgent("a packet that is dropped does not part those around it", (forwarder) => {
    const batch = [sized(700), sized(700).subarray(0, 30), sized(700)].map((bytes) => ({ bytes }));
    const verdicts = countingMessages(forwarder, 1, () => forwarder.outbound(batch, NOW_MS));
    assertEquals(verdicts.map(({ kind }) => kind), ["send", "drop", "send"]);
  }),
  ...VERSIONS.map((version) =>
    atHomeAgent(
      `more segments of IPv${version} than the lists hold are all sent, in their order`,
      (forwarder) => {
        for (const tunnel of [NODE_IN_UDP, NODE_IN_41]) {
          forwarder.setBinding(toNode(version).destination!, tunnel, 1472);
          const sequences = Array.from({ length: 20 }, (_, index) => index * 60_000);
          const payload = payloadOf(60_000);
          const batch = sequences.map((sequence) =>
            superPacket(tcp(toNode(version), { sequence, payload }), 530)
          );
          const verdicts = forwarder.outbound(batch, NOW_MS);
          for (const [index, sequence] of sequences.entries()) {
            const verdict = verdicts[index];
            const segments = tcpSegments(toNode(version), { sequence, payload }, 530);
            const expected = tunnel === NODE_IN_UDP ? segments : segments.map(inIpv4);
            assertEquals(verdict.kind === "send" && verdict.datagrams, expected);
          }
        }
      },
    )
  ),
];
