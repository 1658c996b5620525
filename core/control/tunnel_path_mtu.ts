import { MINIMUM_IPV6_MTU } from "../forwarding/limits.ts";
import type { IpAddress, Ipv6Address } from "../wire/address.ts";
import { Protocol } from "../wire/constants.ts";
import { decodeIpv4Header } from "../wire/ipv4.ts";
import { decodeIpv6Header, IPV6_HEADER_OCTETS } from "../wire/ipv6.ts";
import { readUint32 } from "../wire/octets.ts";
import { ENCAPSULATION_OVERHEAD, type TunnelEnd } from "./tunnel.ts";

const PACKET_TOO_BIG = 2;
const ICMPV6_HEAD_OCTETS = 8;
/** RFC 8201 section 4: what was learnt is forgotten after about ten minutes, so that a longer MTU is found again. */
const KEPT_MS = 10 * 60 * 1000;
/** Our own limit. Where more paths are smaller than their ends say, the oldest is forgotten. */
const MAXIMUM_PATHS = 10_000;

/** What an ICMPv6 Packet Too Big says: octets, and the start of the packet that was too big. */
export interface TooBig {
  readonly mtu: number;
  readonly invokingPacket: Uint8Array;
}

/** Reads an ICMPv6 message, from its type on; undefined for another one (RFC 4443 section 3.2). */
export function readTooBig(message: Uint8Array): TooBig | undefined {
  if (message.length <= ICMPV6_HEAD_OCTETS || message[0] !== PACKET_TOO_BIG) return undefined;
  return { mtu: readUint32(message, 4), invokingPacket: message.subarray(ICMPV6_HEAD_OCTETS) };
}

/**
 * The path MTUs of tunnels in IPv6, learnt from Packet Too Big (RFC 2473 section 7.1, RFC 8201). Anybody can send such a
 * message: only one about a packet of a tunnel of ours counts, with a destination that the tunnel is for, and none makes
 * less of it than 1280 octets outside.
 */
export class TunnelPathMtu {
  readonly #ownAddress: Ipv6Address;
  /** By far end, the oldest first. */
  readonly #paths = new Map<Ipv6Address, { readonly mtu: number; readonly untilMs: number }>();

  /** @param ownAddress the source of the outer packets */
  constructor(ownAddress: Ipv6Address) {
    this.#ownAddress = ownAddress;
  }

  /**
   * Takes a message.
   * @param isFor may a packet to the inner destination go to this far end?
   * @returns the far end whose tunnels carry less from now on; undefined where nothing has changed
   */
  learn(
    { mtu, invokingPacket }: TooBig,
    nowMs: number,
    isFor: (farEnd: Ipv6Address, innerDestination: IpAddress) => boolean,
  ): Ipv6Address | undefined {
    const outer = decodeIpv6Header(invokingPacket, 0);
    if (!outer.ok || outer.value.source !== this.#ownAddress) return undefined;
    const { destination: farEnd, nextHeader } = outer.value;
    const inner = innerDestinationOf(invokingPacket, nextHeader);
    if (inner === undefined || mtu < MINIMUM_IPV6_MTU || mtu >= this.#mtu(farEnd, nowMs)) return undefined;
    if (!isFor(farEnd, inner)) return undefined;
    this.#paths.delete(farEnd);
    if (this.#paths.size >= MAXIMUM_PATHS) this.#paths.delete(this.#paths.keys().next().value!);
    this.#paths.set(farEnd, { mtu, untilMs: nowMs + KEPT_MS });
    return farEnd;
  }

  /** When forget() has something to do, on the monotonic clock in milliseconds; undefined: never. */
  nextDeadline(): number | undefined {
    return this.#paths.values().next().value?.untilMs;
  }

  /** Forgets what is old. @returns the far ends whose tunnels carry more again */
  forget(nowMs: number): Ipv6Address[] {
    const old = [...this.#paths].filter(([, { untilMs }]) => nowMs >= untilMs).map(([farEnd]) => farEnd);
    for (const farEnd of old) this.#paths.delete(farEnd);
    return old;
  }

  /** What the tunnel carries inside, octets, where its ends say `innerMtu`. */
  innerMtu({ encapsulation, address }: TunnelEnd, innerMtu: number, nowMs: number): number {
    if (encapsulation !== "ipv6InIpv6") return innerMtu;
    return Math.min(innerMtu, this.#mtu(address, nowMs) - ENCAPSULATION_OVERHEAD[encapsulation]);
  }

  #mtu(farEnd: Ipv6Address, nowMs: number): number {
    const path = this.#paths.get(farEnd);
    return path === undefined || nowMs >= path.untilMs ? Infinity : path.mtu;
  }
}

function innerDestinationOf(packet: Uint8Array, nextHeader: number): IpAddress | undefined {
  if (nextHeader === Protocol.ipv6) {
    const inner = decodeIpv6Header(packet, IPV6_HEADER_OCTETS);
    return inner.ok ? inner.value.destination : undefined;
  }
  if (nextHeader !== Protocol.ipv4) return undefined;
  const inner = decodeIpv4Header(packet, IPV6_HEADER_OCTETS);
  return inner.ok ? inner.value.destination : undefined;
}
