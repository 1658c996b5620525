import { assertEquals } from "@std/assert";
import type { TunnelEnd } from "../../core/control/tunnel.ts";
import { TunnelPathMtu } from "../../core/control/tunnel_path_mtu.ts";
import type { IpAddress } from "../../core/wire/address.ts";
import { encodeIpv4Header } from "../../core/wire/ipv4.ts";
import { encodeIpv6Header } from "../../core/wire/ipv6.ts";

const HOME_AGENT = "2001:db8:500::1";
const CARE_OF = "2001:db8:300::77";
const HOST = "2001:db8:600::10";
const TUNNEL: TunnelEnd = { encapsulation: "ipv6InIpv6", address: CARE_OF, port: 0 };

function ipv6(source: string, destination: string, nextHeader: number): Uint8Array {
  return encodeIpv6Header({
    trafficClass: 0,
    flowLabel: 0,
    payloadLength: 1400,
    nextHeader,
    hopLimit: 64,
    source,
    destination,
  });
}

function inTunnel(
  source = HOME_AGENT,
  farEnd = CARE_OF,
  inner = ipv6("2001:db8:200::10", HOST, 6),
): Uint8Array {
  return new Uint8Array([...ipv6(source, farEnd, inner[0] >> 4 === 6 ? 41 : 4), ...inner]);
}

const isFor = (farEnd: IpAddress, inner: IpAddress) =>
  farEnd === CARE_OF && [HOST, "198.18.0.10"].includes(inner);

Deno.test("RFC 2473 7.1: a tunnel in IPv6 learns the MTU of its path, and forgets it after ten minutes", () => {
  const paths = new TunnelPathMtu(HOME_AGENT);
  assertEquals(paths.innerMtu(TUNNEL, 1460, 0), 1460);
  assertEquals(paths.learn({ mtu: 1460, invokingPacket: inTunnel() }, 0, isFor), CARE_OF);
  assertEquals(paths.innerMtu(TUNNEL, 1460, 1), 1420);
  assertEquals(paths.innerMtu({ ...TUNNEL, address: "2001:db8:300::78" }, 1460, 1), 1460);
  assertEquals(paths.innerMtu({ ...TUNNEL, encapsulation: "udp" }, 1472, 1), 1472);
  // A link that carries less than the path keeps its word.
  assertEquals(paths.innerMtu(TUNNEL, 1300, 1), 1300);
  assertEquals(paths.innerMtu(TUNNEL, 1460, 599_999), 1420);
  assertEquals(paths.innerMtu(TUNNEL, 1460, 600_000), 1460);
  assertEquals(paths.learn({ mtu: 1470, invokingPacket: inTunnel() }, 600_001, isFor), CARE_OF);
});

Deno.test("RFC 8201 4: only a smaller MTU counts, and none below 1280", () => {
  const paths = new TunnelPathMtu(HOME_AGENT);
  const learn = (mtu: number) => paths.learn({ mtu, invokingPacket: inTunnel() }, 0, isFor);
  assertEquals([learn(1279), learn(0), learn(1400), learn(1400), learn(1500), learn(1280)], [
    undefined,
    undefined,
    CARE_OF,
    undefined,
    undefined,
    CARE_OF,
  ]);
  assertEquals(paths.innerMtu(TUNNEL, 1460, 0), 1240);
});

Deno.test("IPv4 inside counts as well", () => {
  const inner = encodeIpv4Header(
    {
      typeOfService: 0,
      totalLength: 1400,
      identification: 0,
      dontFragment: true,
      moreFragments: false,
      fragmentOffset: 0,
      timeToLive: 64,
      protocol: 6,
      source: "203.0.113.130",
      destination: "198.18.0.10",
      options: new Uint8Array(),
    } as Parameters<typeof encodeIpv4Header>[0],
  );
  const paths = new TunnelPathMtu(HOME_AGENT);
  const invokingPacket = inTunnel(HOME_AGENT, CARE_OF, inner);
  assertEquals(paths.learn({ mtu: 1400, invokingPacket }, 0, isFor), CARE_OF);
});

Deno.test("a message about a packet that is not one of our tunnels' is not believed", () => {
  const paths = new TunnelPathMtu(HOME_AGENT);
  for (
    const [what, invokingPacket] of [
      ["of another source", inTunnel("2001:db8:500::2")],
      ["to another far end", inTunnel(HOME_AGENT, "2001:db8:300::78")],
      [
        "for a host that is not behind it",
        inTunnel(HOME_AGENT, CARE_OF, ipv6("2001:db8::1", "2001:db8:601::1", 6)),
      ],
      ["without a tunnel", ipv6(HOME_AGENT, CARE_OF, 135)],
      ["cut off in the inner header", inTunnel().subarray(0, 79)],
      ["cut off in the outer header", inTunnel().subarray(0, 39)],
      ["empty", new Uint8Array()],
    ] as const
  ) {
    assertEquals(paths.learn({ mtu: 1400, invokingPacket }, 0, isFor), undefined, what);
  }
  assertEquals(paths.innerMtu(TUNNEL, 1460, 0), 1460);
});
