import fc, { type Arbitrary } from "fast-check";
import { solicitedNodeAddress } from "../../core/wire/neighbor_discovery.ts";
import type {
  NeighborDiscoveryMessage,
  NeighborDiscoveryPacket,
} from "../../core/wire/neighbor_discovery.ts";
import type { NeighborDiscoveryOption } from "../../core/wire/neighbor_discovery_option.ts";
import { ipv6Addresses } from "./arbitraries.ts";
import { formatIpv6 } from "../../core/wire/address.ts";

/** Packets of neighbour discovery made up at random, each valid as RFC 4861 wants it. */

const uint16 = fc.nat(0xffff);
const uint32 = fc.nat(0xffff_ffff);
const plain = { noNullPrototype: true };
const hardwareAddress = fc.uint8Array({ minLength: 6, maxLength: 6 });
const preference = fc.constantFrom("low" as const, "medium" as const, "high" as const);
const unicast = ipv6Addresses.filter((address) => !address.startsWith("ff"));
const linkLocal = fc.uint8Array({ minLength: 8, maxLength: 8 })
  .map((identifier) => formatIpv6(new Uint8Array([0xfe, 0x80, 0, 0, 0, 0, 0, 0, ...identifier])));

const routeInformation = fc.nat(128).chain((prefixLength) =>
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((octets) => {
    octets.fill(0, 8 * Math.ceil(prefixLength / 64));
    return { prefixLength, prefix: formatIpv6(octets) };
  })
);

const knownOptions: Arbitrary<NeighborDiscoveryOption> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("sourceLinkLayerAddress" as const, "targetLinkLayerAddress" as const),
    hardwareAddress,
  }, plain),
  fc.record({
    kind: fc.constant("prefixInformation" as const),
    prefix: ipv6Addresses,
    prefixLength: fc.nat(255),
    onLink: fc.boolean(),
    autonomous: fc.boolean(),
    routerAddress: fc.boolean(),
    validLifetimeSeconds: uint32,
    preferredLifetimeSeconds: uint32,
  }, plain),
  fc.record({ kind: fc.constant("mtu" as const), mtu: uint32 }, plain),
  fc.record({ kind: fc.constant("advertisementInterval" as const), intervalMs: uint32 }, plain),
  fc.record(
    {
      kind: fc.constant("homeAgentInformation" as const),
      preference: uint16,
      lifetimeSeconds: uint16,
      mobileRouters: fc.boolean(),
    },
    plain,
  ),
  fc.tuple(routeInformation, preference, uint32).map(([route, preference, lifetimeSeconds]) => ({
    kind: "routeInformation" as const,
    ...route,
    preference,
    lifetimeSeconds,
  })),
  fc.record({
    kind: fc.constant("recursiveDnsServer" as const),
    lifetimeSeconds: uint32,
    servers: fc.array(ipv6Addresses, { minLength: 1, maxLength: 3 }),
  }, plain),
);

const unknownOptions: Arbitrary<NeighborDiscoveryOption> = fc.tuple(
  fc.integer({ min: 200, max: 255 }),
  fc.nat(4),
)
  .chain(([type, units]) =>
    fc.uint8Array({ minLength: 6 + 8 * units, maxLength: 6 + 8 * units })
      .map((data) => ({ kind: "unknownOption" as const, type, data }))
  );

const options = fc.array(fc.oneof({ weight: 6, arbitrary: knownOptions }, unknownOptions), { maxLength: 6 });

export const routerAdvertisements: Arbitrary<NeighborDiscoveryMessage> = fc.record({
  kind: fc.constant("routerAdvertisement" as const),
  currentHopLimit: fc.nat(255),
  managedAddresses: fc.boolean(),
  otherConfiguration: fc.boolean(),
  homeAgent: fc.boolean(),
  preference,
  routerLifetimeSeconds: uint16,
  reachableTimeMs: uint32,
  retransmissionTimerMs: uint32,
  options,
}, plain);

const otherMessages: Arbitrary<NeighborDiscoveryMessage> = fc.oneof(
  fc.record({ kind: fc.constant("routerSolicitation" as const), options }, plain),
  fc.record({ kind: fc.constant("neighborSolicitation" as const), target: unicast, options }, plain),
  fc.record({
    kind: fc.constant("neighborAdvertisement" as const),
    router: fc.boolean(),
    solicited: fc.boolean(),
    override: fc.boolean(),
    target: unicast,
    options,
  }, plain),
);

export const neighborDiscoveryPackets: Arbitrary<NeighborDiscoveryPacket> = fc.oneof(
  fc.record({ source: linkLocal, destination: ipv6Addresses, message: routerAdvertisements }, plain),
  fc.record({ source: linkLocal, destination: unicast, message: otherMessages }, plain),
  unicast.map((target) => ({
    source: "::",
    destination: solicitedNodeAddress(target),
    message: { kind: "neighborSolicitation" as const, target, options: [] },
  })),
);
