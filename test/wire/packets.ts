import { ipv4UpperLayerChecksum } from "../../core/wire/checksum.ts";
import { ipv4Octets } from "../../core/wire/address.ts";
import {
  encodeExtensionHeader,
  type ExtensionHeader,
  extensionHeaderType,
} from "../../core/wire/extension_header.ts";
import { encodeIpv4Header, type Ipv4Header } from "../../core/wire/ipv4.ts";
import { encodeIpv6Header } from "../../core/wire/ipv6.ts";
import { encodeMobilityHeader } from "../../core/wire/mobility_header.ts";
import type { MobilityMessage } from "../../core/wire/mobility_message.ts";
import { encodeMobilityPacket } from "../../core/wire/mobility_packet.ts";
import { encodeUdpHeader } from "../../core/wire/udp.ts";

/** Packets put together from the codecs, as mobile nodes and home agents send them. */

export function concatenate(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

export interface Ends {
  readonly source: string;
  readonly destination: string;
}

/** An IPv6 packet: extension headers, in their order, and what follows them. Each names the next by itself. */
export function ipv6Packet(
  ends: Ends,
  headers: readonly ExtensionHeader[],
  protocol: number,
  body: Uint8Array,
): Uint8Array {
  const types = [...headers.map(extensionHeaderType), protocol];
  const chained = headers.map((header, i) => encodeExtensionHeader({ ...header, nextHeader: types[i + 1] }));
  const payload = concatenate(...chained, body);
  const ipv6 = {
    trafficClass: 0,
    flowLabel: 0,
    payloadLength: payload.length,
    nextHeader: types[0],
    hopLimit: 64,
  };
  return concatenate(encodeIpv6Header({ ...ipv6, ...ends }), payload);
}

export interface MobilityCase extends Ends {
  readonly homeAddressOption: string | null;
  readonly routingHomeAddress: string | null;
  readonly message: MobilityMessage;
}

/** With the extension headers that the home addresses ask for, and the checksum over them. */
export function mobilityPacket(given: MobilityCase): Uint8Array {
  const { source, destination, homeAddressOption, routingHomeAddress } = given;
  const plain = encodeMobilityPacket({
    source: homeAddressOption ?? source,
    destination: routingHomeAddress ?? destination,
    mobilityHeader: encodeMobilityHeader(given.message),
  });
  const headers: ExtensionHeader[] = [];
  if (homeAddressOption !== null) {
    const options = [{ kind: "homeAddress", homeAddress: homeAddressOption } as const];
    headers.push({ kind: "destinationOptions", nextHeader: 0, options });
  }
  if (routingHomeAddress !== null) {
    headers.push({
      kind: "homeAddressRouting",
      nextHeader: 0,
      segmentsLeft: 1,
      homeAddress: routingHomeAddress,
    });
  }
  return ipv6Packet({ source, destination }, headers, 135, plain.subarray(40));
}

/** An IPv4 packet with UDP in it, all checksums filled in. */
export function udpPacket(ipv4: Ipv4Header, ports: readonly [number, number], data: Uint8Array): Uint8Array {
  const [sourcePort, destinationPort] = ports;
  const length = 8 + data.length;
  const header = { sourcePort, destinationPort, length, checksum: 0 };
  const bytes = concatenate(encodeUdpHeader(header), data);
  const checksum = ipv4UpperLayerChecksum({
    source: ipv4Octets(ipv4.source),
    destination: ipv4Octets(ipv4.destination),
    protocol: 17,
    bytes,
    start: 0,
    end: length,
  });
  const totalLength = 20 + ipv4.options.length + length;
  return concatenate(
    encodeIpv4Header({ ...ipv4, totalLength, protocol: 17 }),
    encodeUdpHeader({ ...header, checksum: checksum || 0xffff }),
    data,
  );
}
