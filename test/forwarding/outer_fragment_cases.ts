import { assert, assertEquals } from "@std/assert";
import type { Forwarder, OutboundVerdict } from "../../core/forwarding/forwarder.ts";
import type { TunnelEnd } from "../../core/control/tunnel.ts";
import { parseIpv4, parseIpv6 } from "../../core/wire/address.ts";
import {
  AS_HOME_AGENT,
  type ForwardingCase,
  NODE_IN_41,
  NODE_IN_IPV6,
  NODE_IN_UDP,
  NOW_MS,
  send,
} from "./case_tools.ts";
import { bindNode, payloadOf } from "./offload_tools.ts";
import {
  CARE_OF_ADDRESS,
  checksum,
  concat,
  counting,
  extension,
  HOME_AGENT,
  HOME_AGENT_V4,
  IPV6_CARE_OF_ADDRESS,
  OTHER_HOME_ADDRESS,
} from "./packets.ts";
import { partial, superPacket, tcp, tcpSegments, toNode, udp, udpSegments } from "./transport_packets.ts";

/** What a tunnel is in, where a link under it carries less than it needs. */
interface Kind {
  readonly version: 4 | 6;
  readonly tunnel: TunnelEnd;
  /** Octets in front of a whole inner packet, and of each of two pieces. */
  readonly headers: { readonly whole: number; readonly piece: number };
}

const KINDS: readonly Kind[] = [
  { version: 6, tunnel: NODE_IN_IPV6, headers: { whole: 40, piece: 48 } },
  { version: 4, tunnel: NODE_IN_41, headers: { whole: 20, piece: 20 } },
];
/** What is left of the link: 1280 octets in IPv6, 1260 in IPv4. */
const INNER_MTU = 1240;
const FIRST_PIECE = 1232;

/** A case for each kind of tunnel. */
function atSmallLinks(name: string, run: (forwarder: Forwarder, kind: Kind) => void): ForwardingCase[] {
  return KINDS.map((kind) => ({
    name: `in IPv${kind.version}: ${name}`,
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      bindNode(forwarder, kind.tunnel, INNER_MTU);
      run(forwarder, kind);
    },
  }));
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

/** One outer packet or piece, read by RFC 8200 section 4.5 or RFC 791 section 3.2; its header is checked. */
function readPiece(datagram: Uint8Array, { version, headers }: Kind, protocol: number) {
  const view = new DataView(datagram.buffer, datagram.byteOffset);
  assert(datagram.length <= headers.whole + INNER_MTU, `${datagram.length} octets`);
  if (version === 4) {
    assertEquals([datagram[0], view.getUint16(2), datagram[8], datagram[9]], [
      0x45,
      datagram.length,
      64,
      protocol,
    ]);
    assertEquals(checksum(datagram.subarray(0, 20)), 0);
    assertEquals(datagram.subarray(12, 20), concat(parseIpv4(HOME_AGENT_V4)!, parseIpv4(CARE_OF_ADDRESS)!));
    const field = view.getUint16(6);
    const isWhole = field === 0;
    const identification = view.getUint16(4);
    assertEquals(identification === 0, isWhole, "0 is for the kernel to choose");
    return { isWhole, offset: 8 * (field & 0x1fff), isMore: (field & 0xe000) === 0x2000, identification };
  }
  assertEquals([datagram[0] >> 4, view.getUint16(4), datagram[7]], [6, datagram.length - 40, 64]);
  assertEquals(datagram.subarray(8, 40), concat(parseIpv6(HOME_AGENT)!, parseIpv6(IPV6_CARE_OF_ADDRESS)!));
  const isWhole = datagram[6] === protocol;
  if (isWhole) return { isWhole, offset: 0, isMore: false, identification: 0 };
  assertEquals([datagram[6], datagram[40], datagram[41]], [44, protocol, 0]);
  const field = view.getUint16(42);
  return { isWhole, offset: field & ~7, isMore: (field & 7) === 1, identification: view.getUint32(44) };
}

