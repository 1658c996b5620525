import type { OuterSource } from "../control/outer_source.ts";
import type { Ipv4HomeAddress } from "../control/settings.ts";
import type { Encapsulation, TunnelEnd } from "../control/tunnel.ts";
import {
  formatIpv4,
  type IpAddress,
  ipv4Octets,
  ipv6Octets,
  type Ipv6Prefix,
  prefixContains,
  UNSPECIFIED_IPV4,
  UNSPECIFIED_IPV6,
} from "../wire/address.ts";
import { Protocol } from "../wire/constants.ts";
import { type Binding, Bindings, type Bound } from "./bindings.ts";
import type { DropReasonName, ForwardingCounters } from "./counters.ts";
import { decapsulatedEcn, ECN_MASK, setEcn, trafficClass } from "./ecn.ts";
import { isFarEnd, isFromNode } from "./far_end.ts";
import type {
  Forwarder,
  ForwarderSettings,
  InboundVerdict,
  MobileNodeForwarding,
  OutboundVerdict,
  ReceivedDatagram,
  TunPacket,
  UpwardRecord,
} from "./forwarder.ts";
import { fragment, mayBeFragmented } from "./fragmentation.ts";
import {
  cutInnerPacket,
  destinationOf,
  findUpperLayer,
  isIpv6,
  isRoutableUnicast,
  mayBeAnsweredWithError,
  sourceOf,
  spiAt,
} from "./inner_packet.ts";
import {
  MAXIMUM_INNER_MTU,
  MINIMUM_IPV6_MTU,
  PACKET_TOO_BIG_BURST,
  PACKET_TOO_BIG_PER_SECOND,
  SIGNALLING_MAXIMUM_OCTETS,
  UNBOUND_REPORT_BURST,
  UNBOUND_REPORT_OCTETS,
  UNBOUND_REPORTS_PER_SECOND,
} from "./limits.ts";
import { innerOfRaw, outerIpv4Header } from "./outer_ipv4.ts";
import { outerFragments, wholeOctets } from "./outer_fragments.ts";
import { outerIpv6Header } from "./outer_ipv6.ts";
import { fragmentationNeeded, packetTooBig } from "./packet_too_big.ts";
import { segment } from "./segmentation.ts";
import { TokenBucket } from "./token_bucket.ts";

/** One packet on its way in, with the outer header that it had. */
interface Arrival {
  readonly packet: Uint8Array;
  readonly encapsulation: Encapsulation;
  readonly outer: OuterSource;
  readonly typeOfService: number;
  readonly nowMs: number;
}

/**
 * The forwarder in plain TypeScript: clear rather than fast. It is what the WASM forwarder is measured against. It
 * delivers packet by packet: nothing is merged.
 */
