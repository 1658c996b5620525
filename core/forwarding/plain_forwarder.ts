import type { OuterSource } from "../control/event.ts";
import type { Encapsulation, TunnelEnd } from "../control/tunnel.ts";
import {
  formatIpv4,
  formatIpv6,
  type Ipv4Address,
  type Ipv6Address,
  parseIpv4,
  parseIpv6,
} from "../wire/address.ts";
import { UNSPECIFIED_IPV4 } from "../wire/address.ts";
import type { DropReasonName, ForwardingCounters } from "./counters.ts";
import { decapsulatedEcn, setEcn, trafficClass } from "./ecn.ts";
import type {
  Forwarder,
  ForwarderSettings,
  InboundVerdict,
  OutboundVerdict,
  ReceivedDatagram,
  UpwardRecord,
} from "./forwarder.ts";
import {
  cutInnerPacket,
  DESTINATION_OFFSET,
  findMobilityHeader,
  isUnicastAt,
  mayBeAnsweredWithError,
  SOURCE_OFFSET,
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
import { innerRange, outerIpv4Header } from "./outer_ipv4.ts";
import { packetTooBig } from "./packet_too_big.ts";
import { TokenBucket } from "./token_bucket.ts";

interface Binding {
  readonly tunnel: TunnelEnd;
  readonly innerMtu: number;
}

/** One packet on its way in, with the outer header that it had. */
interface Arrival {
  readonly packet: Uint8Array;
  readonly encapsulation: Encapsulation;
  readonly outer: OuterSource;
  readonly typeOfService: number;
  readonly nowMs: number;
}

/**
 * The forwarder in plain TypeScript: clear rather than fast. It is what the WASM forwarder is measured
 * against, and what the simulator runs.
 */
export class PlainForwarder implements Forwarder {
  readonly #settings: ForwarderSettings;
  /** The home agent's address, or the home address. */
  readonly #ownAddress: Ipv6Address;
  readonly #bindings = new Map<Ipv6Address, Binding>();
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
  #outerSource: Ipv4Address = UNSPECIFIED_IPV4;

  constructor(settings: ForwarderSettings) {
    this.#settings = settings;
    this.#ownAddress = settings.role === "homeAgent" ? settings.homeAgentAddress : settings.homeAddress;
  }

  setBinding(homeAddress: Ipv6Address, tunnel: TunnelEnd, innerMtu: number): void {
    const mtu = Math.min(MAXIMUM_INNER_MTU, Math.max(MINIMUM_IPV6_MTU, innerMtu));
    this.#bindings.set(homeAddress, { tunnel, innerMtu: mtu });
  }

  removeBinding(homeAddress: Ipv6Address): void {
    this.#bindings.delete(homeAddress);
  }

  setOuterSource(address: Ipv4Address): void {
    this.#outerSource = address;
  }

  outbound(packets: readonly Uint8Array[], nowMs: number): OutboundVerdict[] {
    return packets.map((packet) => this.#outboundPacket(packet, nowMs));
  }

  inbound(
    encapsulation: Encapsulation,
    datagrams: readonly ReceivedDatagram[],
    nowMs: number,
  ): InboundVerdict[] {
    return datagrams.map((datagram) =>
      encapsulation === "udp"
        ? this.#inboundUdp(datagram, nowMs)
        : this.#inboundIpv6InIpv4(datagram.bytes, nowMs)
    );
  }

  counters(): ForwardingCounters {
    return { ...this.#counters, dropped: { ...this.#dropped } };
  }

  #outboundPacket(bytes: Uint8Array, nowMs: number): OutboundVerdict {
    const cut = cutInnerPacket(bytes, { ipv6Only: false });
    if (!cut.ok) return this.#refuse(cut.reason);
    const { packet } = cut;
    if (!isUnicastAt(packet, DESTINATION_OFFSET)) return this.#refuse("destinationNotUnicast");
    if (!isUnicastAt(packet, SOURCE_OFFSET)) return this.#refuse("sourceNotUnicast");
    const homeAgent = this.#settings.role === "homeAgent";
    if (!homeAgent && formatIpv6(packet, SOURCE_OFFSET) !== this.#ownAddress) {
      return this.#refuse("sourceNotHomeAddress");
    }
    const homeAddress = homeAgent ? formatIpv6(packet, DESTINATION_OFFSET) : this.#ownAddress;
    const binding = this.#bindings.get(homeAddress);
    if (binding === undefined) return this.#refuse(homeAgent ? "noBinding" : "noTunnel");
    if (packet.length > binding.innerMtu) return this.#refuseTooBig(packet, binding.innerMtu, nowMs);
    return this.#encapsulate(packet, binding.tunnel);
  }

  #refuseTooBig(packet: Uint8Array, mtu: number, nowMs: number): OutboundVerdict {
    const verdict = this.#refuse("packetTooBig");
    if (!mayBeAnsweredWithError(packet) || !this.#packetTooBigLimit.take(nowMs)) return verdict;
    this.#counters.packetTooBigSent++;
    return { ...verdict, answer: packetTooBig(packet, parseIpv6(this.#ownAddress)!, mtu) };
  }

  #encapsulate(packet: Uint8Array, { encapsulation, address, port }: TunnelEnd): OutboundVerdict {
    this.#counters.encapsulatedPackets++;
    this.#counters.encapsulatedOctets += packet.length;
    const typeOfService = trafficClass(packet);
    if (encapsulation === "udp") {
      return { kind: "send", encapsulation, address, port, typeOfService, bytes: packet.slice() };
    }
    const header = outerIpv4Header({
      source: parseIpv4(this.#outerSource)!,
      destination: parseIpv4(address)!,
      typeOfService,
      innerOctets: packet.length,
    });
    const bytes = new Uint8Array(header.length + packet.length);
    bytes.set(header);
    bytes.set(packet, header.length);
    return { kind: "send", encapsulation, address, port: 0, typeOfService, bytes };
  }

  #inboundUdp({ bytes, source, typeOfService }: ReceivedDatagram, nowMs: number): InboundVerdict {
    const cut = cutInnerPacket(bytes, { ipv6Only: false });
    if (!cut.ok) return this.#discard(cut.reason);
    return this.#inboundPacket({
      packet: cut.packet,
      encapsulation: "udp",
      outer: source,
      typeOfService,
      nowMs,
    });
  }

  #inboundIpv6InIpv4(bytes: Uint8Array, nowMs: number): InboundVerdict {
    const range = innerRange(bytes);
    if (range === undefined) return this.#discard("outerHeaderMalformed");
    const cut = cutInnerPacket(bytes.subarray(range.start, range.end), { ipv6Only: true });
    if (!cut.ok) return this.#discard(cut.reason);
    return this.#inboundPacket({
      packet: cut.packet,
      encapsulation: "ipv6InIpv4",
      outer: { address: formatIpv4(bytes, 12), port: 0 },
      typeOfService: bytes[1],
      nowMs,
    });
  }

  #inboundPacket(arrival: Arrival): InboundVerdict {
    const { packet } = arrival;
    const settings = this.#settings;
    if (settings.role === "mobileNode" && arrival.outer.address !== settings.homeAgentIpv4Address) {
      return this.#discard("notFromHomeAgent");
    }
    if (formatIpv6(packet, DESTINATION_OFFSET) === this.#ownAddress) {
      const found = findMobilityHeader(packet);
      if (found === "malformed") return this.#discard("extensionHeadersMalformed");
      if (found === "mobility") return this.#signalling(arrival);
    }
    return settings.role === "homeAgent" ? this.#toHomeNetwork(arrival) : this.#toMobileNode(arrival);
  }

  #signalling(arrival: Arrival): InboundVerdict {
    if (arrival.encapsulation !== "udp") return this.#discard("signallingNotInUdp");
    if (arrival.packet.length > SIGNALLING_MAXIMUM_OCTETS) return this.#discard("signallingTooLong");
    this.#counters.signallingPackets++;
    return { kind: "signalling", record: upwardRecord("signalling", arrival, arrival.packet.length) };
  }

  /** Reverse tunnelling (RFC 6275 section 10.4.5). */
  #toHomeNetwork(arrival: Arrival): InboundVerdict {
    const { packet, encapsulation, outer } = arrival;
    if (!isUnicastAt(packet, SOURCE_OFFSET)) return this.#discard("sourceNotUnicast");
    const tunnel = this.#bindings.get(formatIpv6(packet, SOURCE_OFFSET))?.tunnel;
    if (tunnel === undefined || !isFarEnd(tunnel, encapsulation, outer)) {
      const verdict = this.#discard("sourceNotBound");
      if (!this.#reportLimit.take(arrival.nowMs)) return verdict;
      this.#counters.unboundReports++;
      return { ...verdict, record: upwardRecord("unboundTraffic", arrival, UNBOUND_REPORT_OCTETS) };
    }
    if (!isUnicastAt(packet, DESTINATION_OFFSET)) return this.#discard("destinationNotUnicast");
    return this.#decapsulate(arrival);
  }

  #toMobileNode(arrival: Arrival): InboundVerdict {
    const { packet, encapsulation, outer } = arrival;
    const tunnel = this.#bindings.get(this.#ownAddress)?.tunnel;
    if (tunnel === undefined) return this.#discard("noTunnel");
    if (!isFarEnd(tunnel, encapsulation, outer)) return this.#discard("notFromHomeAgent");
    if (formatIpv6(packet, DESTINATION_OFFSET) !== this.#ownAddress) {
      return this.#discard("destinationNotHomeAddress");
    }
    if (!isUnicastAt(packet, SOURCE_OFFSET)) return this.#discard("sourceNotUnicast");
    if (formatIpv6(packet, SOURCE_OFFSET) === this.#ownAddress) return this.#discard("sourceIsHomeAddress");
    return this.#decapsulate(arrival);
  }

  #decapsulate({ packet, typeOfService }: Arrival): InboundVerdict {
    const ecn = decapsulatedEcn(trafficClass(packet), typeOfService);
    if (ecn === "drop") return this.#discard("congestionNotEct");
    this.#counters.decapsulatedPackets++;
    this.#counters.decapsulatedOctets += packet.length;
    const bytes = packet.slice();
    setEcn(bytes, ecn);
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

function isFarEnd(tunnel: TunnelEnd, encapsulation: Encapsulation, outer: OuterSource): boolean {
  return tunnel.encapsulation === encapsulation && tunnel.address === outer.address &&
    (encapsulation === "ipv6InIpv4" || tunnel.port === outer.port);
}

function upwardRecord(kind: UpwardRecord["kind"], arrival: Arrival, maximumOctets: number): UpwardRecord {
  const { packet, outer, encapsulation, nowMs } = arrival;
  return { kind, outer, encapsulation, packet: packet.slice(0, maximumOctets), arrivedMs: nowMs };
}
