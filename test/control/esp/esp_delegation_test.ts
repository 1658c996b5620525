import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  encodeDelegationPacket,
  readDelegationPacket,
} from "../../../core/control/delegation/delegation_packet.ts";
import { ipv6Octets } from "../../../core/wire/address.ts";
import { ipv6UpperLayerChecksum } from "../../../core/wire/checksum.ts";
import { Protocol } from "../../../core/wire/constants.ts";
import { decodeMobileIpv6Envelope, withUpperLayer } from "../../../core/wire/mobile_ipv6_envelope.ts";
import { readUint16, writeUint16 } from "../../../core/wire/octets.ts";
import { at, HOME_ADDRESS, HOME_AGENT } from "../script.ts";
import { associationsOf, gateOf } from "./esp_script.ts";

const UP = { source: HOME_ADDRESS, destination: HOME_AGENT };
const UDP_OFFSET = 40;
const now = at(0);
const datagrams = fc.uint8Array({ maxLength: 300 });

/** As encodeDelegationPacket, with other ports; the checksum is not looked at by the gate. */
function withPorts(packet: Uint8Array, source: number, destination: number): Uint8Array {
  const changed = packet.slice();
  writeUint16(changed, UDP_OFFSET, source, "source port");
  writeUint16(changed, UDP_OFFSET + 2, destination, "destination port");
  return changed;
}

/** The packet under the mobile node's association, whatever it holds: what a hostile mobile node could send. */
function sealed(packet: Uint8Array): Uint8Array {
  const envelope = decodeMobileIpv6Envelope(packet);
  assert(envelope.ok);
  const { protocol, offset, end } = envelope.value;
  const association = associationsOf(HOME_ADDRESS).outbound(HOME_AGENT, now.unixMs)!;
  const esp = association.seal({ payload: packet.subarray(offset, end), nextHeader: protocol });
  return withUpperLayer(packet, envelope.value, Protocol.esp, esp);
}

Deno.test("RFC 6276 4: what goes under ESP is a whole UDP datagram with its checksum, and is read again as it was", () => {
  fc.assert(fc.property(datagrams, (datagram) => {
    const packet = encodeDelegationPacket({ ...UP, datagram });
    const sum = ipv6UpperLayerChecksum({
      source: ipv6Octets(HOME_ADDRESS),
      destination: ipv6Octets(HOME_AGENT),
      bytes: packet,
      start: UDP_OFFSET,
      end: packet.length,
      nextHeader: Protocol.udp,
    });
    assertEquals(sum, 0);
    assertEquals(readDelegationPacket(packet), { ...UP, datagram });
  }));
});

Deno.test("RFC 768, RFC 8200 8.1: another length, a wrong checksum and none are refused", () => {
  const packet = encodeDelegationPacket({ ...UP, datagram: new Uint8Array([1, 2, 3]) });
  const changed = (offset: number, value: number) => {
    const other = packet.slice();
    writeUint16(other, UDP_OFFSET + offset, value, "a field");
    return readDelegationPacket(other);
  };
  assertEquals(changed(4, 12), "another UDP length than the packet has");
  assertEquals(changed(4, 7), "UDP length at offset 4: is 7, not at least 8");
  assertEquals(changed(6, 0), "wrong UDP checksum");
  assertEquals(changed(8, 0x0103), "wrong UDP checksum");
});

Deno.test("RFC 8200 8.1: a checksum that comes out as 0 goes out as all ones; 0 is none", () => {
  const checksumIn = (packet: Uint8Array) => readUint16(packet, UDP_OFFSET + 6);
  const others = checksumIn(encodeDelegationPacket({ ...UP, datagram: new Uint8Array(2) }));
  const datagram = Uint8Array.of(others >> 8, others & 0xff);
  const packet = encodeDelegationPacket({ ...UP, datagram });
  assertEquals(checksumIn(packet), 0xffff);
  assertEquals(readDelegationPacket(packet), { ...UP, datagram });
  writeUint16(packet, UDP_OFFSET + 6, 0, "checksum");
  assertEquals(readDelegationPacket(packet), "wrong UDP checksum");
});

Deno.test("RFC 6276 4: DHCPv6 between the home address and the home agent is sealed, and comes out as it was", () => {
  fc.assert(
    fc.property(datagrams, (datagram) => {
      const packet = encodeDelegationPacket({ ...UP, datagram });
      const out = gateOf(HOME_ADDRESS).protect({ kind: "sendPacket", source: HOME_ADDRESS, packet }, now);
      assert(out.kind === "sendPacket");
      assertEquals(out.packet[6], Protocol.esp);
      const opened = gateOf(HOME_AGENT).open(out.packet, now);
      assert(opened.kind === "delegation");
      assertEquals(opened.packet, packet);
      assertEquals(opened.protection, { spi: 1001, ...UP, isLatest: true });
    }),
    { numRuns: 50 },
  );
});

Deno.test("RFC 3776 4.2, RFC 6276 4: all other UDP is refused under the association, and not sealed with it", () => {
  const port = fc.oneof(fc.constantFrom(546, 547, 548, 4191), fc.integer({ min: 0, max: 0xffff }));
  fc.assert(
    fc.property(port, port, datagrams, (source, destination, datagram) => {
      const isDelegation = source === 547 && destination === 547;
      const packet = withPorts(encodeDelegationPacket({ ...UP, datagram }), source, destination);
      const opened = gateOf(HOME_AGENT).open(sealed(packet), now);
      assertEquals(opened.kind, isDelegation ? "delegation" : "report");
      const out = gateOf(HOME_ADDRESS).protect({ kind: "sendPacket", source: HOME_ADDRESS, packet }, now);
      assert(out.kind === "sendPacket");
      assertEquals(out.packet === packet, !isDelegation);
    }),
    { numRuns: 200, examples: [[547, 547, new Uint8Array(4)], [546, 547, new Uint8Array(4)]] },
  );
  // A datagram that ends before its header does is none.
  for (let octets = 0; octets < 8; octets++) {
    const whole = encodeDelegationPacket({ ...UP, datagram: new Uint8Array(0) });
    const envelope = decodeMobileIpv6Envelope(whole);
    assert(envelope.ok);
    const cut = withUpperLayer(
      whole,
      envelope.value,
      Protocol.udp,
      whole.subarray(UDP_OFFSET, UDP_OFFSET + octets),
    );
    assertEquals(gateOf(HOME_AGENT).open(sealed(cut), now).kind, "report");
  }
});