export class PlainForwarder implements Forwarder {
  readonly #settings: ForwarderSettings;
  readonly #bindings = new Bindings();
  readonly #packetTooBigLimit = new TokenBucket({
    burst: PACKET_TOO_BIG_BURST,
    perSecond: PACKET_TOO_BIG_PER_SECOND,
  });
  readonly #reportLimit = new TokenBucket({
    burst: UNBOUND_REPORT_BURST,
    perSecond: UNBOUND_REPORTS_PER_SECOND,
  });
  readonly #dropped: Partial<Record<DropReasonName, number>> = {};
  readonly #counters = {
    encapsulatedPackets: 0,
    encapsulatedOctets: 0,
    decapsulatedPackets: 0,
    decapsulatedOctets: 0,
    signallingPackets: 0,
    unboundReports: 0,
    packetTooBigSent: 0,
  };
  readonly #outerSource = { ipv4: UNSPECIFIED_IPV4, ipv6: UNSPECIFIED_IPV6 };
  #ipv4Home: Ipv4HomeAddress | undefined;
  #mobileNetworkPrefixes: readonly Ipv6Prefix[];
  #spis: ReadonlySet<number> = new Set();
  readonly #seed: bigint;
  /** Outer packets that were cut. */
  #cutPackets = 0;

  /** @param seed 64 random bits */
  constructor(settings: ForwarderSettings, seed: bigint) {
    this.#settings = settings;
    this.#seed = seed;
    this.#mobileNetworkPrefixes = settings.role === "mobileNode" ? settings.mobileNetworkPrefixes ?? [] : [];
  }

  setBinding(bound: Bound, tunnel: TunnelEnd, innerMtu: number): void {
    const mtu = Math.min(MAXIMUM_INNER_MTU, Math.max(MINIMUM_IPV6_MTU, innerMtu));
    const whole = wholeOctets(tunnel.encapsulation, innerMtu);
    this.#bindings.set(bound, { tunnel, innerMtu: mtu, wholeOctets: whole });
  }

  removeBinding(bound: Bound): void {
    this.#bindings.remove(bound);
  }

  setOuterSource(address: IpAddress): void {
    this.#outerSource[address.includes(":") ? "ipv6" : "ipv4"] = address;
  }

  setIpv4HomeAddress(home: Ipv4HomeAddress | undefined): void {
    this.#ipv4Home = home;
  }

  setMobileNetworkPrefixes(prefixes: readonly Ipv6Prefix[]): void {
    this.#mobileNetworkPrefixes = prefixes;
  }

  setSpis(spis: ReadonlySet<number>): void {
    this.#spis = new Set(spis);
  }

  outbound(packets: readonly TunPacket[], nowMs: number): OutboundVerdict[] {
    return packets.map((packet) => this.#outboundPacket(packet, nowMs));
  }

  inbound(
    encapsulation: Encapsulation,
    datagrams: readonly ReceivedDatagram[],
    nowMs: number,
  ): InboundVerdict[] {
    return datagrams.flatMap((datagram) => {
      if (encapsulation === "udp") return this.#inboundUdp(datagram, nowMs);
      if (encapsulation === "ipv6InIpv4") return [this.#inboundIpv4(datagram.bytes, nowMs)];
      return [this.#inboundIpv6(datagram, nowMs)];
    });
  }

  counters(): ForwardingCounters {
    return { ...this.#counters, dropped: { ...this.#dropped } };
  }

  /** The home agent's address, or the home address, of the packet's version; undefined for none. */
  #ownAddress(packet: Uint8Array): IpAddress | undefined {
    const settings = this.#settings;
    if (settings.role === "homeAgent") {
      return isIpv6(packet) ? settings.homeAgentAddress : settings.homeAgentIpv4Address;
    }
    return isIpv6(packet) ? settings.homeAddress : this.#ipv4Home?.address;
  }

  /** Mobile node: is this the home address of its version, or in a mobile network? */
  #isOwn(address: IpAddress, { homeAddress }: MobileNodeForwarding): boolean {
    const home = this.#ipv4Home;
    const prefixes = [...this.#mobileNetworkPrefixes, { address: homeAddress, length: 128 }];
    return prefixes.some((prefix) => prefixContains(prefix, address)) ||
      home !== undefined && prefixContains({ address: home.address, length: home.prefixLength }, address);
  }

  #outboundPacket({ bytes, header }: TunPacket, nowMs: number): OutboundVerdict {
    const cut = cutInnerPacket(bytes);
    if (!cut.ok) return this.#refuse(cut.reason);
    const { packet } = cut;
    const settings = this.#settings;
    const source = sourceOf(packet);
    const destination = destinationOf(packet);
    if (!isRoutableUnicast(destination)) return this.#refuse("destinationNotUnicast");
    if (!isRoutableUnicast(source)) return this.#refuse("sourceNotUnicast");
    const isHomeAgent = settings.role === "homeAgent";
    if (!isHomeAgent && !this.#isOwn(source, settings)) return this.#refuse("sourceNotHomeAddress");
    const binding = this.#bindings.find(isHomeAgent ? destination : settings.homeAddress);
    if (binding === undefined) return this.#refuse(isHomeAgent ? "noBinding" : "noTunnel");
    const segments = header === undefined ? [packet.slice()] : segment(packet, header);
    if (segments.length === 0) return this.#refuse("tunHeaderMalformed");
    const { innerMtu } = binding;
    const [first] = segments;
    if (first.length <= innerMtu) return this.#encapsulate(segments, binding);
    if (!mayBeFragmented(first)) return this.#refuseTooBig(first, innerMtu, nowMs);
    if (fragment(first, innerMtu).length === 0) return this.#refuse("innerHeaderMalformed");
    return this.#encapsulate(segments.flatMap((each) => fragment(each, innerMtu)), binding);
  }

  #refuseTooBig(packet: Uint8Array, mtu: number, nowMs: number): OutboundVerdict {
    const verdict = this.#refuse("packetTooBig");
    const own = this.#ownAddress(packet);
    if (own === undefined || !mayBeAnsweredWithError(packet)) return verdict;
    if (!this.#packetTooBigLimit.take(nowMs)) return verdict;
    this.#counters.packetTooBigSent++;
    const answer = isIpv6(packet)
      ? packetTooBig(packet, ipv6Octets(own), mtu)
      : fragmentationNeeded(packet, ipv4Octets(own), mtu);
    return { ...verdict, answer };
  }

  #encapsulate(packets: readonly Uint8Array[], { tunnel, wholeOctets }: Binding): OutboundVerdict {
    const { encapsulation, address, port } = tunnel;
    this.#counters.encapsulatedPackets += packets.length;
    for (const { length } of packets) this.#counters.encapsulatedOctets += length;
    const typeOfService = trafficClass(packets[0]);
    if (encapsulation === "udp") {
      return { kind: "send", encapsulation, address, port, typeOfService, datagrams: packets };
    }
    const datagrams = packets.flatMap((packet) => {
      const outer = encapsulation === "ipv6InIpv4"
        ? this.#inIpv4(packet, address)
        : this.#inIpv6(packet, address);
      return packet.length <= wholeOctets ? [outer] : outerFragments(outer, this.#cutPackets++, this.#seed);
    });
    return { kind: "send", encapsulation, address, port: 0, typeOfService, datagrams };
  }

  #inIpv4(packet: Uint8Array, destination: IpAddress): Uint8Array {
    const header = outerIpv4Header({
      source: ipv4Octets(this.#outerSource.ipv4),
      destination: ipv4Octets(destination),
      protocol: isIpv6(packet) ? Protocol.ipv6 : Protocol.ipv4,
      typeOfService: trafficClass(packet),
      innerOctets: packet.length,
    });
    return joined(header, packet);
  }

  #inIpv6(packet: Uint8Array, destination: IpAddress): Uint8Array {
    const header = outerIpv6Header({
      source: ipv6Octets(this.#outerSource.ipv6),
      destination: ipv6Octets(destination),
      nextHeader: isIpv6(packet) ? Protocol.ipv6 : Protocol.ipv4,
      trafficClass: trafficClass(packet),
      innerOctets: packet.length,
    });
    return joined(header, packet);
  }

  #inboundUdp(
    { bytes, datagramOctets, source, typeOfService }: ReceivedDatagram,
    nowMs: number,
  ): InboundVerdict[] {
    const verdicts: InboundVerdict[] = [];
    const octets = datagramOctets || bytes.length;
    let at = 0;
    do {
      const cut = cutInnerPacket(bytes.subarray(at, at + octets));
      const outer = { encapsulation: "udp", outer: source, typeOfService, nowMs } as const;
      verdicts.push(
        cut.ok ? this.#inboundPacket({ packet: cut.packet, ...outer }) : this.#discard(cut.reason),
      );
      at += octets;
    } while (at < bytes.length);
    return verdicts;
  }

  #inboundIpv4(bytes: Uint8Array, nowMs: number): InboundVerdict {
    const inner = innerOfRaw(bytes);
    if (inner === undefined) return this.#discard("outerHeaderMalformed");
    const cut = cutInnerPacket(inner.bytes, inner.version);
    if (!cut.ok) return this.#discard(cut.reason);
    return this.#inboundPacket({
      packet: cut.packet,
      encapsulation: "ipv6InIpv4",
      outer: { address: formatIpv4(bytes, 12), port: 0 },
      typeOfService: bytes[1],
      nowMs,
    });
  }

  #inboundIpv6(
    { bytes, source, typeOfService, innerVersion = 6 }: ReceivedDatagram,
    nowMs: number,
  ): InboundVerdict {
    const cut = cutInnerPacket(bytes, innerVersion);
    if (!cut.ok) return this.#discard(cut.reason);
    return this.#inboundPacket({
      packet: cut.packet,
      encapsulation: "ipv6InIpv6",
      outer: { address: source.address, port: 0 },
      typeOfService,
      nowMs,
    });
  }

  #inboundPacket(arrival: Arrival): InboundVerdict {
    const { packet } = arrival;
    const settings = this.#settings;
    if (settings.role === "mobileNode" && arrival.outer.address !== homeAgentOf(settings, arrival)) {
      return this.#discard("notFromHomeAgent");
    }
    if (isIpv6(packet) && destinationOf(packet) === this.#ownAddress(packet)) {
      const upper = findUpperLayer(packet);
      if (upper === undefined) return this.#discard("extensionHeadersMalformed");
      // A mobile node behind a mobile router may have its home agent here: what it says is traffic of that network.
      const isNested = settings.role === "homeAgent" && this.#bindings.isInNetwork(sourceOf(packet));
      // Without UDP, ESP of ours is prefix delegation: the host hears it, from who is bound.
      const isSealed = upper.protocol === Protocol.esp && arrival.encapsulation === "udp";
      const isSignalling = upper.protocol === Protocol.mobilityHeader ||
        isSealed && this.#isOfAssociation(packet, upper.offset);
      if (isSignalling && !isNested) return this.#signalling(arrival);
    }
    return settings.role === "homeAgent"
      ? this.#toHomeNetwork(arrival)
      : this.#toMobileNode(arrival, settings);
  }

  /** ESP of a security association between the mobile node and its home agent, and not with a correspondent? */
  #isOfAssociation(packet: Uint8Array, offset: number): boolean {
    const settings = this.#settings;
    const spi = spiAt(packet, offset);
    const isBetweenEnds = settings.role === "homeAgent" || sourceOf(packet) === settings.homeAgentAddress;
    return isBetweenEnds && spi !== undefined && this.#spis.has(spi);
  }

  #signalling(arrival: Arrival): InboundVerdict {
    if (arrival.encapsulation !== "udp") return this.#discard("signallingNotInUdp");
    if (arrival.packet.length > SIGNALLING_MAXIMUM_OCTETS) return this.#discard("signallingTooLong");
    this.#counters.signallingPackets++;
    return { kind: "signalling", record: upwardRecord("signalling", arrival, arrival.packet.length) };
  }

  /** Reverse tunnelling (RFC 6275 section 10.4.5). Control is told of what has no binding: it can ask for one. */
  #toHomeNetwork(arrival: Arrival): InboundVerdict {
    const { packet, encapsulation, outer } = arrival;
    const source = sourceOf(packet);
    if (!isRoutableUnicast(source)) return this.#discard("sourceNotUnicast");
    const tunnel = this.#bindings.find(source)?.tunnel;
    if (tunnel === undefined || !isFromNode(tunnel, encapsulation, outer)) {
      const verdict = this.#discard("sourceNotBound");
      if (!this.#reportLimit.take(arrival.nowMs)) return verdict;
      this.#counters.unboundReports++;
      return { ...verdict, record: upwardRecord("unboundTraffic", arrival, UNBOUND_REPORT_OCTETS) };
    }
    if (!isRoutableUnicast(destinationOf(packet))) return this.#discard("destinationNotUnicast");
    return this.#decapsulate(arrival);
  }

  #toMobileNode(arrival: Arrival, settings: MobileNodeForwarding): InboundVerdict {
    const { packet, encapsulation, outer } = arrival;
    const tunnel = this.#bindings.find(settings.homeAddress)?.tunnel;
    if (tunnel === undefined) return this.#discard("noTunnel");
    // In another encapsulation it came by a care-of address that is being left.
    const isOfTunnel = tunnel.encapsulation === encapsulation;
    if (isOfTunnel && !isFarEnd(tunnel, encapsulation, outer)) return this.#discard("notFromHomeAgent");
    const source = sourceOf(packet);
    if (!this.#isOwn(destinationOf(packet), settings)) return this.#discard("destinationNotHomeAddress");
    if (!isRoutableUnicast(source)) return this.#discard("sourceNotUnicast");
    if (this.#isOwn(source, settings)) return this.#discard("sourceIsHomeAddress");
    return this.#decapsulate(arrival);
  }

  #decapsulate({ packet, typeOfService }: Arrival): InboundVerdict {
    const inner = trafficClass(packet) & ECN_MASK;
    const ecn = decapsulatedEcn(inner, typeOfService);
    if (ecn === "drop") return this.#discard("congestionNotEct");
    this.#counters.decapsulatedPackets++;
    this.#counters.decapsulatedOctets += packet.length;
    const bytes = packet.slice();
    if (ecn !== inner) setEcn(bytes, ecn);
    return { kind: "deliver", bytes };
  }

  #refuse(reason: DropReasonName): OutboundVerdict & { readonly kind: "drop" } {
    this.#countDrop(reason);
    return { kind: "drop", reason, answer: undefined };
  }

  #discard(reason: DropReasonName): InboundVerdict & { readonly kind: "drop" } {
    this.#countDrop(reason);
    return { kind: "drop", reason, record: undefined };
  }

  #countDrop(reason: DropReasonName): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
  }
}

/** The mobile node's only peer in this encapsulation. */
function homeAgentOf(settings: MobileNodeForwarding, { encapsulation }: Arrival): IpAddress | undefined {
  return encapsulation === "ipv6InIpv6" ? settings.homeAgentAddress : settings.homeAgentIpv4Address;
}

function joined(header: Uint8Array, packet: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(header.length + packet.length);
  bytes.set(header);
  bytes.set(packet, header.length);
  return bytes;
}

function upwardRecord(kind: UpwardRecord["kind"], arrival: Arrival, maximumOctets: number): UpwardRecord {
  const { packet, outer, encapsulation, nowMs } = arrival;
  return { kind, outer, encapsulation, packet: packet.slice(0, maximumOctets), arrivedMs: nowMs };
}
