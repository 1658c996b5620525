import type { Ipv4HomeAddress } from "../../core/control/settings.ts";
import type { Encapsulation, TunnelEnd } from "../../core/control/tunnel.ts";
import type { ReceivedDatagram } from "../../core/forwarding/forwarder.ts";
import { parseIpv4Prefix, parseIpv6Prefix } from "../../core/wire/address.ts";
import {
  concat,
  CORRESPONDENT,
  CORRESPONDENT_IPV4,
  ESP,
  esp,
  HOME_ADDRESS,
  HOME_AGENT,
  HOME_AGENT_V4,
  HOME_IPV4_ADDRESS,
  ipv4,
  ipv6,
  OTHER_HOME_ADDRESS,
  OTHER_HOME_IPV4_ADDRESS,
} from "./packets.ts";

/** Numbers that a seed decides (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** 0 up to, not including, `limit`. */
  below(limit: number): number {
    this.#state = this.#state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(this.#state ^ this.#state >>> 15, this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return Math.floor(((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32 * limit);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)];
  }

  octets(count: number): Uint8Array {
    const octets = new Uint8Array(count);
    for (let at = 0; at < count; at++) octets[at] = this.below(256);
    return octets;
  }
}

export const HOME_ADDRESSES = [HOME_ADDRESS, OTHER_HOME_ADDRESS, "2001:db8:100::300", "2001:db8:100:1::100"];
const INNER_ADDRESSES = [
  ...Array(6).fill(HOME_ADDRESS),
  ...HOME_ADDRESSES,
  ...HOME_ADDRESSES,
  ...HOME_ADDRESSES,
  CORRESPONDENT,
  CORRESPONDENT,
  CORRESPONDENT,
  HOME_AGENT,
  HOME_AGENT,
  "2001:db8:100::400",
  "2001:db8:200::1",
  "2001:db8:200::2",
  "2001:db8:200:1::7",
  "2001:db8:200:1::9",
  "::",
  "::1",
  "::2",
  "fe80::1",
  "fec0::1",
  "ff02::1",
  "ff0e::1",
  "::ffff:192.0.2.1",
  "::192.0.2.1",
];
export const IPV4_HOME_ADDRESSES = [HOME_IPV4_ADDRESS, OTHER_HOME_IPV4_ADDRESS];
const INNER_IPV4_ADDRESSES = [
  ...Array(6).fill(HOME_IPV4_ADDRESS),
  ...Array(3).fill(OTHER_HOME_IPV4_ADDRESS),
  ...Array(3).fill(CORRESPONDENT_IPV4),
  "192.0.2.130",
  "192.0.2.7",
  HOME_AGENT_V4,
  "0.0.0.0",
  "127.0.0.1",
  "169.254.0.1",
  "169.253.0.1",
  "223.255.255.254",
  "224.0.0.1",
  "255.255.255.255",
];
/** DF, DF, nothing, DF and more fragments, more fragments, a later fragment. */
const IPV4_FRAGMENT_FIELDS = [0x4000, 0x4000, 0, 0x6000, 0x2000, 0x0003];
const IPV4_PROTOCOLS = [1, 1, 6, 17, 17, 4, 41, 50, 255];
/** The home agent's is a likely one, so that a mobile node takes some packets. */
const OUTER_ADDRESSES = [...Array(5).fill(HOME_AGENT_V4), "198.51.100.7", "198.51.100.8"];
const PORTS = [...Array(4).fill(4191), 40_000];
const UPPER_LAYERS = [6, 17, 17, 58, 58, 135, 135, 50, 59, 4, 41, 0, 43, 44, 51, 60, 255];
const EXTENSIONS = [0, 43, 60, 44, 51];
/** What the ESP headers begin with. */
export const SPIS: readonly number[] = [0x0000_0100, 0x8000_0001, 0xffff_ffff];
/** Around what fits into the tunnels. */
const MTUS = [576, 1240, 1263, 1280, 1281, 1472, 1480, 70_000];

export const MOBILE_NETWORKS = [
  "2001:db8:200::/48",
  "2001:db8:200::/64",
  "2001:db8:200:1::8/125",
  "2001:db8::/31",
]
  .map((text) => parseIpv6Prefix(text)!);
/** One of them around IPv4 home addresses, one without any, one beside IPv6's. */
export const IPV4_MOBILE_NETWORKS = ["192.0.2.128/25", "198.18.0.0/15", "128.0.0.0/1"]
  .map((text) => parseIpv4Prefix(text)!);
/** IPv6 prefixes in which an IPv4-mapped address would be. */
export const ZERO_NETWORKS = [{ address: "::", length: 1 }, { address: "::", length: 80 }];
const IPV4_HOMES: readonly (Ipv4HomeAddress | undefined)[] = [
  ...[32, 32, 32, 25, 24, 1].map((prefixLength) => ({ address: HOME_IPV4_ADDRESS, prefixLength })),
  { address: OTHER_HOME_IPV4_ADDRESS, prefixLength: 32 },
  undefined,
];
const OUTER_IPV6_ADDRESSES = [...Array(5).fill(HOME_AGENT), "2001:db8:30::7", "2001:db8:30::8"];

