import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  decodeAttributes,
  decodeNetlinkMessages,
  decodeNetlinkResult,
  encodeNetlinkMessage,
  readUint32,
  uint32Attribute,
} from "../../ffi/netlink_message.ts";
import {
  decodeAddress,
  decodeLink,
  decodeRoute,
  decodeRule,
  encodeAddress,
  encodeRoute,
  encodeRule,
} from "../../ffi/netlink_record.ts";
import type { NetlinkBody } from "../../ffi/netlink_ip.ts";
import { decodeNeighbor, encodeNeighbor } from "../../ffi/netlink_neighbor.ts";
import { decodeEvent } from "../../ffi/netlink_subscription.ts";

/** The payload of a message made of this, as its receiver sees it. */
function payloadOf(body: NetlinkBody): Uint8Array {
  const [message] = decodeNetlinkMessages(encodeNetlinkMessage({ type: 24, flags: 1, sequence: 7, ...body }));
  return message.payload;
}

Deno.test("a message has its header, its fixed part and padded attributes in host order", () => {
  const bytes = encodeNetlinkMessage({
    type: 0x1234,
    flags: 0x0105,
    sequence: 7,
    body: new Uint8Array([9, 9, 9, 9]),
    attributes: [[3, new Uint8Array([1, 2, 3, 4, 5])], uint32Attribute(4, 1500)],
  });
  assertEquals([...bytes.subarray(0, 20)], [
    40,
    0,
    0,
    0,
    0x34,
    0x12,
    5,
    1,
    7,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    9,
    9,
    9,
    9,
  ]);
  assertEquals([...bytes.subarray(20, 32)], [9, 0, 3, 0, 1, 2, 3, 4, 5, 0, 0, 0]);
  assertEquals([...bytes.subarray(32)], [8, 0, 4, 0, 0xdc, 5, 0, 0]);
  const attributes = decodeAttributes(bytes, 20);
  assertEquals([...attributes.get(3)!], [1, 2, 3, 4, 5]);
  assertEquals(readUint32(attributes.get(4)), 1500);
});

Deno.test("messages in one datagram are told apart, and a length that cannot be ends them", () => {
  const one = encodeNetlinkMessage({
    type: 1,
    flags: 0,
    sequence: 1,
    body: new Uint8Array(4),
    attributes: [],
  });
  const other = encodeNetlinkMessage({
    type: 2,
    flags: 0,
    sequence: 1,
    body: new Uint8Array(),
    attributes: [],
  });
  const types = (bytes: Uint8Array) => decodeNetlinkMessages(bytes).map((message) => message.type);
  assertEquals(types(new Uint8Array([...one, ...other])), [1, 2]);
  assertEquals(types(new Uint8Array([...one, ...other]).subarray(0, 35)), [1]);
  assertEquals(types(new Uint8Array([15, 0, 0, 0, ...one.subarray(4), ...other])), []);
});

Deno.test("an error carries the errno and the kernel's words, with and without the request in it", () => {
  const words = [17, 0, 1, 0, ...new TextEncoder().encode("No such thing\0")].slice(0, 17);
  const request = [20, 0, 0, 0, 24, 0, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0];
  const error = (flags: number, payload: number[]) =>
    decodeNetlinkResult({ type: 2, flags, sequence: 1, payload: new Uint8Array(payload) });
  assertEquals(error(0x200, [0xea, 255, 255, 255, ...request, 9, 9, 9, 9, ...words]), {
    errno: 22,
    text: "No such thing",
  });
  assertEquals(error(0x300, [0xea, 255, 255, 255, ...request, ...words]), {
    errno: 22,
    text: "No such thing",
  });
  assertEquals(error(0x100, [0, 0, 0, 0, ...request]), { errno: 0, text: undefined });
});

Deno.test("addresses, routes and rules come back as they were given", () => {
  const address = { interfaceIndex: 7, address: "2001:db8::1", prefixLength: 64, protocol: 155 };
  assertEquals(decodeAddress(payloadOf(encodeAddress({ ...address, noDad: true, noPrefixRoute: true }))), {
    ...address,
    family: 6,
    scope: "global",
    secondary: false,
    deprecated: false,
    tentative: false,
    isDuplicate: false,
    permanent: false,
  });
  const route = {
    destination: "198.51.100.0",
    prefixLength: 24,
    gateway: "192.0.2.1",
    interfaceIndex: 3,
    metric: 10,
    preferredSource: "192.0.2.7",
    table: 1001,
  };
  assertEquals(decodeRoute(payloadOf(encodeRoute(route))), {
    ...route,
    family: 4,
    protocol: 155,
    type: "unicast",
  });
  const defaultRoute = decodeRoute(
    payloadOf(encodeRoute({ destination: "::", prefixLength: 0, interfaceIndex: 3 })),
  );
  assertEquals([defaultRoute?.destination, defaultRoute?.prefixLength, defaultRoute?.table], ["::", 0, 254]);
  const rule = {
    family: 6,
    priority: 1001,
    source: { address: "2001:db8:1::2", prefixLength: 128 },
    outputInterface: "eth0",
    table: 101,
  } as const;
  assertEquals(decodeRule(payloadOf(encodeRule(rule))), { ...rule, protocol: 155 });
});

Deno.test("text that is no address, and families that differ, are mistakes of the caller", () => {
  const route = { destination: "::", prefixLength: 0 };
  assertThrows(() => encodeRoute({ ...route, gateway: "192.0.2.1" }), RangeError, "same family");
  assertThrows(() => encodeRoute({ ...route, destination: "default" }), RangeError, "default");
});

Deno.test("any bytes decode to records or to nothing", () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  // Half of them begin like a real message, so that the inner decoders are reached.
  const real = fc.tuple(
    fc.constantFrom(16, 17, 20, 21, 24, 25),
    fc.constantFrom(0, 2, 10),
    fc.uint8Array({ maxLength: 120 }),
  )
    .map(([type, family, rest]) => {
      const body = new Uint8Array(4 * Math.ceil((1 + rest.length) / 4));
      body.set([family, ...rest]);
      return encodeNetlinkMessage({ type, flags: 0x202, sequence: 1, body, attributes: [] });
    });
  fc.assert(
    fc.property(fc.oneof(bytes, real), (bytes) => {
      for (const message of decodeNetlinkMessages(bytes)) {
        decodeEvent(message);
        decodeNetlinkResult(message);
        decodeNetlinkResult({ ...message, type: 2, flags: 0x200 });
      }
      for (const decode of [decodeLink, decodeAddress, decodeRoute, decodeRule, decodeNeighbor]) {
        decode(bytes);
      }
    }),
    { numRuns: 20_000 },
  );
});

Deno.test("neighbours and proxy entries come back as they were put in, as ours", () => {
  for (const address of ["192.0.2.1", "fe80::1"]) {
    const family = address.includes(":") ? 6 : 4;
    const hardwareAddress = new Uint8Array([2, 0, 0, 0, 0, 9]);
    const neighbor = { interfaceIndex: 7, address, hardwareAddress, isProxy: false, isRouter: false };
    assertEquals(decodeNeighbor(payloadOf(encodeNeighbor(neighbor))), { ...neighbor, family, protocol: 155 });
    const proxy = { interfaceIndex: 7, address, isProxy: true, isRouter: true };
    assertEquals(decodeNeighbor(payloadOf(encodeNeighbor(proxy))), {
      ...proxy,
      hardwareAddress: undefined,
      family,
      protocol: 155,
    });
  }
});
