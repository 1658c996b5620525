import { assert, assertEquals } from "@std/assert";
import {
  AGENT_IN_UDP,
  AS_MOBILE_NODE,
  assertDropped,
  type ForwardingCase,
  IPV4_HOME,
  NODE_IN_UDP,
  NOW_MS,
  send,
} from "./case_tools.ts";
import { fragmentsOf, MORE_FRAGMENTS, type Piece, reassembled } from "./fragment_tools.ts";
import { assertLeavesAs, atHomeAgent, bindNode, payloadOf } from "./offload_tools.ts";
import { concat, HOME_ADDRESS, HOME_IPV4_ADDRESS } from "./packets.ts";
import { DONT_FRAGMENT, fromNode, type IpFields, ipPacket, toNode } from "./transport_packets.ts";

const UDP = 17;
/** To the mobile node, and a router may cut it. The tunnels of these cases carry 1472 octets. */
const IP: IpFields = {
  ...toNode(4),
  fragment: 0,
  identification: 0xbeef,
  typeOfService: 0xb9,
  timeToLive: 7,
};

const NOP = Uint8Array.of(1);
const END = Uint8Array.of(0);
/** An option of 4 octets that every fragment has, and one that only the first has (RFC 791 section 3.1). */
const COPIED = Uint8Array.of(0x94, 4, 0, 0);
const NOT_COPIED = Uint8Array.of(0x07, 7, 4, 1, 2, 3, 4);
const COPIED_TOO = Uint8Array.of(0x88, 5, 9, 8, 7);

/** The packet with these fields and so many octets of data leaves in these pieces. */
function leavesIn(
  what: string,
  octets: number,
  pieces: readonly Piece[],
  fields: Partial<IpFields> = {},
): ForwardingCase {
  return atHomeAgent(`RFC 791 3.2: ${what}`, (forwarder) => {
    const ip = { ...IP, ...fields };
    const data = payloadOf(octets);
    const expected = fragmentsOf(ip, UDP, data, pieces);
    assertLeavesAs(forwarder, { bytes: ipPacket(ip, UDP, data) }, expected);
    assertEquals(forwarder.counters().dropped, {});
    assertEquals(forwarder.counters().packetTooBigSent, 0);
  });
}

const ALL_OF_FIRST = { at: 0, octets: 1448 };

const pieces: readonly ForwardingCase[] = [
  leavesIn("1472 octets leave whole", 1452, [{ at: 0, octets: 1452, isLast: true }]),
  leavesIn("1473 octets leave in two fragments", 1453, [ALL_OF_FIRST, { at: 1448, octets: 5, isLast: true }]),
  leavesIn("the last fragment may be as long as the tunnel carries", 1448 + 1452, [
    ALL_OF_FIRST,
    { at: 1448, octets: 1452, isLast: true },
  ]),
  leavesIn("one octet more than that takes a third", 1448 + 1453, [
    ALL_OF_FIRST,
    { at: 1448, octets: 1448 },
    { at: 2896, octets: 5, isLast: true },
  ]),
  leavesIn("the unused flag stays", 1453, [ALL_OF_FIRST, { at: 1448, octets: 5, isLast: true }], {
    fragment: 0x8000,
  }),
  leavesIn("a fragment is cut further, and its last piece has MF, too", 2000, [
    ALL_OF_FIRST,
    { at: 1448, octets: 552 },
  ], { fragment: MORE_FRAGMENTS | 185 }),
  leavesIn("the last fragment is cut further", 2003, [
    ALL_OF_FIRST,
    { at: 1448, octets: 555, isLast: true },
  ], { fragment: 0x1000 }),
  leavesIn("the last fragment may end at 65535 octets", 65_535 - 8 * 7_900, [
    ALL_OF_FIRST,
    { at: 1448, octets: 65_535 - 8 * 7_900 - 1448, isLast: true },
  ], { fragment: 7_900 }),
];

