import { EtherType } from "../../control/movement/egress_event.ts";
import { decodeDhcpMessage, DhcpMessageType } from "../../wire/dhcpv4.ts";
import { decodeIpv4Datagram } from "../../wire/ipv4_datagram.ts";
import { decodeNeighborDiscoveryPacket } from "../../wire/neighbor_discovery.ts";

/** A whole network layer packet on an access link; hardware addresses are six octets. */
export interface Frame {
  readonly sourceHardwareAddress: Uint8Array;
  readonly destinationHardwareAddress: Uint8Array;
  readonly etherType: number;
  readonly payload: Uint8Array;
}

const DHCP_NAMES = [
  "dhcpDiscover",
  "dhcpOffer",
  "dhcpRequest",
  "dhcpDecline",
  "dhcpAck",
  "dhcpNak",
  "dhcpRelease",
] as const;

export type FrameKind =
  | "routerSolicitation"
  | "routerAdvertisement"
  | "neighborSolicitation"
  | "neighborAdvertisement"
  | "arp"
  | (typeof DHCP_NAMES)[number]
  | "unknown";

/** What a frame carries, read from its octets. */
export function frameKind({ etherType, payload }: Frame): FrameKind {
  switch (etherType) {
    case EtherType.arp:
      return "arp";
    case EtherType.ipv6: {
      const packet = decodeNeighborDiscoveryPacket(payload);
      return packet.ok ? packet.value.message.kind : "unknown";
    }
    case EtherType.ipv4: {
      const datagram = decodeIpv4Datagram(payload);
      const message = datagram.ok ? decodeDhcpMessage(datagram.value.data) : undefined;
      const type = message?.ok ? message.value.options.messageType : undefined;
      return type === undefined ? "unknown" : DHCP_NAMES[type - DhcpMessageType.discover] ?? "unknown";
    }
    default:
      return "unknown";
  }
}

/** A few words for a trace. */
export function describeFrame(frame: Frame): string {
  const kind = frameKind(frame);
  const packet = frame.etherType === EtherType.ipv6
    ? decodeNeighborDiscoveryPacket(frame.payload)
    : undefined;
  if (!packet?.ok) return kind;
  const { source, destination, message } = packet.value;
  const target = "target" in message ? ` of ${message.target}` : "";
  return `${source} > ${destination} ${kind}${target}`;
}
