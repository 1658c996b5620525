import { CaptureReader } from "../../../core/capture/capture_reader.ts";
import { LinkType } from "../../../core/capture/link_type.ts";
import type { IpAddress } from "../../../core/wire/address.ts";
import { DSMIPV6_PORT, Protocol } from "../../../core/wire/constants.ts";
import { decodeExtensionHeaders } from "../../../core/wire/extension_header.ts";
import { decodeIpv4Header } from "../../../core/wire/ipv4.ts";
import { decodeIpv6Header, IPV6_HEADER_OCTETS } from "../../../core/wire/ipv6.ts";
import { readUint16 } from "../../../core/wire/octets.ts";
import { decodeUdpHeader } from "../../../core/wire/udp.ts";

/** What a lane of the figures shows. */
export const SIGNAL_LANES = ["RS", "RA", "DHCP", "BU", "BA"] as const;
export type SignalLane = typeof SIGNAL_LANES[number];

/** One message of configuration or registration on an egress interface. */
export interface Signal {
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly lane: SignalLane;
  /** "DHCPACK" and so on (RFC 2132 9.6); the same as the lane for all others. */
  readonly name: string;
  /** Outermost addresses: of a Binding Update the first is the care-of address, of its answer the second. */
  readonly source: IpAddress;
  readonly destination: IpAddress;
}

interface Message extends Omit<Signal, "timeMs"> {}

const ETHERNET_OCTETS = 14;
const ETHER_TYPE_IPV4 = 0x0800;
const ETHER_TYPE_IPV6 = 0x86dd;
const UDP_OCTETS = 8;
const DHCP_CLIENT_PORT = 68;
const DHCP_SERVER_PORT = 67;
const DHCP_OPTIONS_OFFSET = 240;
const DHCP_MESSAGE_TYPE = 53;
/** By the value of the message type option (RFC 2132 9.6). */
const DHCP_NAMES = [
  "",
  "DHCPDISCOVER",
  "DHCPOFFER",
  "DHCPREQUEST",
  "DHCPDECLINE",
  "DHCPACK",
  "DHCPNAK",
  "DHCPRELEASE",
];
const ICMPV6_LANES: ReadonlyMap<number, SignalLane> = new Map([[133, "RS"], [134, "RA"]]);
const MOBILITY_LANES: ReadonlyMap<number, SignalLane> = new Map([[5, "BU"], [6, "BA"]]);
/** The outer header of a tunnel, and a packet that is itself a tunnel's. */
const MAXIMUM_HEADERS = 3;

/** The signalling in a capture (pcap or pcapng, Ethernet). What is cut off at the end of the file is left out. */
export function readSignals(file: Uint8Array): Signal[] {
  const reader = new CaptureReader();
  const signals: Signal[] = [];
  reader.push(file);
  for (let packet = reader.next(); packet !== undefined; packet = reader.next()) {
    if (packet.linkType !== LinkType.ethernet || packet.time === undefined) continue;
    const message = findMessage(packet.bytes);
    if (message === undefined) continue;
    const { seconds, nanoseconds } = packet.time;
    signals.push({ timeMs: seconds * 1000 + nanoseconds / 1e6, ...message });
  }
  return signals;
}

/** The message in an Ethernet frame; undefined when it is data, or cut off, or nothing that we know. */
export function findMessage(frame: Uint8Array): Message | undefined {
  if (frame.length < ETHERNET_OCTETS) return undefined;
  const etherType = readUint16(frame, ETHERNET_OCTETS - 2);
  if (etherType !== ETHER_TYPE_IPV4 && etherType !== ETHER_TYPE_IPV6) return undefined;
  const version = etherType === ETHER_TYPE_IPV4 ? Protocol.ipv4 : Protocol.ipv6;
  const found = findInside(frame, ETHERNET_OCTETS, version, 0);
  const outer = addressesAt(frame, ETHERNET_OCTETS, version);
  return found === undefined || outer === undefined ? undefined : { ...found, ...outer };
}

type Found = Pick<Message, "lane" | "name">;

/** `protocol` is that of an IPv4 (4) or IPv6 (41) header at `offset`. */
function findInside(bytes: Uint8Array, offset: number, protocol: number, depth: number): Found | undefined {
  if (depth === MAXIMUM_HEADERS) return undefined;
  if (protocol === Protocol.ipv4) {
    const header = decodeIpv4Header(bytes, offset);
    if (!header.ok || header.value.fragmentOffset > 0) return undefined;
    return findAbove(bytes, offset + header.value.headerLength, header.value.protocol, depth);
  }
  const header = decodeIpv6Header(bytes, offset);
  if (!header.ok) return undefined;
  const start = offset + IPV6_HEADER_OCTETS;
  const chain = decodeExtensionHeaders(bytes, start, bytes.length, header.value.nextHeader);
  return chain.ok ? findAbove(bytes, chain.value.offset, chain.value.nextHeader, depth) : undefined;
}

function findAbove(bytes: Uint8Array, offset: number, protocol: number, depth: number): Found | undefined {
  switch (protocol) {
    case Protocol.ipv4:
    case Protocol.ipv6:
      return findInside(bytes, offset, protocol, depth + 1);
    case Protocol.udp:
      return findInUdp(bytes, offset, depth);
    case Protocol.icmpv6:
      return named(ICMPV6_LANES.get(bytes[offset]));
    case Protocol.mobilityHeader:
      // RFC 6275 6.1.1: the type is the third octet.
      return named(MOBILITY_LANES.get(bytes[offset + 2]));
    default:
      return undefined;
  }
}

function findInUdp(bytes: Uint8Array, offset: number, depth: number): Found | undefined {
  const header = decodeUdpHeader(bytes, offset);
  if (!header.ok) return undefined;
  const { sourcePort, destinationPort } = header.value;
  const payload = offset + UDP_OCTETS;
  if (sourcePort === DSMIPV6_PORT || destinationPort === DSMIPV6_PORT) {
    const isIpv6 = bytes[payload] >> 4 === 6;
    return findInside(bytes, payload, isIpv6 ? Protocol.ipv6 : Protocol.ipv4, depth + 1);
  }
  const isDhcp = [sourcePort, destinationPort].every((port) =>
    port === DHCP_CLIENT_PORT || port === DHCP_SERVER_PORT
  );
  return isDhcp ? findDhcp(bytes.subarray(payload)) : undefined;
}

function findDhcp(message: Uint8Array): Found | undefined {
  for (let at = DHCP_OPTIONS_OFFSET; at + 2 < message.length;) {
    if (message[at] === DHCP_MESSAGE_TYPE) {
      const name = DHCP_NAMES[message[at + 2]];
      return name === undefined || name === "" ? undefined : { lane: "DHCP", name };
    }
    at += message[at] === 0 ? 1 : 2 + message[at + 1];
  }
  return undefined;
}

function named(lane: SignalLane | undefined): Found | undefined {
  return lane === undefined ? undefined : { lane, name: lane };
}

function addressesAt(bytes: Uint8Array, offset: number, protocol: number) {
  const header = protocol === Protocol.ipv4
    ? decodeIpv4Header(bytes, offset)
    : decodeIpv6Header(bytes, offset);
  if (!header.ok) return undefined;
  const { source, destination } = header.value;
  return { source, destination };
}