/** Options of the whole packet, and what is left of them in later fragments. */
const OPTIONS: readonly (readonly [what: string, whole: Uint8Array, later: Uint8Array])[] = [
  ["a copied option is in each fragment", COPIED, COPIED],
  ["an option that is not copied is in the first only", concat(NOT_COPIED, END), new Uint8Array()],
  [
    "the copied ones of several options move together",
    concat(NOP, COPIED_TOO, NOT_COPIED, COPIED, NOP, END, END),
    concat(COPIED_TOO, COPIED, new Uint8Array(3)),
  ],
  ["what stands behind the end of options is none", concat(END, NOP, NOP, NOP, COPIED), new Uint8Array()],
  [
    "what stands behind an option without length is none",
    concat(COPIED, Uint8Array.of(0x94, 0, 0, 0), COPIED),
    COPIED,
  ],
  [
    "what stands behind an option of one octet is none",
    concat(COPIED, Uint8Array.of(0x94, 1, 0, 0), COPIED),
    COPIED,
  ],
  ["an option past the end of the header is none", concat(COPIED, Uint8Array.of(0x94, 5, 9, 9)), COPIED],
  [
    "an option whose length would be outside the header is none",
    concat(COPIED, NOP, NOP, NOP, Uint8Array.of(0x94)),
    COPIED,
  ],
  ["40 octets of options", concat(...Array(10).fill(COPIED)), concat(...Array(10).fill(COPIED))],
];

const options: readonly ForwardingCase[] = OPTIONS.map(([what, whole, later]) => {
  const first = 1472 - 20 - whole.length & ~7;
  return leavesIn(`options: ${what}`, 1460, [
    { at: 0, octets: first, options: whole },
    { at: first, octets: 1460 - first, isLast: true, options: later },
  ], { options: whole });
});

const others: readonly ForwardingCase[] = [
  atHomeAgent("RFC 791 3.2: a fragment that would end beyond 65535 octets is dropped", (forwarder) => {
    const octets = 65_536 - 8 * 7_900;
    const packet = ipPacket({ ...IP, fragment: 7_900 }, UDP, payloadOf(octets));
    assertDropped(forwarder, send(forwarder, packet), "innerHeaderMalformed");
  }),
  atHomeAgent(
    "RFC 791 3.2: the longest packet comes together again, whatever the tunnel carries",
    (forwarder) => {
      for (const mtu of [576, 1280, 1281, 1287, 1288, 9000, 65_507]) {
        for (const options of [undefined, COPIED, concat(NOT_COPIED, END)]) {
          bindNode(forwarder, NODE_IN_UDP, mtu);
          const packet = ipPacket({ ...IP, options }, UDP, payloadOf(65_515 - (options?.length ?? 0)));
          const verdict = send(forwarder, packet);
          assert(verdict.kind === "send");
          assertEquals(reassembled(verdict.datagrams, Math.max(1280, mtu)), packet);
        }
      }
    },
  ),
  atHomeAgent("a whole batch of the longest packets finds room, in order", (forwarder) => {
    bindNode(forwarder, NODE_IN_UDP, 1280);
    const batch = Array.from({ length: 64 }, (_, number) => ({
      bytes: ipPacket({ ...IP, identification: number }, UDP, payloadOf(65_515)),
    }));
    const verdicts = forwarder.outbound(batch, NOW_MS);
    for (const [index, verdict] of verdicts.entries()) {
      assert(verdict.kind === "send");
      assertEquals(reassembled(verdict.datagrams, 1280), batch[index].bytes);
    }
    const { encapsulatedPackets, encapsulatedOctets } = forwarder.counters();
    assertEquals(encapsulatedPackets, 64 * 53);
    assertEquals(encapsulatedOctets, 64 * (65_515 + 53 * 20));
  }),
  atHomeAgent("RFC 791 3.2: what has DF is answered, and not cut", (forwarder) => {
    const packet = ipPacket({ ...IP, fragment: DONT_FRAGMENT }, UDP, payloadOf(1453));
    const verdict = send(forwarder, packet);
    assertEquals(verdict.kind === "drop" && verdict.reason, "packetTooBig");
    assertEquals(forwarder.counters().packetTooBigSent, 1);
  }),
  {
    name: "RFC 791 3.2: mobile node: what comes from its network is cut, too",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1472);
      forwarder.setIpv4HomeAddress(IPV4_HOME);
      const packet = ipPacket(
        { ...fromNode(4), fragment: 0, source: HOME_IPV4_ADDRESS },
        UDP,
        payloadOf(4000),
      );
      const verdict = send(forwarder, packet);
      assert(verdict.kind === "send" && verdict.datagrams.length === 3);
      assertEquals(reassembled(verdict.datagrams, 1472), packet);
    },
  },
];

/** IPv4 that is too big for the tunnel and may be cut. */
export const ipv4FragmentCases: readonly ForwardingCase[] = [...pieces, ...options, ...others];
