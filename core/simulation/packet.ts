import type { Encapsulation } from "../control/tunnel.ts";
import { type IpAddress, type Ipv6Address, parseIpv6 } from "../wire/address.ts";
import { decodeMobilityPacket, type MobilityPacket } from "../wire/mobility_packet.ts";
import { type Decoded, describeWireError } from "../wire/result.ts";

/** Between which hosts and ports a packet goes. */
export interface Flow {
  /** "ipv6InIpv6" is over IPv6; a mobility message goes there natively, with extension headers instead of a tunnel. */
  readonly protocol: Encapsulation;
  readonly source: IpAddress;
  /** 0 without UDP, as the destination's. */
  readonly sourcePort: number;
  readonly destination: IpAddress;
  readonly destinationPort: number;
}

/** A packet between hosts, as far as the simulated network looks at it. */
export interface OuterPacket extends Flow {
  readonly payload: Payload;
  readonly origin: Origin;
}

export type Payload = Signalling | Data;

/** Who really made a packet: known to the invariants, never to the machines. */
export type Origin =
  | {
    readonly kind: "mobileNode";
    readonly name: string;
    /** Made with the key that the home agent has for this home address. */
    readonly authentic: boolean;
  }
  | { readonly kind: "homeAgent"; readonly incarnation: number }
  | { readonly kind: "attacker"; readonly deed: string };

/** A mobility message in its inner IPv6 packet; decoded at most once, however many look at it. */
export class Signalling {
  readonly kind = "signalling";
  #decoded: Decoded<MobilityPacket> | undefined;

  constructor(readonly packet: Uint8Array) {}

  decode(): Decoded<MobilityPacket> {
    return this.#decoded ??= decodeMobilityPacket(this.packet);
  }
}

/** A ping or its reply, inside the tunnel. */
export interface Data {
  readonly kind: "data";
  readonly source: Ipv6Address;
  readonly destination: Ipv6Address;
  readonly request: boolean;
  readonly sentAtMs: number;
}

/** The packet's IPv6 header, with an ICMPv6 echo of 8 octets behind it. */
export function dataOctets(data: Data): Uint8Array {
  const octets = new Uint8Array(48);
  octets[0] = 0x60;
  octets[5] = 8;
  octets[6] = 58;
  octets[7] = 64;
  octets.set(parseIpv6(data.source)!, 8);
  octets.set(parseIpv6(data.destination)!, 24);
  octets[40] = data.request ? 128 : 129;
  return octets;
}

/** One line for a trace. */
export function describePacket(packet: OuterPacket): string {
  const { source, sourcePort, destination, destinationPort, protocol, payload } = packet;
  const ends = protocol === "udp"
    ? `${source}:${sourcePort} > ${destination}:${destinationPort} UDP`
    : `${source} > ${destination} ${protocol}`;
  const from = packet.origin.kind === "attacker" ? ` (attacker: ${packet.origin.deed})` : "";
  return `${ends} ${payload.kind === "data" ? describeData(payload) : describeSignalling(payload)}${from}`;
}

function describeData(data: Data): string {
  return `${data.source} > ${data.destination} ping ${data.request ? "request" : "reply"}`;
}

/** The mobility message and its inner addresses, for a trace. */
export function describeSignalling(signalling: Signalling): string {
  const decoded = signalling.decode();
  if (!decoded.ok) return `${signalling.packet.length} octets: ${describeWireError(decoded.error)}`;
  const { source, destination, header: { message } } = decoded.value;
  const inner = `${source} > ${destination}`;
  switch (message.kind) {
    case "bindingUpdate":
      return `${inner} Binding Update sequence ${message.sequenceNumber} lifetime ${message.lifetimeSeconds} s`;
    case "bindingAcknowledgement":
      return `${inner} Binding Acknowledgement status ${message.status} sequence ${message.sequenceNumber} ` +
        `lifetime ${message.lifetimeSeconds} s`;
    case "bindingError":
      return `${inner} Binding Error status ${message.status} for ${message.homeAddress}`;
    default:
      return `${inner} ${message.kind}`;
  }
}
