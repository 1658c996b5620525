import { assert, assertEquals } from "@std/assert";
import type { Bound } from "../../core/forwarding/bindings.ts";
import type { Forwarder } from "../../core/forwarding/forwarder.ts";
import { AS_HOME_AGENT, AS_MOBILE_NODE } from "./case_tools.ts";
import { PLAIN, WASM } from "./forwarders.ts";
import { HOME_ADDRESS } from "./packets.ts";
import {
  HOME_ADDRESSES,
  IPV4_HOME_ADDRESSES,
  IPV4_MOBILE_NETWORKS,
  MOBILE_NETWORKS,
  Random,
  randomBatchSize,
  randomDatagram,
  randomInner,
  randomIpv4Home,
  randomMtu,
  randomOuterAddress,
  randomTunnel,
  SPIS,
  ZERO_NETWORKS,
} from "./random_packets.ts";
import { assertSame } from "./same.ts";

const PACKETS_FOR_EACH_ROLE = 120_000;

const AS_MOBILE_ROUTER = { ...AS_MOBILE_NODE, mobileNetworkPrefixes: MOBILE_NETWORKS };

for (const settings of [AS_HOME_AGENT, AS_MOBILE_ROUTER]) {
  Deno.test(`plain and WASM forwarder agree about random packets: ${settings.role}`, () => {
    const random = new Random(settings.role === "homeAgent" ? 1 : 2);
    const plain = PLAIN.make(settings);
    const wasm = WASM.make(settings);
    const homeAddresses = settings.role === "homeAgent"
      ? [
        ...HOME_ADDRESSES,
        ...IPV4_HOME_ADDRESSES,
        ...MOBILE_NETWORKS,
        ...IPV4_MOBILE_NETWORKS,
        ...ZERO_NETWORKS,
      ]
      : [HOME_ADDRESS];
    let packets = 0;
    let fragmented = 0;
    for (let nowMs = 1; packets < PACKETS_FOR_EACH_ROLE; nowMs += random.below(40)) {
      if (settings.role === "mobileNode") changeIpv4Home(random, [plain, wasm]);
      changeBindings(random, homeAddresses, [plain, wasm]);
      changeSpis(random, [plain, wasm]);
      const count = randomBatchSize(random);
      packets += count;
      if (random.chance(50)) {
        const batch = Array.from({ length: count }, () => ({ bytes: randomInner(random) }));
        const expected = plain.outbound(batch, nowMs);
        assertSame(wasm.outbound(batch, nowMs), expected, batch);
        fragmented += expected.filter((each) => each.kind === "send" && each.datagrams.length > 1).length;
      } else {
        const encapsulation = random.pick(["udp", "udp", "ipv6InIpv4", "ipv6InIpv6"] as const);
        const version = random.pick([6, 6, 4] as const);
        const batch = Array.from({ length: count }, () => randomDatagram(random, encapsulation, version));
        assertSame(
          plain.inbound(encapsulation, batch, nowMs),
          wasm.inbound(encapsulation, batch, nowMs),
          batch,
        );
      }
    }
    const counters = plain.counters();
    assertEquals(wasm.counters(), counters);
    // The packets reach every part of the forwarder.
    for (const [name, count] of Object.entries(counters)) {
      const expectNone = name === "unboundReports" && settings.role === "mobileNode";
      if (typeof count === "number" && !expectNone) assert(count > 40, `${name}: ${count}`);
    }
    assert(fragmented > 80, `fragmented: ${fragmented}`);
    assert(Object.keys(counters.dropped).length >= 14, `reasons: ${Object.keys(counters.dropped)}`);
  });
}

function changeIpv4Home(random: Random, forwarders: readonly Forwarder[]): void {
  if (random.chance(80)) return;
  const home = randomIpv4Home(random);
  for (const forwarder of forwarders) forwarder.setIpv4HomeAddress(home);
}

function changeSpis(random: Random, forwarders: readonly Forwarder[]): void {
  if (random.chance(80)) return;
  const spis = new Set(SPIS.filter(() => random.chance(50)));
  for (const forwarder of forwarders) forwarder.setSpis(spis);
}

function changeBindings(
  random: Random,
  homeAddresses: readonly Bound[],
  forwarders: readonly Forwarder[],
): void {
  if (random.chance(5)) {
    const source = randomOuterAddress(random);
    for (const forwarder of forwarders) forwarder.setOuterSource(source);
  }
  if (random.chance(70)) return;
  const homeAddress = random.pick(homeAddresses);
  const isRemoval = random.chance(15);
  const tunnel = randomTunnel(random);
  const mtu = randomMtu(random);
  for (const forwarder of forwarders) {
    if (isRemoval) forwarder.removeBinding(homeAddress);
    else forwarder.setBinding(homeAddress, tunnel, mtu);
  }
}
