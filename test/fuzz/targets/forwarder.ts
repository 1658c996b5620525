import { assertEquals } from "@std/assert";
import type { Bound } from "../../../core/forwarding/bindings.ts";
import type { Forwarder, ReceivedDatagram, TunPacket } from "../../../core/forwarding/forwarder.ts";
import { AS_HOME_AGENT, AS_MOBILE_NODE } from "../../forwarding/case_tools.ts";
import { HOME_ADDRESS } from "../../forwarding/packets.ts";
import { PLAIN, WatchedForwarder } from "../../forwarding/forwarders.ts";
import {
  HOME_ADDRESSES,
  IPV4_HOME_ADDRESSES,
  IPV4_MOBILE_NETWORKS,
  MOBILE_NETWORKS,
  Random,
  randomDatagram,
  randomInner,
  SPIS,
} from "../../forwarding/random_packets.ts";
import { assertSame } from "../../forwarding/same.ts";
import { repair } from "../engine/packets.ts";
import { type FuzzTarget, InputReader, withLength } from "../engine/target.ts";

const MOST_CALLS = 12;
const MOST_PACKETS = 6;
const MAXIMUM_BINDINGS = 16;
const SEEDS = 48;
const ENCAPSULATIONS = ["udp", "ipv6InIpv4", "ipv6InIpv6"] as const;
const IPV4_SOURCES = ["198.51.100.7", "203.0.113.1", "198.51.100.8"];
const IPV6_SOURCES = ["2001:db8:7::7", "2001:db8:100::1", "2001:db8:30::7"];
const PORTS = [4191, 40_000, 1];
const MTUS = [1240, 1280, 1400, 1472, 9000];
const BOUND = [...HOME_ADDRESSES, ...IPV4_HOME_ADDRESSES, ...MOBILE_NETWORKS, ...IPV4_MOBILE_NETWORKS];
const DATAGRAM_OCTETS = [0, 0, 0, 48, 100, 1280];
const NOW_MS = 1_000_000;

/**
 * The data path of a home agent or a mobile node, in WebAssembly, beside the plain forwarder: both are given the same bindings
 * and packets, and have to come to the same verdicts.
 */
export const forwarder: FuzzTarget = {
  name: "forwarder",
  maximumOctets: 4096,
  seeds,
  run(input) {
    const reader = new InputReader(input);
    const octet = reader.octet();
    const settings = (octet & 1) === 0
      ? AS_HOME_AGENT
      : { ...AS_MOBILE_NODE, mobileNetworkPrefixes: (octet & 2) === 0 ? [] : MOBILE_NETWORKS };
    const plain = PLAIN.make(settings);
    const wasm = new WatchedForwarder(settings, { maximumBindings: MAXIMUM_BINDINGS });
    const bound = settings.role === "homeAgent" ? BOUND : [HOME_ADDRESS];
    for (let calls = 0; calls < MOST_CALLS && !reader.isAtEnd; calls++) call(reader, bound, [plain, wasm]);
    assertEquals(wasm.counters(), plain.counters());
  },
};

function call(
  reader: InputReader,
  mayBeBound: readonly Bound[],
  [plain, wasm]: readonly [Forwarder, Forwarder],
): void {
  const both = [plain, wasm];
  switch (reader.octet() % 6) {
    case 0: {
      const bound = reader.pick(mayBeBound);
      const encapsulation = reader.pick(ENCAPSULATIONS);
      const address = reader.pick(encapsulation === "ipv6InIpv6" ? IPV6_SOURCES : IPV4_SOURCES);
      const port = encapsulation === "udp" ? reader.pick(PORTS) : 0;
      const mtu = reader.pick(MTUS);
      for (const each of both) each.setBinding(bound, { encapsulation, address, port }, mtu);
      return;
    }
    case 1: {
      const bound = reader.pick(mayBeBound);
      for (const each of both) each.removeBinding(bound);
      return;
    }
    case 2: {
      const home = reader.pick([undefined, { address: IPV4_HOME_ADDRESSES[0], prefixLength: 32 }]);
      const source = reader.pick([...IPV4_SOURCES, ...IPV6_SOURCES]);
      const spis = new Set(reader.pick([[], SPIS]));
      for (const each of both) {
        each.setIpv4HomeAddress(home);
        each.setOuterSource(source);
        each.setSpis(spis);
      }
      return;
    }
    case 3:
    case 4: {
      const packets: TunPacket[] = [];
      for (let count = 1 + reader.octet() % MOST_PACKETS; count > 0; count--) {
        packets.push({ bytes: inner(reader) });
      }
      return assertSame(wasm.outbound(packets, NOW_MS), plain.outbound(packets, NOW_MS), packets);
    }
    default: {
      const encapsulation = reader.pick(ENCAPSULATIONS);
      const innerVersion = reader.pick([6, 4] as const);
      const datagrams: ReceivedDatagram[] = [];
      for (let count = 1 + reader.octet() % MOST_PACKETS; count > 0; count--) {
        const address = reader.pick(encapsulation === "ipv6InIpv6" ? IPV6_SOURCES : IPV4_SOURCES);
        const source = { address, port: encapsulation === "udp" ? reader.pick(PORTS) : 0 };
        const typeOfService = reader.octet();
        const datagramOctets = encapsulation === "udp" ? reader.pick(DATAGRAM_OCTETS) : 0;
        datagrams.push({ bytes: inner(reader), source, typeOfService, innerVersion, datagramOctets });
      }
      const expected = plain.inbound(encapsulation, datagrams, NOW_MS);
      return assertSame(wasm.inbound(encapsulation, datagrams, NOW_MS), expected, datagrams);
    }
  }
}

/** Its lengths and checksums made right, or not. */
function inner(reader: InputReader): Uint8Array {
  const isRepaired = (reader.octet() & 1) === 1;
  const bytes = reader.octets();
  return isRepaired ? repair(bytes) : bytes;
}

function seeds(): Uint8Array[] {
  const random = new Random(7);
  return Array.from({ length: SEEDS }, (_, index) => {
    const program: number[] = [index % 4];
    for (let binding = 0; binding < 3; binding++) {
      program.push(
        0,
        random.below(BOUND.length),
        random.below(3),
        random.below(3),
        random.below(3),
        random.below(MTUS.length),
      );
    }
    program.push(2, 1, random.below(6), index % 2);
    program.push(3, 0, 0, ...short(randomInner(random)));
    const encapsulation = ENCAPSULATIONS[index % 3];
    const { bytes } = randomDatagram(random, encapsulation, 6);
    const port = encapsulation === "udp" ? [random.below(3)] : [];
    const datagramOctets = encapsulation === "udp" ? [0] : [];
    program.push(5, index % 3, 0, 0, random.below(3), ...port, 0, ...datagramOctets, 0, ...short(bytes));
    return Uint8Array.from(program);
  });
}

function short(bytes: Uint8Array): Uint8Array {
  return withLength(bytes.subarray(0, 1500));
}
