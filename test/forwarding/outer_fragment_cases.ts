import { assert, assertEquals } from "@std/assert";
import type { Forwarder, OutboundVerdict } from "../../core/forwarding/forwarder.ts";
import { parseIpv6 } from "../../core/wire/address.ts";
import {
  AS_HOME_AGENT,
  type ForwardingCase,
  NODE_IN_41,
  NODE_IN_IPV6,
  NODE_IN_UDP,
  NOW_MS,
  send,
} from "./case_tools.ts";
import { bindNode, inIpv4, payloadOf } from "./offload_tools.ts";
import {
  concat,
  counting,
  extension,
  HOME_AGENT,
  IPV6_CARE_OF_ADDRESS,
  OTHER_HOME_ADDRESS,
} from "./packets.ts";
import { partial, superPacket, tcp, tcpSegments, toNode, udp, udpSegments } from "./transport_packets.ts";

const LINK_MTU = 1280;
/** What is left of it. */
const INNER_MTU = 1240;
const HEADERS = 48;

function atSmallLink(name: string, run: (forwarder: Forwarder) => void): ForwardingCase {
  const bind = (forwarder: Forwarder) => bindNode(forwarder, NODE_IN_IPV6, INNER_MTU);
  return { name, settings: AS_HOME_AGENT, run: (forwarder) => (bind(forwarder), run(forwarder)) };
}

/** A packet of so many octets for the node. */
function sized(octets: number, { typeOfService = 0 } = {}): Uint8Array {
  return udp({ ...toNode(6), typeOfService }, { payload: payloadOf(octets - 48) });
}

function datagramsOf(verdict: OutboundVerdict): readonly Uint8Array[] {
  return verdict.kind === "send" ? verdict.datagrams : [];
}

interface OuterPacket {
  readonly inner: Uint8Array;
  /** Undefined where it left whole. */
  readonly identification: number | undefined;
}

/** What these outer packets and fragments hold, by RFC 8200 section 4.5; each is checked. */
function assembled(datagrams: readonly Uint8Array[], protocol: number): OuterPacket[] {
  const packets: OuterPacket[] = [];
  let first: Uint8Array | undefined;
  for (const datagram of datagrams) {
    const view = new DataView(datagram.buffer, datagram.byteOffset);
    assert(datagram.length <= LINK_MTU, `${datagram.length} octets`);
    assertEquals([datagram[0] >> 4, view.getUint16(4), datagram[7]], [6, datagram.length - 40, 64]);
    assertEquals(datagram.subarray(8, 40), concat(parseIpv6(HOME_AGENT)!, parseIpv6(IPV6_CARE_OF_ADDRESS)!));
    if (datagram[6] === protocol) {
      packets.push({ inner: datagram.subarray(40), identification: undefined });
      continue;
    }
    assertEquals([datagram[6], datagram[40], datagram[41]], [44, protocol, 0]);
    const [offset, more] = [view.getUint16(42) & ~7, view.getUint16(42) & 7];
    if (first === undefined) {
      assertEquals([offset, more, (datagram.length - HEADERS) % 8], [0, 1, 0]);
      first = datagram;
    } else {
      assertEquals([offset, more], [first.length - HEADERS, 0]);
      assertEquals([...datagram.subarray(0, 4)], [...first.subarray(0, 4)], "traffic class and flow label");
      assertEquals(datagram.subarray(44, 48), first.subarray(44, 48), "identification");
      const inner = concat(first.subarray(HEADERS), datagram.subarray(HEADERS));
      packets.push({ inner, identification: view.getUint32(44) });
      first = undefined;
    }
  }
  assertEquals(first, undefined, "the last fragment has come");
  return packets;
}

function innerOf(verdict: OutboundVerdict, protocol = 41): Uint8Array[] {
  return assembled(datagramsOf(verdict), protocol).map(({ inner }) => inner);
}

