import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type ArpPacket, decodeArp, encodeArp } from "../../core/wire/arp.ts";
import { ipv4Addresses } from "./arbitraries.ts";
import { faultOf, valueOf } from "./decoded.ts";
import { hexOf, octetsOf } from "./octets.ts";

const REQUEST: ArpPacket = {
  operation: 1,
  senderHardwareAddress: octetsOf("020000000001"),
  senderAddress: "192.0.2.7",
  targetHardwareAddress: new Uint8Array(6),
  targetAddress: "192.0.2.1",
};
const HEX = "0001080006040001" + "020000000001c0000207" + "000000000000c0000201";

Deno.test("ARP: a request by hand, both ways, with the padding of the link", () => {
  assertEquals(hexOf(encodeArp(REQUEST)), HEX);
  assertEquals(valueOf(decodeArp(octetsOf(`${HEX}0000`))), REQUEST);
});

Deno.test("ARP: faults", () => {
  const fault = (offset: number, octet: number) => {
    const bytes = octetsOf(HEX);
    bytes[offset] = octet;
    return faultOf(decodeArp(bytes));
  };
  assertEquals(faultOf(decodeArp(octetsOf(HEX).subarray(0, 27))), "ARP packet at offset 27: is cut off");
  assertEquals(fault(1, 6), "hardware type at offset 0: is 6, not Ethernet");
  assertEquals(fault(2, 0x86), "protocol type at offset 2: is 34304, not IPv4");
  assertEquals(fault(4, 8), "hardware address length at offset 4: is 8, not 6");
  assertEquals(fault(5, 16), "protocol address length at offset 5: is 16, not 4");
});

Deno.test("ARP: what cannot be sent is refused", () => {
  assertThrows(() => encodeArp({ ...REQUEST, operation: 65536 }), RangeError, "operation");
  assertThrows(
    () => encodeArp({ ...REQUEST, targetHardwareAddress: new Uint8Array(8) }),
    RangeError,
    "hardware address",
  );
});

Deno.test("ARP: every packet comes back, anything else is a value", () => {
  const hardware = fc.uint8Array({ minLength: 6, maxLength: 6 });
  const packets = fc.record({
    operation: fc.nat(0xffff),
    senderHardwareAddress: hardware,
    senderAddress: ipv4Addresses,
    targetHardwareAddress: hardware,
    targetAddress: ipv4Addresses,
  }, { noNullPrototype: true });
  fc.assert(fc.property(packets, (packet) => assertEquals(valueOf(decodeArp(encodeArp(packet))), packet)));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void decodeArp(bytes)));
});
