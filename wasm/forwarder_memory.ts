import type { Ipv4HomeAddress } from "../core/control/settings.ts";
import type { ForwarderSettings, MobileNodeForwarding } from "../core/forwarding/forwarder.ts";
import { MAXIMUM_MOBILE_NETWORK_PREFIXES } from "../core/forwarding/limits.ts";
import {
  type IpAddress,
  type Ipv4Address,
  ipv4Octets,
  type Ipv6Address,
  ipv6Octets,
  type Ipv6Prefix,
  parseIpv4,
  parseIpv6,
  prefixMask,
  UNSPECIFIED_IPV4,
} from "../core/wire/address.ts";
import type { ForwarderModule } from "./forwarder_module.ts";
import * as map from "./memory_map.ts";

/** Bits of a slot that name an entry; all of them set is a tombstone. */
export const MAXIMUM_BINDINGS = 2 ** 24 - 2 - map.SPARE_ENTRIES;

/** Slots of each array of the table: a power of two, and at most half full. */
function slotCount(maximumBindings: number): number {
  let count = 16;
  while (count < 2 * maximumBindings) count *= 2;
  return count;
}

/** Shared memory for a forwarder with so many bindings. Pages that are never touched cost nothing. */
export function createForwarderMemory(maximumBindings: number): WebAssembly.Memory {
  if (!Number.isInteger(maximumBindings) || maximumBindings < 1 || maximumBindings > MAXIMUM_BINDINGS) {
    throw new RangeError(`Cannot make a table of ${maximumBindings} bindings: 1 to ${MAXIMUM_BINDINGS}`);
  }
  const slots = 2 * 4 * slotCount(maximumBindings);
  const entries = map.ENTRY_OCTETS * (maximumBindings + map.SPARE_ENTRIES);
  const pages = Math.ceil((map.TABLE_AREA + slots + entries) / map.PAGE_OCTETS);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

export interface ForwarderMemoryOptions {
  readonly memory: WebAssembly.Memory;
  readonly settings: ForwarderSettings;
  readonly maximumBindings: number;
  /** Where the memory begins in the process; 0 where no kernel looks at it. */
  readonly base: bigint;
  /** 64 random bits. */
  readonly seed: bigint;
  /** Does struct virtio_net_hdr stand before each packet of the TUN device? */
  readonly hasTunHeader: boolean;
  /** The set of OFFLOAD_*. */
  readonly offloads: number;
}

/** Fills in all that stays the same. Once, before the Worker gets the memory. */
export function openForwarderMemory(module: ForwarderModule, options: ForwarderMemoryOptions): void {
  const { memory, settings, maximumBindings, base, seed, hasTunHeader, offloads } = options;
  module.open(
    Number(base >> 32n),
    Number(base & 0xffff_ffffn),
    maximumBindings,
    slotCount(maximumBindings),
    Number(seed >> 32n),
    Number(seed & 0xffff_ffffn),
  );
  const words = new Uint32Array(memory.buffer);
  const isHomeAgent = settings.role === "homeAgent";
  for (
    const descriptor of [
      map.COMMAND_UDP_DESCRIPTOR,
      map.COMMAND_RAW_IPV4_DESCRIPTOR,
      map.COMMAND_RAW_IPV6_DESCRIPTOR,
    ]
  ) {
    words[descriptor / 4] = map.NO_DESCRIPTOR;
  }
  words[map.TUN_HEADER_OCTETS / 4] = hasTunHeader ? map.TUN_HEADER : 0;
  words[map.OFFLOADS / 4] = offloads;
  words[map.ROLE / 4] = isHomeAgent ? map.HOME_AGENT_ROLE : map.MOBILE_NODE_ROLE;
  const own = isHomeAgent ? settings.homeAgentAddress : settings.homeAddress;
  const octets = new Uint8Array(memory.buffer);
  octets.set(ipv6Octets(own), map.OWN_ADDRESS);
  octets.set(ipv6Octets(spiAddress(0)), map.SPI_KEY);
  if (!isHomeAgent) return openMobileNode(memory, settings);
  if (settings.homeAgentIpv4Address !== undefined) {
    words[map.OWN_IPV4_ADDRESS / 4] = ipv4Word(settings.homeAgentIpv4Address);
  }
}

function openMobileNode(memory: WebAssembly.Memory, settings: MobileNodeForwarding): void {
  const octets = new Uint8Array(memory.buffer);
  const { homeAgentAddress, homeAgentIpv4Address, mobileNetworkPrefixes = [] } = settings;
  octets.set(ipv6Octets(homeAgentAddress), map.HOME_AGENT_OUTER_IPV6);
  if (homeAgentIpv4Address !== undefined) {
    octets.set(addressKey(homeAgentIpv4Address), map.HOME_AGENT_OUTER_IPV4);
  }
  writeMobileNetworkPrefixes(memory, mobileNetworkPrefixes);
}

/** The multicast address that stands for an SPI in the binding table: nobody is bound to it. */
export function spiAddress(spi: number): Ipv6Address {
  return `ff00::${(spi >>> 16).toString(16)}:${(spi & 0xffff).toString(16)}`;
}

/** @throws RangeError when there are too many */
export function checkMobileNetworkPrefixes(prefixes: readonly Ipv6Prefix[]): void {
  if (prefixes.length <= MAXIMUM_MOBILE_NETWORK_PREFIXES) return;
  throw new RangeError(
    `Cannot forward for ${prefixes.length} mobile networks: at most ${MAXIMUM_MOBILE_NETWORK_PREFIXES}`,
  );
}

/**
 * Leaves those at the beginning that stand in the same places of a new list. A round of the forwarder that begins after this
 * looks at no others, so that they can be written. Mobile node.
 */
export function keepMobileNetworkPrefixes(
  memory: WebAssembly.Memory,
  prefixes: readonly Ipv6Prefix[],
): void {
  const octets = new Uint8Array(memory.buffer);
  const words = new Uint32Array(memory.buffer);
  const count = Atomics.load(words, map.MOBILE_NETWORK_PREFIX_COUNT / 4);
  const isKept = (prefix: Ipv6Prefix, index: number) =>
    index < count && mobileNetworkEntry(prefix).every((octet, i) => octet === octets[entryAt(index) + i]);
  const changed = prefixes.findIndex((prefix, index) => !isKept(prefix, index));
  const kept = changed < 0 ? prefixes.length : changed;
  Atomics.store(words, map.MOBILE_NETWORK_PREFIX_COUNT / 4, kept);
}

/** Nobody may be looking at them: see keepMobileNetworkPrefixes. @throws RangeError when there are too many */
export function writeMobileNetworkPrefixes(
  memory: WebAssembly.Memory,
  prefixes: readonly Ipv6Prefix[],
): void {
  checkMobileNetworkPrefixes(prefixes);
  const octets = new Uint8Array(memory.buffer);
  const words = new Uint32Array(memory.buffer);
  for (const [index, prefix] of prefixes.entries()) octets.set(mobileNetworkEntry(prefix), entryAt(index));
  Atomics.store(words, map.MOBILE_NETWORK_PREFIX_COUNT / 4, prefixes.length);
}

function entryAt(index: number): number {
  return map.MOBILE_NETWORK_PREFIXES + index * map.MOBILE_NETWORK_PREFIX_OCTETS;
}

/** 16 octets, and 16 octets with the bits that count. */
function mobileNetworkEntry({ address, length }: Ipv6Prefix): Uint8Array {
  const entry = new Uint8Array(map.MOBILE_NETWORK_PREFIX_OCTETS);
  entry.set(ipv6Octets(address));
  entry.set(maskOctets(16, length), 16);
  return entry;
}

/**
 * Writes the IPv4 home address and the bits of the prefix around it: as a command, or where the forwarder has it.
 * @param at map.COMMAND_IPV4_HOME_ADDRESS or map.OWN_IPV4_ADDRESS
 */
export function writeIpv4HomeAddress(
  memory: WebAssembly.Memory,
  at: number,
  home: Ipv4HomeAddress | undefined,
): void {
  const octets = new Uint8Array(memory.buffer);
  octets.set(ipv4Octets(home?.address ?? UNSPECIFIED_IPV4), at);
  octets.set(maskOctets(4, home?.prefixLength ?? 0), at + 4);
}

/** So many octets with the first `length` bits set. */
function maskOctets(octets: number, length: number): Uint8Array {
  return Uint8Array.from({ length: octets }, (_, index) => prefixMask(length, index));
}

/** An address as the forwarder has it: 16 octets, an IPv4 address as an IPv4-mapped one. */
export function addressKey(address: IpAddress): Uint8Array {
  const octets = parseIpv6(address.includes(":") ? address : `::ffff:${address}`);
  if (octets === undefined) throw new RangeError(`Not an IP address: "${address}"`);
  return octets;
}

/** Four octets in network order, as a number that a little-endian store puts back in that order. */
export function ipv4Word(address: Ipv4Address): number {
  const octets = parseIpv4(address);
  if (octets === undefined) throw new RangeError(`Not an IPv4 address: "${address}"`);
  return (octets[0] | octets[1] << 8 | octets[2] << 16 | octets[3] << 24) >>> 0;
}

/** The same for a port: two octets in network order. */
export function portWord(port: number): number {
  return (port >> 8 | port << 8) & 0xffff;
}
