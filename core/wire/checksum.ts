/** The Internet checksum (RFC 1071) and the pseudo headers over which upper layers use it. */

/**
 * The one's complement sum of the octets from `start` up to `end`, as 16-bit words, the last one padded with a
 * zero octet; folded to 16 bits. `initial` goes on from an earlier sum over an even number of octets.
 */
export function onesComplementSum(bytes: Uint8Array, start: number, end: number, initial = 0): number {
  let sum = initial;
  let i = start;
  for (; i + 1 < end; i += 2) sum += bytes[i] << 8 | bytes[i + 1];
  if (i < end) sum += bytes[i] << 8;
  while (sum > 0xffff) sum = Math.floor(sum / 0x10000) + sum % 0x10000;
  return sum;
}

/** The value for a checksum field. Over a range that holds its own correct checksum it is 0. */
export function finishChecksum(sum: number): number {
  return ~sum & 0xffff;
}

export interface UpperLayer {
  /** 16 octets with IPv6, 4 octets with IPv4. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly bytes: Uint8Array;
  /** The upper layer's header and data: from `start` up to `end`. */
  readonly start: number;
  readonly end: number;
}

/**
 * The checksum with the pseudo header of RFC 8200 section 8.1. The checksum field counts as it stands: set it to
 * zero to fill it in, leave it to check it (0 is right).
 */
export function ipv6UpperLayerChecksum(layer: UpperLayer & { readonly nextHeader: number }): number {
  return upperLayerChecksum(layer, layer.nextHeader, 16);
}

/** As ipv6UpperLayerChecksum, with the pseudo header of RFC 768. */
export function ipv4UpperLayerChecksum(layer: UpperLayer & { readonly protocol: number }): number {
  return upperLayerChecksum(layer, layer.protocol, 4);
}

function upperLayerChecksum(layer: UpperLayer, protocol: number, addressOctets: number): number {
  const length = layer.end - layer.start;
  let sum = Math.floor(length / 0x10000) + length % 0x10000 + protocol;
  sum = onesComplementSum(layer.source, 0, addressOctets, sum);
  sum = onesComplementSum(layer.destination, 0, addressOctets, sum);
  return finishChecksum(onesComplementSum(layer.bytes, layer.start, layer.end, sum));
}
