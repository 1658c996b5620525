import { type Ipv4Address, ipv4Octets } from "./address.ts";
import { finishChecksum, ipv4UpperLayerChecksum } from "./checksum.ts";
import { Protocol } from "./constants.ts";
import { decodeIpv4Header, encodeIpv4HeaderInto } from "./ipv4.ts";
import { writeUint16 } from "./octets.ts";
import { type Decoded, decoded, malformed } from "./result.ts";
import { decodeUdpHeader, encodeUdpHeaderInto } from "./udp.ts";

const IPV4_OCTETS = 20;
const UDP_OCTETS = 8;
const TIME_TO_LIVE = 64;

/** UDP data with the addresses and ports around them. */
export interface Ipv4Datagram {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly data: Uint8Array;
}

/**
 * Takes a whole packet apart: IPv4, UDP and nothing but its data. Octets after the packet are the padding of the link.
 * A checksum that the sender's kernel left to its network card counts as right: on a virtual link it never meets one.
 */
export function decodeIpv4Datagram(bytes: Uint8Array): Decoded<Ipv4Datagram> {
  const ip = decodeIpv4Header(bytes, 0);
  if (!ip.ok) return ip;
  const { headerLength, totalLength, protocol, source, destination } = ip.value;
  if (!ip.value.checksumValid) return malformed(10, "IPv4 checksum", "is wrong");
  if (totalLength > bytes.length) return malformed(2, "IPv4 total length", "goes past the end of the packet");
  if (ip.value.moreFragments || ip.value.fragmentOffset > 0) {
    return malformed(6, "fragment offset", "is of a fragment");
  }
  if (protocol !== Protocol.udp) return malformed(9, "protocol", `is ${protocol}, not UDP`);
  const udp = decodeUdpHeader(bytes.subarray(0, totalLength), headerLength);
  if (!udp.ok) return udp;
  const end = headerLength + udp.value.length;
  if (end > totalLength) return malformed(headerLength + 4, "UDP length", "goes past the end of the packet");
  if (!udpChecksumValid(bytes, headerLength, end, udp.value.checksum, source, destination)) {
    return malformed(headerLength + 6, "UDP checksum", "is wrong");
  }
  const { sourcePort, destinationPort } = udp.value;
  const data = bytes.slice(headerLength + UDP_OCTETS, end);
  return decoded({ source, destination, sourcePort, destinationPort, data });
}

function udpChecksumValid(
  bytes: Uint8Array,
  start: number,
  end: number,
  checksum: number,
  source: Ipv4Address,
  destination: Ipv4Address,
): boolean {
  if (checksum === 0) return true;
  const ends = { source: ipv4Octets(source), destination: ipv4Octets(destination), protocol: Protocol.udp };
  if (ipv4UpperLayerChecksum({ ...ends, bytes, start, end }) === 0) return true;
  // Left to the card: the sum of the pseudo header alone stands there.
  const nothing = ipv4UpperLayerChecksum({
    ...ends,
    bytes: new Uint8Array(end - start),
    start: 0,
    end: end - start,
  });
  return checksum === finishChecksum(nothing);
}

/** The whole packet, checksums filled in. Throws RangeError for a record that cannot be sent. */
export function encodeIpv4Datagram(datagram: Ipv4Datagram): Uint8Array {
  const { source, destination, sourcePort, destinationPort, data } = datagram;
  const length = UDP_OCTETS + data.length;
  const buffer = new Uint8Array(IPV4_OCTETS + length);
  encodeIpv4HeaderInto(
    {
      typeOfService: 0,
      totalLength: buffer.length,
      identification: 0,
      dontFragment: true,
      moreFragments: false,
      fragmentOffset: 0,
      timeToLive: TIME_TO_LIVE,
      protocol: Protocol.udp,
      source,
      destination,
      options: new Uint8Array(),
    },
    buffer,
    0,
  );
  encodeUdpHeaderInto({ sourcePort, destinationPort, length, checksum: 0 }, buffer, IPV4_OCTETS);
  buffer.set(data, IPV4_OCTETS + UDP_OCTETS);
  const checksum = ipv4UpperLayerChecksum({
    source: ipv4Octets(source),
    destination: ipv4Octets(destination),
    protocol: Protocol.udp,
    bytes: buffer,
    start: IPV4_OCTETS,
    end: buffer.length,
  });
  // 0 would mean that there is none (RFC 768).
  writeUint16(buffer, IPV4_OCTETS + 6, checksum === 0 ? 0xffff : checksum, "UDP checksum");
  return buffer;
}
