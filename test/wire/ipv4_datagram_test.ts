import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { finishChecksum, ipv4UpperLayerChecksum, onesComplementSum } from "../../core/wire/checksum.ts";
import { decodeIpv4Datagram, encodeIpv4Datagram, type Ipv4Datagram } from "../../core/wire/ipv4_datagram.ts";
import { ipv4Addresses } from "./arbitraries.ts";
import { faultOf, valueOf } from "./decoded.ts";
import { octetsOf } from "./octets.ts";
import { concatenate } from "./packets.ts";

const DATAGRAM: Ipv4Datagram = {
  source: "192.0.2.1",
  destination: "192.0.2.7",
  sourcePort: 67,
  destinationPort: 68,
  data: octetsOf("0102030405"),
};

/** The packet with one octet changed, and the header's checksum made right again. */
function changed(offset: number, octet: number): Uint8Array {
  const bytes = encodeIpv4Datagram(DATAGRAM);
  bytes[offset] = octet;
  if (offset === 10) return bytes;
  bytes.set([0, 0], 10);
  const checksum = finishChecksum(onesComplementSum(bytes, 0, 20));
  bytes.set([checksum >> 8, checksum & 0xff], 10);
  return bytes;
}

Deno.test("IPv4 datagram: faults, each with its place", () => {
  const faults: readonly [Uint8Array, string][] = [
    [new Uint8Array(19), "IPv4 header at offset 19: is cut off"],
    [changed(10, 0), "IPv4 checksum at offset 10: is wrong"],
    [changed(3, 60), "IPv4 total length at offset 2: goes past the end of the packet"],
    [changed(6, 0x20), "fragment offset at offset 6: is of a fragment"],
    [changed(7, 1), "fragment offset at offset 6: is of a fragment"],
    [changed(9, 6), "protocol at offset 9: is 6, not UDP"],
    [changed(3, 27), "UDP header at offset 27: is cut off"],
    [changed(25, 14), "UDP length at offset 24: goes past the end of the packet"],
    [changed(28, 0x55), "UDP checksum at offset 26: is wrong"],
  ];
  for (const [bytes, expected] of faults) assertEquals(faultOf(decodeIpv4Datagram(bytes)), expected);
});

Deno.test("IPv4 datagram: every one comes back, with the padding of the link", () => {
  const datagrams = fc.record({
    source: ipv4Addresses,
    destination: ipv4Addresses,
    sourcePort: fc.nat(0xffff),
    destinationPort: fc.nat(0xffff),
    data: fc.uint8Array({ maxLength: 100 }),
  }, { noNullPrototype: true });
  fc.assert(fc.property(datagrams, fc.uint8Array({ maxLength: 9 }), (datagram, padding) => {
    const bytes = concatenate(encodeIpv4Datagram(datagram), padding);
    assertEquals(valueOf(decodeIpv4Datagram(bytes)), datagram);
  }));
});

Deno.test("IPv4 datagram: no checksum, and one that was left to the network card", () => {
  const bytes = encodeIpv4Datagram(DATAGRAM);
  bytes.set([0, 0], 26);
  assertEquals(valueOf(decodeIpv4Datagram(bytes)), DATAGRAM);
  const pseudoHeader = finishChecksum(ipv4UpperLayerChecksum({
    source: octetsOf("c0000201"),
    destination: octetsOf("c0000207"),
    protocol: 17,
    bytes: new Uint8Array(13),
    start: 0,
    end: 13,
  }));
  bytes.set([pseudoHeader >> 8, pseudoHeader & 0xff], 26);
  assertEquals(valueOf(decodeIpv4Datagram(bytes)), DATAGRAM);
});

Deno.test("IPv4 datagram: a checksum of 0 is sent as all ones (RFC 768)", () => {
  const first = encodeIpv4Datagram({ ...DATAGRAM, sourcePort: 0 });
  // This source port makes the sum all ones.
  const sourcePort = first[26] << 8 | first[27];
  const bytes = encodeIpv4Datagram({ ...DATAGRAM, sourcePort });
  assertEquals([bytes[26], bytes[27]], [0xff, 0xff]);
  assertEquals(valueOf(decodeIpv4Datagram(bytes)).sourcePort, sourcePort);
});
