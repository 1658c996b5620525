import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { prefixContains } from "../../core/wire/address.ts";
import { TunnelErrorRelay } from "../../core/control/tunnel_error_relay.ts";
import { decodeIcmpv6Message, encodeIcmpv6Message, type Icmpv6Message } from "../../core/wire/icmpv6.ts";
import { decodeIpv6Header } from "../../core/wire/ipv6.ts";
import {
  concat,
  CORRESPONDENT,
  counting,
  HOME_ADDRESS,
  HOME_AGENT,
  ipv6,
  IPV6_CARE_OF_ADDRESS as CARE_OF,
} from "../forwarding/packets.ts";
import { valueOf } from "../wire/decoded.ts";

const IPV6_IN_IPV6 = 41;
const ICMPV6 = 58;
const NETWORK = { address: "2001:db8:200::", length: 64 };

function packetFor(destination: string, changes: Parameters<typeof ipv6>[0] = {}): Uint8Array {
  return ipv6({ source: CORRESPONDENT, destination, payload: counting(1400), ...changes });
}

function tunnelled(original: Uint8Array, changes: Parameters<typeof ipv6>[0] = {}): Uint8Array {
  const ends = { source: HOME_AGENT, destination: CARE_OF };
  return ipv6({ ...ends, nextHeader: IPV6_IN_IPV6, payload: original, ...changes });
}

/** An error from somewhere in the tunnel; `quotes` octets of the packet, at most what fits 1280. */
function errorAbout(
  invokingPacket: Uint8Array,
  changes: Partial<Icmpv6Message> = {},
  quotes = 1232,
): Uint8Array {
  const message = {
    kind: "packetTooBig",
    code: 0,
    mtu: 1400,
    invokingPacket: invokingPacket.subarray(0, quotes),
    ...changes,
  } as Icmpv6Message;
  return encodeIcmpv6Message(message, { source: "2001:db8:9::1", destination: HOME_AGENT });
}

function newRelay(): TunnelErrorRelay {
  const isFor = (careOfAddress: string, inner: string) =>
    careOfAddress === CARE_OF && (inner === HOME_ADDRESS || prefixContains(NETWORK, inner));
  return new TunnelErrorRelay(HOME_AGENT, isFor);
}

/** What goes to the correspondent. */
function told(packet: Uint8Array | undefined) {
  if (packet === undefined) return undefined;
  const { source, destination, payloadLength } = valueOf(decodeIpv6Header(packet, 0));
  assertEquals(payloadLength + 40, packet.length);
  const { message, checksumValid } = valueOf(
    decodeIcmpv6Message(packet, 40, packet.length, { source, destination }),
  );
  assertEquals([source, destination, checksumValid], [HOME_AGENT, CORRESPONDENT, true]);
  return message;
}

Deno.test("RFC 6275 9.3.4 M-209, RFC 2473 8.2: what is too big for the tunnel is told with the MTU that is left inside", () => {
  for (const destination of [HOME_ADDRESS, "2001:db8:200::5"]) {
    const original = packetFor(destination);
    const message = told(newRelay().relay(errorAbout(tunnelled(original)), 0));
    assertEquals(message, {
      kind: "packetTooBig",
      code: 0,
      mtu: 1360,
      invokingPacket: original.slice(0, 1232 - 40),
    });
  }
});

Deno.test("RFC 6275 9.3.4 M-209, RFC 2473 8.2: what does not arrive is told as an address that cannot be reached", () => {
  const original = packetFor(HOME_ADDRESS, { payload: counting(20) });
  for (const kind of ["destinationUnreachable", "timeExceeded"] as const) {
    for (const code of [0, 1, 3]) {
      const message = told(newRelay().relay(errorAbout(tunnelled(original), { kind, code }), 0));
      assertEquals(message, { kind: "destinationUnreachable", code: 3, invokingPacket: original });
    }
  }
});

Deno.test("RFC 2473 7.1: no MTU below 1280 is told, and nothing of packets that are no larger than that", () => {
  const relay = newRelay();
  const tooBig = (octets: number, mtu: number) => {
    const original = packetFor(HOME_ADDRESS, { payload: counting(octets - 40) });
    const message = told(relay.relay(errorAbout(tunnelled(original), { mtu } as Partial<Icmpv6Message>), 0));
    return message?.kind === "packetTooBig" ? message.mtu : undefined;
  };
  assertEquals([tooBig(1440, 1280), tooBig(1281, 0), tooBig(1280, 1280)], [1280, 1280, undefined]);
  assertEquals(tooBig(1400, 1440), undefined, "it would have passed");
});

Deno.test("an error tells nobody unless it quotes a packet of a tunnel that is there", () => {
  const original = packetFor(HOME_ADDRESS);
  const silent: [string, Uint8Array][] = [
    ["another care-of address", errorAbout(tunnelled(original, { destination: "2001:db8:7::8" }))],
    ["not from here", errorAbout(tunnelled(original, { source: "2001:db8:100::9" }))],
    ["no tunnel", errorAbout(tunnelled(original, { nextHeader: 17 }))],
    ["another home address", errorAbout(tunnelled(packetFor("2001:db8:100::999")))],
    ["another mobile network", errorAbout(tunnelled(packetFor("2001:db8:201::5")))],
    ["too little", errorAbout(tunnelled(original), {}, 79)],
    [
      "lengths that differ",
      errorAbout(
        concat(tunnelled(original).subarray(0, 40), packetFor(HOME_ADDRESS, { payload: counting(1300) })),
      ),
    ],
    ["from a link", errorAbout(tunnelled(packetFor(HOME_ADDRESS, { source: "fe80::1" })))],
    ["to many nodes", errorAbout(tunnelled(packetFor("ff0e::1")))],
    [
      "about an error",
      errorAbout(
        tunnelled(packetFor(HOME_ADDRESS, { nextHeader: ICMPV6, payload: new Uint8Array(1300).fill(3) })),
      ),
    ],
    ["no error", Uint8Array.from(errorAbout(tunnelled(original)), (octet, at) => at === 0 ? 128 : octet)],
  ];
  for (const [what, message] of silent) assertEquals(newRelay().relay(message, 0), undefined, what);
  const echo = packetFor(HOME_ADDRESS, { nextHeader: ICMPV6, payload: new Uint8Array(1400).fill(128) });
  assertEquals(told(newRelay().relay(errorAbout(tunnelled(echo)), 0))?.kind, "packetTooBig");
});

Deno.test("a flood of errors is told rarely", () => {
  const relay = newRelay();
  const message = errorAbout(tunnelled(packetFor(HOME_ADDRESS)));
  let count = 0;
  for (let ms = 0; ms < 1000; ms++) if (relay.relay(message, ms) !== undefined) count++;
  assertEquals(count > 0 && count < 10, true, `${count}`);
});

Deno.test("errors: whatever octets come, nothing is thrown", () => {
  const good = errorAbout(tunnelled(packetFor(HOME_ADDRESS)));
  fc.assert(fc.property(fc.nat(100), fc.nat(255), fc.nat(good.length), (at, octet, length) => {
    const message = good.slice(0, length);
    if (at < length) message[at] = octet;
    newRelay().relay(message, 0);
  }));
});
