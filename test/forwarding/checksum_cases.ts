import { assertEquals } from "@std/assert";
import { assertDropped, type ForwardingCase, send } from "./case_tools.ts";
import { assertLeavesAs, atHomeAgent, payloadOf } from "./offload_tools.ts";
import { counting, extension } from "./packets.ts";
import { icmp, ICMPV6, ipPacket, partial, tcp, toNode, udp, VERSIONS } from "./transport_packets.ts";

/** A UDP packet whose right checksum is `sum`. */
function udpWithChecksum(version: 4 | 6, sum: number): Uint8Array {
  const packet = udp(toNode(version), { payload: counting(2) });
  const start = version === 6 ? 40 : 20;
  const found = packet[start + 6] << 8 | packet[start + 7];
  // One's complement: what the payload gains, the checksum loses.
  const word = (1 + found - sum + 0xffff) % 0xffff;
  return udp(toNode(version), { payload: Uint8Array.of(word >> 8, word & 0xff) });
}

/** Checksums that the kernel left to the forwarder (NETIF_F_HW_CSUM). */
export const checksumCases: readonly ForwardingCase[] = [
  ...VERSIONS.flatMap((version) => [
    atHomeAgent(`the partial checksum of TCP over IPv${version} is completed`, (forwarder) => {
      for (const octets of [0, 1, 2, 63, 64, 65, 1001, 1400]) {
        const whole = tcp(toNode(version), { payload: payloadOf(octets) });
        assertLeavesAs(forwarder, partial(whole), [whole]);
      }
    }),
    atHomeAgent(`the partial checksum of UDP over IPv${version} is completed`, (forwarder) => {
      for (const octets of [0, 1, 2, 999, 1400]) {
        const whole = udp(toNode(version), { payload: payloadOf(octets) });
        assertLeavesAs(forwarder, partial(whole), [whole]);
      }
    }),
    atHomeAgent(
      `RFC 768: a UDP checksum over IPv${version} that comes out as 0 is sent as ffff`,
      (forwarder) => {
        const whole = udpWithChecksum(version, 0);
        const field = (version === 6 ? 40 : 20) + 6;
        assertEquals(whole.subarray(field, field + 2), Uint8Array.of(0xff, 0xff));
        assertLeavesAs(forwarder, partial(whole), [whole]);
        for (const sum of [1, 0x00ff, 0xff00, 0xfffe]) {
          const other = udpWithChecksum(version, sum);
          assertEquals(other[field] << 8 | other[field + 1], sum);
          assertLeavesAs(forwarder, partial(other), [other]);
        }
      },
    ),
    atHomeAgent(`a packet over IPv${version} without a partial checksum is not touched`, (forwarder) => {
      const wrong = tcp(toNode(version)).fill(0x77, version === 6 ? 56 : 36);
      assertLeavesAs(forwarder, { bytes: wrong }, [wrong]);
      const { header } = partial(wrong);
      assertLeavesAs(forwarder, { bytes: wrong, header: { ...header, needsChecksum: false } }, [wrong]);
    }),
  ]),
  atHomeAgent("the partial checksum of ICMPv6 is completed", (forwarder) => {
    const whole = icmp(toNode(6), payloadOf(777));
    assertLeavesAs(forwarder, partial(whole), [whole]);
  }),
  atHomeAgent(
    "a partial checksum is completed behind IPv4 options and IPv6 extension headers",
    (forwarder) => {
      const withOptions = udp({ ...toNode(4), options: new Uint8Array(12).fill(1) });
      assertLeavesAs(forwarder, partial(withOptions), [withOptions]);
      const bytes = extension(ICMPV6, 24, counting(0));
      const whole = icmp({ ...toNode(6), extensions: { type: 60, bytes } });
      assertLeavesAs(forwarder, partial(whole, {}, { protocol: ICMPV6, start: 64 }), [whole]);
    },
  ),
  ...([
    ["the field goes past the end by 1", { checksumStart: 40, checksumOffset: 31 }],
    ["the start is in the IP header", { checksumStart: 39, checksumOffset: 2 }],
    ["the start is past the end", { checksumStart: 72, checksumOffset: 0 }],
    ["all is as large as can be", { checksumStart: 65_535, checksumOffset: 65_535 }],
  ] as const).map(([what, header]) =>
    atHomeAgent(`a partial checksum where ${what} is refused`, (forwarder) => {
      const { bytes, header: right } = partial(ipPacket(toNode(6), 17, counting(32)));
      const verdict = send(forwarder, bytes, { header: { ...right, ...header } });
      assertDropped(forwarder, verdict, "tunHeaderMalformed");
    })
  ),
  atHomeAgent("a partial checksum that starts in the options of an IPv4 header is refused", (forwarder) => {
    const { bytes, header } = partial(udp({ ...toNode(4), options: new Uint8Array(8).fill(1) }));
    const verdict = send(forwarder, bytes, { header: { ...header, checksumStart: 27 } });
    assertDropped(forwarder, verdict, "tunHeaderMalformed");
  }),
];
