import { assert, assertEquals } from "@std/assert";
import type { TunnelEnd } from "../../core/control/tunnel.ts";
import type { DropReasonName } from "../../core/forwarding/counters.ts";
import type { Forwarder, ReceivedDatagram } from "../../core/forwarding/forwarder.ts";
import * as map from "../../wasm/memory_map.ts";
import { ALL_OFFLOADS } from "../../wasm/wasm_forwarder.ts";
import { AS_HOME_AGENT, AS_MOBILE_NODE, IPV4_HOME } from "./case_tools.ts";
import { PLAIN, WatchedForwarder } from "./forwarders.ts";
import { comparable } from "./offload_tools.ts";
import { HOME_ADDRESS, HOME_AGENT, HOME_AGENT_V4, ipv4 } from "./packets.ts";
import { junkPacket, mixed, RandomFlow, readsOf } from "./random_flows.ts";
import { HOME_ADDRESSES, IPV4_HOME_ADDRESSES, Random, randomMtu, randomTunnel } from "./random_packets.ts";
import { assertSame } from "./same.ts";

const PACKETS_FOR_EACH_ROLE = 120_000;
const READS = 60;

/** TCP and UDP of both versions are merged, whatever they come in. */
const MERGED = ["tcpv4", "tcpv6", "udpv4", "udpv6"]
  .flatMap((kind) => ["ipv6InIpv4", "ipv6InIpv6", "udp"].map((encapsulation) => `${kind} ${encapsulation}`));

/** Reasons that packets alone can reach, whichever the role. */
const COMMON_REASONS: readonly DropReasonName[] = [
  "truncatedHeader",
  "unknownVersion",
  "truncatedPacket",
  "innerHeaderMalformed",
  "outerHeaderMalformed",
  "extensionHeadersMalformed",
  "sourceNotUnicast",
  "destinationNotUnicast",
  "signallingNotInUdp",
  "signallingTooLong",
  "tunHeaderMalformed",
  "packetTooBig",
  "congestionNotEct",
];
const REASONS: Readonly<Record<"homeAgent" | "mobileNode", readonly DropReasonName[]>> = {
  homeAgent: [...COMMON_REASONS, "noBinding", "sourceNotBound"],
  mobileNode: [
    ...COMMON_REASONS,
    "noTunnel",
    "sourceNotHomeAddress",
    "sourceIsHomeAddress",
    "destinationNotHomeAddress",
    "notFromHomeAgent",
  ],
};

for (const settings of [AS_HOME_AGENT, AS_MOBILE_NODE]) {
  Deno.test(`plain and WASM forwarder agree about flows, with each set of offloads: ${settings.role}`, () => {
    const isHomeAgent = settings.role === "homeAgent";
    const own = isHomeAgent ? HOME_AGENT : HOME_ADDRESS;
    const random = new Random(isHomeAgent ? 3 : 4);
    const plain = PLAIN.make(settings);
    const wasm = new WatchedForwarder(settings);
    const forwarders: readonly Forwarder[] = [plain, wasm];
    if (!isHomeAgent) forwarders.forEach((forwarder) => forwarder.setIpv4HomeAddress(IPV4_HOME));
    let packets = 0;
    for (let nowMs = 1; packets < PACKETS_FOR_EACH_ROLE; nowMs += random.below(40)) {
      const tunnel = changeTunnel(random, isHomeAgent, forwarders);
      setOffloads(random, wasm);
      const isOutbound = random.chance(30);
      const options = { isHomeAgent, isToNode: isHomeAgent === isOutbound };
      const flows = Array.from({ length: 1 + random.below(12) }, () => new RandomFlow(random, options));
      if (isOutbound) {
        const junk = () => ({ bytes: junkPacket(random, own) });
        const batch = mixed(random, flows, READS, (flow) => flow.nextFromTun(), junk).slice(0, map.BATCH);
        const expected = plain.outbound(batch, nowMs);
        assertSame(wasm.outbound(batch, nowMs), expected, batch);
        for (const verdict of expected) packets += verdict.kind === "send" ? verdict.datagrams.length : 1;
        continue;
      }
      const batch = randomReads(random, flows, tunnel, own);
      const expected = plain.inbound(tunnel.encapsulation, batch, nowMs);
      const found = wasm.inbound(tunnel.encapsulation, batch, nowMs);
      assertSame(found.map(comparable), expected.map(comparable), batch);
      packets += expected.length;
    }
    const counters = plain.counters();
    assertEquals(wasm.counters(), counters);
    assertEquals(Object.keys(counters.dropped).toSorted(), REASONS[settings.role].toSorted());
    assertEquals([...wasm.mergedWrites().keys()].toSorted(), MERGED);
    for (const [kind, count] of wasm.mergedWrites()) assert(count > 40, `${kind}: ${count}`);
    const { udpMessages } = wasm.systemCallCounts();
    assert(udpMessages < counters.encapsulatedPackets / 3, `${udpMessages} messages`);
  });
}