/** What these outer packets and fragments hold. */
function assembled(datagrams: readonly Uint8Array[], kind: Kind, protocol: number): OuterPacket[] {
  const packets: OuterPacket[] = [];
  const { headers } = kind;
  let first: Uint8Array | undefined;
  for (const datagram of datagrams) {
    const { isWhole, offset, isMore, identification } = readPiece(datagram, kind, protocol);
    if (isWhole) {
      packets.push({ inner: datagram.subarray(headers.whole), identification: undefined });
    } else if (first === undefined) {
      assertEquals([offset, isMore, datagram.length], [0, true, headers.piece + FIRST_PIECE]);
      first = datagram;
    } else {
      assertEquals([offset, isMore], [FIRST_PIECE, false]);
      assertEquals(datagram.subarray(0, 2), first.subarray(0, 2), "version and traffic class");
      assertEquals(readPiece(first, kind, protocol).identification, identification);
      packets.push({
        inner: concat(first.subarray(headers.piece), datagram.subarray(headers.piece)),
        identification,
      });
      first = undefined;
    }
  }
  assertEquals(first, undefined, "the last fragment has come");
  return packets;
}

function innerOf(verdict: OutboundVerdict, kind: Kind, protocol = 41): Uint8Array[] {
  return assembled(datagramsOf(verdict), kind, protocol).map(({ inner }) => inner);
}

