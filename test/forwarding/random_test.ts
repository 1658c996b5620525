import { assert, assertEquals } from "@std/assert";
import type { Forwarder, InboundVerdict, OutboundVerdict } from "../../core/forwarding/forwarder.ts";
import { PlainForwarder } from "../../core/forwarding/plain_forwarder.ts";
import { WasmForwarder } from "../../wasm/wasm_forwarder.ts";
import { AS_HOME_AGENT, AS_MOBILE_NODE } from "./case_tools.ts";
import { HOME_ADDRESS } from "./packets.ts";
import {
  HOME_ADDRESSES,
  Random,
  randomBatchSize,
  randomDatagram,
  randomInner,
  randomMtu,
  randomOuterAddress,
  randomTunnel,
} from "./random_packets.ts";

const PACKETS_FOR_EACH_ROLE = 120_000;

for (const settings of [AS_HOME_AGENT, AS_MOBILE_NODE]) {
  Deno.test(`plain and WASM forwarder agree about random packets: ${settings.role}`, () => {
    const random = new Random(settings.role === "homeAgent" ? 1 : 2);
    const plain = new PlainForwarder(settings);
    const wasm = new WasmForwarder(settings);
    const homeAddresses = settings.role === "homeAgent" ? HOME_ADDRESSES : [HOME_ADDRESS];
    let packets = 0;
    for (let nowMs = 1; packets < PACKETS_FOR_EACH_ROLE; nowMs += random.below(40)) {
      changeBindings(random, homeAddresses, [plain, wasm]);
      const count = randomBatchSize(random);
      packets += count;
      if (random.chance(50)) {
        const batch = Array.from({ length: count }, () => randomInner(random));
        assertSame(plain.outbound(batch, nowMs), wasm.outbound(batch, nowMs), batch);
      } else {
        const encapsulation = random.chance(60) ? "udp" : "ipv6InIpv4";
        const batch = Array.from({ length: count }, () => randomDatagram(random, encapsulation));
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
      if (typeof count === "number" && !expectNone) assert(count > 100, `${name}: ${count}`);
    }
    assert(Object.keys(counters.dropped).length >= 14, `reasons: ${Object.keys(counters.dropped)}`);
  });
}

function changeBindings(
  random: Random,
  homeAddresses: readonly string[],
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

type Verdict = OutboundVerdict | InboundVerdict;

/** As assertEquals, but quick where they are the same. */
function assertSame(plain: readonly Verdict[], wasm: readonly Verdict[], batch: readonly unknown[]): void {
  assertEquals(wasm.length, plain.length);
  for (const [index, expected] of plain.entries()) {
    if (!isSame(expected, wasm[index])) {
      assertEquals(wasm[index], expected, `about ${Deno.inspect(batch[index])}`);
      throw new Error("isSame() and assertEquals() differ");
    }
  }
}

function isSame(one: unknown, other: unknown): boolean {
  if (one instanceof Uint8Array && other instanceof Uint8Array) {
    return one.length === other.length && one.every((octet, at) => octet === other[at]);
  }
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return one === other;
  }
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length &&
    keys.every((key) => isSame(one[key as keyof typeof one], other[key as keyof typeof other]));
}