/** All home addresses have one tunnel; at times some have none. */
function changeTunnel(random: Random, isHomeAgent: boolean, forwarders: readonly Forwarder[]): TunnelEnd {
  const tunnel = isHomeAgent ? randomTunnel(random) : toHomeAgent(randomTunnel(random));
  const mtu = random.chance(60) ? 1480 : randomMtu(random);
  const homeAddresses = isHomeAgent ? [...HOME_ADDRESSES, ...IPV4_HOME_ADDRESSES] : [HOME_ADDRESSES[0]];
  for (const homeAddress of homeAddresses) {
    const isBound = random.chance(95);
    for (const forwarder of forwarders) {
      if (isBound) forwarder.setBinding(homeAddress, tunnel, mtu);
      else forwarder.removeBinding(homeAddress);
    }
  }
  return tunnel;
}

function toHomeAgent(tunnel: TunnelEnd): TunnelEnd {
  const { homeAgentAddress } = AS_MOBILE_NODE;
  return { ...tunnel, address: tunnel.encapsulation === "ipv6InIpv6" ? homeAgentAddress : HOME_AGENT_V4 };
}

/** Most batches have all offloads. */
function setOffloads(random: Random, forwarder: WatchedForwarder): void {
  const offloads = random.chance(70) ? ALL_OFFLOADS : random.below(ALL_OFFLOADS + 1);
  new DataView(forwarder.memory.buffer).setUint32(map.OFFLOADS, offloads, true);
}

function randomReads(
  random: Random,
  flows: readonly RandomFlow[],
  tunnel: TunnelEnd,
  own: string,
): ReceivedDatagram[] {
  const { encapsulation } = tunnel;
  const other = encapsulation === "ipv6InIpv6" ? "2001:db8:99::9" : "198.51.100.9";
  const source = random.chance(95) ? tunnel : { address: other, port: tunnel.port };
  const typeOfService = random.chance(60) ? 0 : random.below(256);
  const about = { source: { address: source.address, port: source.port }, typeOfService };
  const packets = mixed(
    random,
    flows,
    encapsulation === "udp" ? 400 : READS,
    (flow) => flow.next(),
    () => junkPacket(random, own),
  );
  if (encapsulation === "udp") return readsOf(random, packets, about).slice(0, map.BATCH);
  if (encapsulation === "ipv6InIpv6") {
    const innerVersion = random.pick([4, 6] as const);
    return packets.filter((packet) => packet[0] >> 4 === innerVersion || random.chance(2))
      .slice(0, map.BATCH).map((bytes) => ({ ...about, bytes, innerVersion }));
  }
  return packets.slice(0, map.BATCH).map((packet) => {
    const protocol = packet[0] >> 4 === 4 ? 4 : 41;
    const payload = packet.subarray(0, 65_000);
    const outer = ipv4({ source: source.address, typeOfService, protocol, payload });
    return { ...about, bytes: random.chance(98) ? outer : outer.subarray(0, random.below(outer.length)) };
  });
}