/** Links that carry less than 1280 octets inside the tunnel (RFC 2473 section 7.1 (b), RFC 4213 section 3.2.1). */
export const outerFragmentCases: readonly ForwardingCase[] = [
  ...atSmallLinks(
    "RFC 2473 7.1, RFC 4213 3.2.1: 1240 octets leave whole, up to 1280 in two fragments, more is refused",
    (forwarder, kind) => {
      assertEquals(datagramsOf(send(forwarder, sized(1240))).length, 1);
      const { piece } = kind.headers;
      for (const octets of [1241, 1247, 1248, 1279, 1280]) {
        const packet = sized(octets, { typeOfService: 0xb9 });
        const verdict = send(forwarder, packet);
        assertEquals(
          datagramsOf(verdict).map(({ length }) => length),
          [piece + FIRST_PIECE, piece + octets - FIRST_PIECE],
        );
        assertEquals([innerOf(verdict, kind), verdict.kind === "send" && verdict.typeOfService], [
          [packet],
          0xb9,
        ]);
      }
      const refused = send(forwarder, sized(1281));
      assertEquals(
        refused.kind === "drop" && [refused.reason, refused.answer !== undefined],
        ["packetTooBig", true],
      );
      const { encapsulatedPackets, encapsulatedOctets } = forwarder.counters();
      assertEquals([encapsulatedPackets, encapsulatedOctets], [6, 1240 + 1241 + 1247 + 1248 + 1279 + 1280]);
    },
  ),
  ...atSmallLinks("RFC 8200 4.5, RFC 6864 4.3: no two packets have one identification", (forwarder, kind) => {
    const batch = Array.from({ length: 64 }, () => ({ bytes: sized(1280) }));
    const numbers = Array.from({ length: 20 }, () => forwarder.outbound(batch, NOW_MS))
      .flat().flatMap((verdict) => assembled(datagramsOf(verdict), kind, 41))
      .map(({ identification }) => identification!);
    assertEquals(new Set(numbers).size, 64 * 20);
    const steps = numbers.slice(1).map((number, index) => number - numbers[index] >>> 0);
    if (kind.version === 6) assert(new Set(steps).size > 1000, "the next one is not to be guessed");
  }),
  ...atSmallLinks(
    "the tunnel's MTU decides which leave whole; below 1240 and above 1280 it is as there",
    (forwarder, { tunnel }) => {
      const pieces = (innerMtu: number, octets: number) => {
        bindNode(forwarder, tunnel, innerMtu);
        return datagramsOf(send(forwarder, sized(octets))).length;
      };
      assertEquals([pieces(1260, 1260), pieces(1260, 1261), pieces(1279, 1280)], [1, 2, 2]);
      assertEquals([pieces(576, 1240), pieces(576, 1241)], [1, 2]);
      assertEquals([pieces(1280, 1280), pieces(1460, 1460)], [1, 1]);
    },
  ),
  {
    name: "in UDP the kernel cuts: what is sent is whole",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      bindNode(forwarder, NODE_IN_UDP, INNER_MTU);
      assertEquals(datagramsOf(send(forwarder, sized(1280))), [sized(1280)]);
    },
  },
  ...atSmallLinks("segments of the kernel's packets leave in fragments, too", (forwarder, kind) => {
    for (const payload of [1220, 1181, 1180]) {
      const fields = { payload: payloadOf(10_000), sequence: 7 };
      const [verdict] = forwarder.outbound([superPacket(tcp(toNode(6), fields), payload)], NOW_MS);
      assertEquals(innerOf(verdict, kind), tcpSegments(toNode(6), fields, payload));
    }
    const datagrams = { payload: payloadOf(5_000) };
    const [verdict] = forwarder.outbound([superPacket(udp(toNode(6), datagrams), 1200)], NOW_MS);
    assertEquals(innerOf(verdict, kind), udpSegments(toNode(6), datagrams, 1200));
    const whole = udp(toNode(6), { payload: payloadOf(1232) });
    assertEquals(innerOf(forwarder.outbound([partial(whole)], NOW_MS)[0], kind), [whole]);
  }),
  ...atSmallLinks("a cut inside the headers of a segment", (forwarder, kind) => {
    // 40 + 1176 + 20: the first fragment has 1232 of them.
    const ip = { ...toNode(6), extensions: { type: 60, bytes: extension(6, 1176, counting(0)) } };
    const fields = { payload: payloadOf(150) };
    const packet = superPacket(tcp(ip, fields), 30, { protocol: 6, start: 1216 });
    const [verdict] = forwarder.outbound([packet], NOW_MS);
    assertEquals(innerOf(verdict, kind), tcpSegments(ip, fields, 30));
  }),
  ...atSmallLinks("IPv4 fragments of 1280 octets leave in outer fragments", (forwarder, kind) => {
    const packet = udp({ ...toNode(4), fragment: 0 }, { payload: payloadOf(4000) });
    const inner = innerOf(send(forwarder, packet), kind, 4);
    assertEquals(inner.map(({ length }) => length), [1276, 1276, 1276, 4008 - 3 * 1256 + 20]);
    assertEquals(concat(...inner.map((each) => each.subarray(20))), packet.subarray(20));
  }),
  ...atSmallLinks(
    "whole batches of the longest packets find room, those of another tunnel among them",
    (forwarder, kind) => {
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
        if (index % 2 === 0) assertEquals(innerOf(verdict, kind), expected);
        else assertEquals(datagramsOf(verdict).length, expected.length);
      }
    },
  ),
  ...atSmallLinks(
    "a packet of two fragments waits where the lists have room for one datagram",
    (forwarder, kind) => {
      forwarder.setBinding(OTHER_HOME_ADDRESS, NODE_IN_UDP, 1472);
      const fields = { payload: payloadOf(89 * 500) };
      const other = { ...toNode(6), destination: OTHER_HOME_ADDRESS };
      // 23 times 89 are one less than 2048.
      const full = Array.from({ length: 23 }, () => superPacket(tcp(other, fields), 500));
      const verdicts = forwarder.outbound([...full, { bytes: sized(1280) }], NOW_MS);
      const expected = tcpSegments(other, fields, 500);
      for (const verdict of verdicts.slice(0, -1)) assertEquals(datagramsOf(verdict), expected);
      assertEquals(innerOf(verdicts.at(-1)!, kind), [sized(1280)]);
    },
  ),
];
