import { assertEquals } from "@std/assert";
import {
  AGENT_IN_UDP,
  answerOf,
  AS_HOME_AGENT,
  AS_MOBILE_NODE,
  assertDropped,
  type ForwardingCase,
  NODE_IN_41,
  NODE_IN_UDP,
  send,
} from "./case_tools.ts";
import {
  concat,
  CORRESPONDENT,
  counting,
  extension,
  HOME_ADDRESS,
  HOME_AGENT,
  icmpv6Checksum,
  ipv6,
} from "./packets.ts";

const ICMPV6 = 58;
const FRAGMENT = 44;
const AUTHENTICATION = 51;

/** An inner packet of so many octets. */
function sized(octets: number, nextHeader = 17): Uint8Array {
  return ipv6({ nextHeader, payload: counting(octets - 40) });
}

/** 1500 octets that begin with these after the IPv6 header. */
function bigWith(nextHeader: number, start: Uint8Array): Uint8Array {
  return ipv6({ nextHeader, payload: concat(start, counting(1460 - start.length)) });
}

function fragmentHeader(nextHeader: number, offset: number): Uint8Array {
  return Uint8Array.of(nextHeader, 0, offset >> 5, offset << 3 & 0xff | 1, 1, 2, 3, 4);
}

const NOT_ANSWERED: readonly (readonly [what: string, packet: Uint8Array])[] = [
  ["an ICMPv6 error", bigWith(ICMPV6, Uint8Array.of(1, 0))],
  ["an unknown ICMPv6 error", bigWith(ICMPV6, Uint8Array.of(127, 0))],
  ["a redirect", bigWith(ICMPV6, Uint8Array.of(137, 0))],
  ["an ICMPv6 error behind options", bigWith(60, extension(ICMPV6, 24, Uint8Array.of(3, 0)))],
  [
    "an ICMPv6 error in a first fragment",
    bigWith(FRAGMENT, concat(fragmentHeader(ICMPV6, 0), Uint8Array.of(4))),
  ],
  [
    "an ICMPv6 error behind an authentication header",
    bigWith(AUTHENTICATION, authenticated(ICMPV6, Uint8Array.of(1))),
  ],
  ["options past the end", bigWith(60, Uint8Array.of(17, 255))],
  ["nine extension headers", bigWith(60, ninefold())],
];
const ANSWERED: readonly (readonly [what: string, packet: Uint8Array])[] = [
  ["an echo request", bigWith(ICMPV6, Uint8Array.of(128, 0))],
  ["a later fragment", bigWith(FRAGMENT, concat(fragmentHeader(ICMPV6, 1), Uint8Array.of(1, 0)))],
  ["ESP", bigWith(50, counting(8))],
  ["eight extension headers before UDP", bigWith(60, eightfold())],
];

function authenticated(nextHeader: number, rest: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(nextHeader, 4), new Uint8Array(22).fill(0xff), rest);
}

function eightfold(): Uint8Array {
  let chain = extension(17, 8, new Uint8Array());
  for (let count = 1; count < 8; count++) chain = extension(60, 8, chain);
  return chain;
}

function ninefold(): Uint8Array {
  return extension(60, 8, eightfold());
}

export const packetTooBigCases: readonly ForwardingCase[] = [
  ...([["UDP", NODE_IN_UDP, 1472], ["protocol 41", NODE_IN_41, 1480]] as const).map((
    [what, binding, mtu],
  ): ForwardingCase => ({
    name:
      `RFC 2473 7.1, RFC 5555 4.1.1 D-058: home agent: ${mtu} octets fit into ${what}, one more is refused`,
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, binding, mtu);
      assertEquals(send(forwarder, sized(mtu)).kind, "send");
      const packet = sized(mtu + 1);
      const answer = answerOf(send(forwarder, packet));
      const expected = concat(
        ipv6({
          source: HOME_AGENT,
          destination: CORRESPONDENT,
          nextHeader: ICMPV6,
          hopLimit: 64,
          payload: concat(Uint8Array.of(2, 0, 0, 0, 0, 0, mtu >> 8, mtu & 0xff), packet.subarray(0, 1232)),
        }),
      );
      expected.set([0x60, 0, 0, 0]);
      expected.set(answer.subarray(42, 44), 42);
      assertEquals(answer, expected);
      assertEquals(answer.length, 1280);
      assertEquals(icmpv6Checksum(answer), 0);
      assertEquals(forwarder.counters().packetTooBigSent, 1);
      assertEquals(forwarder.counters().dropped, { packetTooBig: 1 });
      assertEquals(forwarder.counters().encapsulatedPackets, 1);
    },
  })),
  {
    name: "RFC 4443 2.2: mobile node: the Packet Too Big comes from and goes to the home address",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1400);
      const packet = ipv6({ source: HOME_ADDRESS, destination: CORRESPONDENT, payload: counting(1361) });
      const answer = answerOf(send(forwarder, packet));
      assertEquals(answer.subarray(8, 24), packet.subarray(8, 24));
      assertEquals(answer.subarray(24, 40), packet.subarray(8, 24));
      assertEquals(icmpv6Checksum(answer), 0);
    },
  },
  {
    name: "the checksum of a Packet Too Big is right whatever it quotes",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 1280);
      for (let fill = 0; fill < 256; fill += 5) {
        const packet = ipv6({ payload: new Uint8Array(1241 + fill).fill(fill) });
        assertEquals(icmpv6Checksum(answerOf(send(forwarder, packet))), 0, `fill ${fill}`);
      }
    },
  },
  {
    name: "RFC 2473 7.1: a tunnel below 1280 octets carries 1280 all the same",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 576);
      assertEquals(send(forwarder, sized(1280)).kind, "send");
      const answer = answerOf(send(forwarder, sized(1281)));
      assertEquals(answer.subarray(44, 48), Uint8Array.of(0, 0, 5, 0));
    },
  },
  {
    name: "what UDP over IPv4 cannot hold is too big whatever the MTU",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 100_000);
      assertEquals(send(forwarder, sized(65_507)).kind, "send");
      assertEquals(
        answerOf(send(forwarder, sized(65_508))).subarray(44, 48),
        Uint8Array.of(0, 0, 0xff, 0xe3),
      );
    },
  },
  ...NOT_ANSWERED.map(([what, packet]): ForwardingCase => ({
    name: `RFC 4443 2.4 (e): ${what} that is too big is dropped without an answer`,
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 1472);
      assertDropped(forwarder, send(forwarder, packet), "packetTooBig");
      assertEquals(forwarder.counters().packetTooBigSent, 0);
    },
  })),
  ...ANSWERED.map(([what, packet]): ForwardingCase => ({
    name: `RFC 4443 2.4 (e): ${what} that is too big is answered`,
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 1472);
      answerOf(send(forwarder, packet));
    },
  })),
  {
    name: "RFC 4443 2.4 (f): 200 Packet Too Big at once, then 1000 a second",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 1472);
      const answers = (nowMs: number) =>
        [0, 1, 2, 3, 4].flatMap(() => forwarder.outbound(Array(64).fill({ bytes: sized(1500) }), nowMs))
          .filter((verdict) => verdict.kind === "drop" && verdict.answer !== undefined).length;
      assertEquals(answers(3_000_000_000), 200);
      assertEquals(answers(3_000_000_000), 0);
      assertEquals(answers(3_000_000_001), 1);
      assertEquals(answers(3_000_000_101), 100);
      assertEquals(answers(4_000_000_000), 200);
      assertEquals(forwarder.counters().packetTooBigSent, 501);
      assertEquals(forwarder.counters().dropped, { packetTooBig: 5 * 320 });
    },
  },
];
