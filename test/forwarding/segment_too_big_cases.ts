import { assertEquals } from "@std/assert";
import type { Forwarder, TunPacket } from "../../core/forwarding/forwarder.ts";
import { answerOf, type ForwardingCase, NODE_IN_IPV6, NODE_IN_UDP, NOW_MS, send } from "./case_tools.ts";
import { atHomeAgent, bindNode, payloadOf } from "./offload_tools.ts";
import { checksum, icmpv6Checksum } from "./packets.ts";
import {
  ACK,
  CWR,
  FIN,
  PSH,
  superPacket,
  tcp,
  tcpSegments,
  toNode,
  udp,
  udpSegments,
  VERSIONS,
} from "./transport_packets.ts";

/** The packet is too big for the tunnel, and the answer quotes this one. */
function assertAnswered(
  forwarder: Forwarder,
  packet: Required<TunPacket>,
  mtu: number,
  quoted: Uint8Array,
): void {
  const answer = answerOf(send(forwarder, packet.bytes, packet));
  const isVersion6 = answer[0] >> 4 === 6;
  const head = isVersion6 ? 48 : 28;
  const view = new DataView(answer.buffer);
  assertEquals(answer.subarray(head), quoted.subarray(0, (isVersion6 ? 1280 : 576) - head));
  assertEquals(isVersion6 ? view.getUint32(44) : view.getUint16(26), mtu);
  assertEquals(isVersion6 ? icmpv6Checksum(answer) : checksum(answer.subarray(20)), 0);
}

/** Where it is a segment that is too big: RFC 4443 section 3.2, RFC 1191 section 4. */
export const segmentTooBigCases: readonly ForwardingCase[] = VERSIONS.flatMap((version) => {
  const ip = { ...toNode(version), identification: 7, typeOfService: 1 };
  const headers = version === 6 ? 60 : 40;
  const fields = { sequence: 5, flags: ACK | PSH | FIN | CWR, payload: payloadOf(5000) };
  return [
    atHomeAgent(
      `IPv${version}: the tunnel's MTU is about segments, not about the packet of many`,
      (forwarder) => {
        bindNode(forwarder, NODE_IN_UDP, 1400);
        const { bytes, header } = superPacket(tcp(ip, fields), 1400 - headers);
        assertEquals(send(forwarder, bytes, { header }).kind, "send");
        assertEquals(forwarder.counters().dropped, {});
      },
    ),
    atHomeAgent(
      `IPv${version}: over IPv6, segments of 1460 octets fit and longer ones are answered`,
      (forwarder) => {
        bindNode(forwarder, NODE_IN_IPV6, 1460);
        const fitting = superPacket(tcp(ip, fields), 1460 - headers);
        assertEquals(send(forwarder, fitting.bytes, fitting).kind, "send");
        const quoted = tcpSegments(ip, fields, 1461 - headers)[0];
        assertAnswered(forwarder, superPacket(tcp(ip, fields), 1461 - headers), 1460, quoted);
      },
    ),
    atHomeAgent(
      `IPv${version}: a TCP segment that is too big is answered, and the first one is quoted`,
      (forwarder) => {
        for (const mtu of [1280, 1400]) {
          bindNode(forwarder, NODE_IN_UDP, mtu);
          const octets = mtu - headers + 1;
          assertAnswered(
            forwarder,
            superPacket(tcp(ip, fields), octets),
            mtu,
            tcpSegments(ip, fields, octets)[0],
          );
        }
        assertEquals(forwarder.counters().dropped, { packetTooBig: 2 });
        assertEquals(forwarder.counters().encapsulatedPackets, 0);
      },
    ),
    atHomeAgent(`IPv${version}: a UDP datagram of many that is too big is answered`, (forwarder) => {
      bindNode(forwarder, NODE_IN_UDP, 1300);
      const packet = superPacket(udp(ip, fields), 1400);
      assertAnswered(forwarder, packet, 1300, udpSegments(ip, fields, 1400)[0]);
    }),
    atHomeAgent(`IPv${version}: the only segment is too big: it is quoted as it is`, (forwarder) => {
      bindNode(forwarder, NODE_IN_UDP, 1400);
      const whole = tcp(ip, { ...fields, payload: payloadOf(1400) });
      assertAnswered(forwarder, superPacket(whole, 1500), 1400, whole);
    }),
    atHomeAgent(`IPv${version}: packets around one that is too big leave as ever`, (forwarder) => {
      const small = superPacket(tcp(ip, fields), 1000);
      const big = superPacket(tcp(ip, fields), 2000);
      const verdicts = forwarder.outbound([small, big, small, big, small], NOW_MS);
      assertEquals(verdicts.map(({ kind }) => kind), ["send", "drop", "send", "drop", "send"]);
      for (const verdict of verdicts) {
        if (verdict.kind === "send") assertEquals(verdict.datagrams, tcpSegments(ip, fields, 1000));
        else {assertEquals(
            verdict.answer?.subarray(version === 6 ? 48 : 28, 700),
            tcpSegments(ip, fields, 2000)[0].subarray(0, version === 6 ? 652 : 548),
          );}
      }
    }),
  ];
});
