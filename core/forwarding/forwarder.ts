import type { OuterSource } from "../control/outer_source.ts";
import type { Ipv4HomeAddress } from "../control/settings.ts";
import type { Encapsulation, TunnelEnd } from "../control/tunnel.ts";
import type { IpAddress, Ipv4Address, Ipv6Address, Ipv6Prefix } from "../wire/address.ts";
import type { Bound } from "./bindings.ts";
import type { DropReasonName, ForwardingCounters } from "./counters.ts";
import type { TunHeader } from "./tun_header.ts";

/**
 * The data path between a TUN device and the outer sockets. Outbound always means: from the TUN device, out
 * through a socket.
 *
 * Hop limits: the forwarder leaves the inner hop limit alone. RFC 2473 section 3.1 has it decremented "as the
 * result of an original packet being forwarded onto the virtual link represented by the tunnel", once. Here the
 * TUN device is that virtual link: the kernel decrements when it forwards a packet into it, not when the packet
 * is its own, and again when it forwards what comes out (RFC 4213 section 3.3). RFC 5555 section 4.1.1 asks for
 * the same with UDP.
 */
export interface Forwarder {
  /**
   * Home agent: traffic of this home address or mobile network prefix uses this tunnel from now on. Mobile node: all
   * its traffic does, named by its home address. `innerMtu` is what the tunnel carries, octets: 1280 to 65507, or the nearest
   * of these. Less is not in vain: without UDP, inner packets between that (1240 at least) and 1280 leave in two outer fragments
   * (RFC 2473 section 7.1 (b), RFC 4213 section 3.2.1). In UDP, the kernel cuts.
   */
  setBinding(bound: Bound, tunnel: TunnelEnd, innerMtu: number): void;
  removeBinding(bound: Bound): void;
  /** The outer source address, of its version, of what leaves without UDP. */
  setOuterSource(address: IpAddress): void;
  /** Mobile node: source and destination of IPv4 that the tunnel carries, and the prefix around it. With none, none is carried. */
  setIpv4HomeAddress(home: Ipv4HomeAddress | undefined): void;
  /** Mobile node: its mobile network prefixes from now on, in place of those of the settings. At most 16. */
  setMobileNetworkPrefixes(prefixes: readonly Ipv6Prefix[]): void;

  /**
   * ESP with one of these SPIs between the mobile node and the home agent themselves is signalling from now on where it
   * comes in UDP (RFC 3776 section 3, RFC 5555 section 5.1); all other ESP is traffic, of a tunnel without UDP also ours:
   * prefix delegation (RFC 6276 section 4), for the host that hears it by its own socket.
   */
  setSpis(spis: ReadonlySet<number>): void;

  /** What becomes of packets read from the TUN device, in their order: at most a batch of 64. */
  outbound(packets: readonly TunPacket[], nowMs: number): OutboundVerdict[];
  /**
   * What becomes of the inner packets of datagrams read from the sockets, in their order: at most a batch of 64 reads of
   * one encapsulation. A read with several datagrams (ReceivedDatagram.datagramOctets) has a verdict for each.
   */
  inbound(
    encapsulation: Encapsulation,
    datagrams: readonly ReceivedDatagram[],
    nowMs: number,
  ): InboundVerdict[];
  counters(): ForwardingCounters;
}

export type ForwarderSettings = HomeAgentForwarding | MobileNodeForwarding;

export interface HomeAgentForwarding {
  readonly role: "homeAgent";
  /** Destination of signalling, source of Packet Too Big. */
  readonly homeAgentAddress: Ipv6Address;
  /** Source of ICMPv4 errors; without it, none are sent. */
  readonly homeAgentIpv4Address?: Ipv4Address;
}

export interface MobileNodeForwarding {
  readonly role: "mobileNode";
  /** Source and destination of all IPv6 that the tunnel carries. */
  readonly homeAddress: Ipv6Address;
  /** Inside them, sources and destinations count as the home address (RFC 3963 section 6.4). At most 16, of 1 to 128 bits. */
  readonly mobileNetworkPrefixes?: readonly Ipv6Prefix[];
  /** Where packets over IPv6 may come from. */
  readonly homeAgentAddress: Ipv6Address;
  /** Where packets over IPv4 may come from, signalling with or without a tunnel; without it, none are taken. */
  readonly homeAgentIpv4Address?: Ipv4Address;
}

export interface TunPacket {
  readonly bytes: Uint8Array;
  /** What the kernel left to do; undefined for nothing. */
  readonly header?: TunHeader;
}

export interface ReceivedDatagram {
  /**
   * As the socket gives it. UDP: the payload. In IPv4: the whole IPv4 packet. In IPv6: what follows the IPv6 headers;
   * `innerVersion` is to be its version.
   */
  readonly bytes: Uint8Array;
  /** In IPv6: what its socket is for (next header 4 or 41), so the same in a batch. Default: 6. Not looked at otherwise. */
  readonly innerVersion?: 4 | 6;
  /** UDP: `bytes` are the payloads of several datagrams of so many octets (the last may be shorter) (UDP_GRO); 0 for one. */
  readonly datagramOctets?: number;
  /** Where it came from; without UDP, the port means nothing. Not looked at in IPv4, where `bytes` says it. */
  readonly source: OuterSource;
  /** The outer type of service or traffic class. Not looked at in IPv4, where `bytes` says it. */
  readonly typeOfService: number;
}

export type OutboundVerdict =
  | {
    readonly kind: "send";
    readonly encapsulation: Encapsulation;
    readonly address: IpAddress;
    /** 0 without UDP. */
    readonly port: number;
    /** Outer type of service: the inner traffic class (RFC 6040 section 4.1, RFC 2983). */
    readonly typeOfService: number;
    /**
     * One, or one for each segment or fragment that the packet was cut into. UDP: the payload. Otherwise the whole outer
     * packet, or one of its two fragments, protocol 41 or 4 as the inner packet's version has it; in IPv4, DF is 0, and so is
     * the identification of a whole one.
     */
    readonly datagrams: readonly Uint8Array[];
  }
  /** `answer` is an ICMP error that goes back into the TUN device. */
  | { readonly kind: "drop"; readonly reason: DropReasonName; readonly answer: Uint8Array | undefined };

export type InboundVerdict =
  /** Into the TUN device. */
  | { readonly kind: "deliver"; readonly bytes: Uint8Array }
  | { readonly kind: "signalling"; readonly record: UpwardRecord }
  | { readonly kind: "drop"; readonly reason: DropReasonName; readonly record: UpwardRecord | undefined };

/** What goes up to the control path. */
export interface UpwardRecord {
  /**
   * "signalling": a whole inner packet for us with a mobility header, or ESP with an SPI of ours, always in UDP.
   * "unboundTraffic": the first octets of an inner packet whose source has no binding from this outer source.
   */
  readonly kind: "signalling" | "unboundTraffic";
  readonly outer: OuterSource;
  readonly encapsulation: Encapsulation;
  readonly packet: Uint8Array;
  readonly arrivedMs: number;
}