export function randomTunnel(random: Random): TunnelEnd {
  if (random.chance(30)) {
    return { encapsulation: "ipv6InIpv6", address: random.pick(OUTER_IPV6_ADDRESSES), port: 0 };
  }
  const address = random.pick(OUTER_ADDRESSES);
  if (random.chance(40)) return { encapsulation: "ipv6InIpv4", address, port: 0 };
  return { encapsulation: "udp", address, port: random.pick(PORTS) };
}

export function randomIpv4Home(random: Random): Ipv4HomeAddress | undefined {
  return random.pick(IPV4_HOMES);
}

export function randomMtu(random: Random): number {
  return random.pick(MTUS);
}

export function randomOuterAddress(random: Random): string {
  return random.pick([...OUTER_ADDRESSES, ...OUTER_IPV6_ADDRESSES]);
}

export function randomBatchSize(random: Random): number {
  return random.chance(10) ? 64 : random.below(32);
}

/** An inner packet that is right in most of its parts, and then perhaps damaged. */
export function randomInner(random: Random): Uint8Array {
  if (random.chance(2)) return random.octets(random.below(200));
  return damage(random, random.chance(70) ? randomIpv6(random) : randomIpv4(random));
}

function randomIpv6(random: Random): Uint8Array {
  const { nextHeader, payload } = randomPayload(random);
  return ipv6({
    source: random.pick(INNER_ADDRESSES),
    destination: random.pick(INNER_ADDRESSES),
    nextHeader,
    trafficClass: random.below(256),
    hopLimit: random.below(256),
    payload,
  });
}

function randomIpv4(random: Random): Uint8Array {
  return ipv4({
    source: random.pick(INNER_IPV4_ADDRESSES),
    destination: random.pick(INNER_IPV4_ADDRESSES),
    protocol: random.pick(IPV4_PROTOCOLS),
    typeOfService: random.below(256),
    timeToLive: random.below(256),
    identification: random.below(65_536),
    fragment: random.pick(IPV4_FRAGMENT_FIELDS),
    options: random.chance(10) ? random.octets(4 * random.below(11)) : undefined,
    payload: randomUpperLayer(random),
  });
}

/** `innerVersion`: what the socket is for, over IPv6. */
export function randomDatagram(
  random: Random,
  encapsulation: Encapsulation,
  innerVersion: 4 | 6,
): ReceivedDatagram {
  const inner = randomInner(random);
  const source = { address: random.pick(OUTER_ADDRESSES), port: random.pick(PORTS) };
  const typeOfService = random.below(256);
  if (encapsulation === "ipv6InIpv6") {
    const outer = { address: random.pick(OUTER_IPV6_ADDRESSES), port: 0 };
    return { bytes: inner, source: outer, typeOfService, innerVersion };
  }
  if (encapsulation === "udp") return { bytes: inner, source, typeOfService };
  const options = random.chance(10) ? random.octets(4 * random.below(11)) : undefined;
  const protocol = inner[0] >> 4 === 4 !== random.chance(3) ? 4 : 41;
  const payload = inner.subarray(0, 65_000);
  const bytes = ipv4({ source: source.address, typeOfService, options, protocol, payload });
  return { bytes: random.chance(10) ? damage(random, bytes) : bytes, source, typeOfService };
}

function randomPayload(random: Random): { readonly nextHeader: number; readonly payload: Uint8Array } {
  const isEsp = random.chance(10);
  let nextHeader = isEsp ? ESP : random.pick(UPPER_LAYERS);
  let payload = isEsp ? randomEsp(random) : randomUpperLayer(random);
  const extensions = random.chance(60) ? 0 : random.below(11);
  for (let count = 0; count < extensions; count++) {
    const type = random.chance(70) ? 60 : random.pick(EXTENSIONS);
    payload = concat(randomExtension(random, type, nextHeader), payload);
    nextHeader = type;
  }
  return { nextHeader, payload };
}

function randomEsp(random: Random): Uint8Array {
  return esp(random.pick(SPIS), random.chance(5) ? 4040 : random.below(40));
}

function randomUpperLayer(random: Random): Uint8Array {
  const start = random.octets(8);
  if (random.chance(75)) return concat(start.subarray(0, random.below(9)), new Uint8Array(random.below(64)));
  if (random.chance(95)) return concat(start, new Uint8Array(1220 + random.below(240)).fill(start[7]));
  return concat(start, new Uint8Array(random.below(65_000)));
}

function randomExtension(random: Random, type: number, nextHeader: number): Uint8Array {
  const units = random.chance(90) ? random.below(3) : random.below(256);
  const octets = type === 44 ? 8 : type === 51 ? 12 + 4 * units : 8 + 8 * units;
  const header = new Uint8Array(octets);
  header[0] = nextHeader;
  header[1] = type === 51 ? octets / 4 - 2 : octets / 8 - 1;
  if (type === 44 && random.chance(50)) header.set(random.octets(2), 2);
  return header;
}

/** Changes some octets of the headers, cuts, or appends. Most packets stay as they are. */
function damage(random: Random, packet: Uint8Array): Uint8Array {
  if (random.chance(70)) return packet;
  const changed = packet.slice();
  for (let count = random.below(4); count > 0; count--) {
    const at = random.below(Math.min(changed.length, 80));
    changed[at] = random.chance(50) ? random.below(256) : changed[at] ^ 1 << random.below(8);
  }
  if (random.chance(20)) return changed.subarray(0, random.below(changed.length + 1));
  return random.chance(20) ? concat(changed, random.octets(random.below(20))) : changed;
}