/** A link of 1280 octets under a tunnel in IPv6 (RFC 2473 section 7.1 (b)). */
export const outerFragmentCases: readonly ForwardingCase[] = [
  atSmallLink(
    "RFC 2473 7.1: 1240 octets leave whole, up to 1280 in two fragments, more is refused",
    (forwarder) => {
      assertEquals(datagramsOf(send(forwarder, sized(1240))).length, 1);
      for (const octets of [1241, 1247, 1248, 1279, 1280]) {
        const packet = sized(octets, { typeOfService: 0xb9 });
        const verdict = send(forwarder, packet);
        assertEquals(datagramsOf(verdict).map(({ length }) => length), [1280, octets - 1232 + HEADERS]);
        assertEquals([innerOf(verdict), verdict.kind === "send" && verdict.typeOfService], [[packet], 0xb9]);
      }
      const refused = send(forwarder, sized(1281));
      assertEquals(refused.kind === "drop" && [refused.reason, refused.answer !== undefined], [
        "packetTooBig",
        true,
      ]);
      const { encapsulatedPackets, encapsulatedOctets } = forwarder.counters();
      assertEquals([encapsulatedPackets, encapsulatedOctets], [6, 1240 + 1241 + 1247 + 1248 + 1279 + 1280]);
    },
  ),
  atSmallLink(
    "RFC 8200 4.5: no two packets have one identification, and they do not count up",
    (forwarder) => {
      const batch = Array.from({ length: 64 }, () => ({ bytes: sized(1280) }));
      const numbers = Array.from({ length: 20 }, () => forwarder.outbound(batch, NOW_MS))
        .flat().flatMap((verdict) => assembled(datagramsOf(verdict), 41)).map(({ identification }) =>
          identification!
        );
      assertEquals(new Set(numbers).size, 64 * 20);
      const steps = numbers.slice(1).map((number, index) => number - numbers[index] >>> 0);
      assert(new Set(steps).size > 1000, "the next one is not to be guessed");
    },
  ),
  atSmallLink(
    "the tunnel's MTU decides which leave whole; below 1240 and above 1280 it is as there",
    (forwarder) => {
      const pieces = (innerMtu: number, octets: number) => {
        bindNode(forwarder, NODE_IN_IPV6, innerMtu);
        return datagramsOf(send(forwarder, sized(octets))).length;
      };
      assertEquals([pieces(1260, 1260), pieces(1260, 1261), pieces(1279, 1280)], [1, 2, 2]);
      assertEquals([pieces(576, 1240), pieces(576, 1241)], [1, 2]);
      assertEquals([pieces(1280, 1280), pieces(1460, 1460)], [1, 1]);
    },
  ),
  atSmallLink("over IPv4 the kernel cuts: what is sent is whole", (forwarder) => {
    for (const tunnel of [NODE_IN_UDP, NODE_IN_41]) {
      bindNode(forwarder, tunnel, INNER_MTU);
      const packet = sized(1280);
      assertEquals(datagramsOf(send(forwarder, packet)), [tunnel === NODE_IN_UDP ? packet : inIpv4(packet)]);
    }
  }),
  atSmallLink("segments of the kernel's packets leave in fragments, too", (forwarder) => {
    for (const payload of [1220, 1181, 1180]) {
      const fields = { payload: payloadOf(10_000), sequence: 7 };
      const [verdict] = forwarder.outbound([superPacket(tcp(toNode(6), fields), payload)], NOW_MS);
      assertEquals(innerOf(verdict), tcpSegments(toNode(6), fields, payload));
    }
    const datagrams = { payload: payloadOf(5_000) };
    const [verdict] = forwarder.outbound([superPacket(udp(toNode(6), datagrams), 1200)], NOW_MS);
    assertEquals(innerOf(verdict), udpSegments(toNode(6), datagrams, 1200));
    const whole = udp(toNode(6), { payload: payloadOf(1232) });
    assertEquals(innerOf(forwarder.outbound([partial(whole)], NOW_MS)[0]), [whole]);
  }),
  atSmallLink("a cut inside the headers of a segment", (forwarder) => {
    // 40 + 1176 + 20: the first fragment has 1232 of them.
    const ip = { ...toNode(6), extensions: { type: 60, bytes: extension(6, 1176, counting(0)) } };
    const fields = { payload: payloadOf(150) };
    const packet = superPacket(tcp(ip, fields), 30, { protocol: 6, start: 1216 });
    const [verdict] = forwarder.outbound([packet], NOW_MS);
    assertEquals(innerOf(verdict, 41), tcpSegments(ip, fields, 30));
  }),
  atSmallLink("IPv4 fragments of 1280 octets leave in outer fragments", (forwarder) => {
    const packet = udp({ ...toNode(4), fragment: 0 }, { payload: payloadOf(4000) });
    const inner = innerOf(send(forwarder, packet), 4);
    assertEquals(inner.map(({ length }) => length), [1276, 1276, 1276, 4008 - 3 * 1256 + 20]);
    assertEquals(concat(...inner.map((each) => each.subarray(20))), packet.subarray(20));
  }),
  atSmallLink(
    "whole batches of the longest packets find room, those of another tunnel among them",
    (forwarder) => {
      forwarder.setBinding(OTHER_HOME_ADDRESS, NODE_IN_UDP, 1472);
      const fields = { payload: payloadOf(60_000) };
      const other = { ...toNode(6), destination: OTHER_HOME_ADDRESS };
      const batch = Array.from(
        { length: 64 },
        (_, index) => superPacket(tcp(index % 2 === 0 ? toNode(6) : other, fields), 1220),
      );
      const verdicts = forwarder.outbound(batch, NOW_MS);
      const expected = tcpSegments(toNode(6), fields, 1220);
      for (const [index, verdict] of verdicts.entries()) {
        if (index % 2 === 0) {
          assertEquals(innerOf(verdict), expected);
        } else assertEquals(datagramsOf(verdict).length, expected.length);
      }
    },
  ),
];
