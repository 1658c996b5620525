/** IP addresses as netlink carries them, and the numbers of their families. Nothing in this file makes a call. */
import {
  formatIpv4,
  formatIpv6,
  type IpAddress,
  IPV4_OCTETS,
  IPV6_OCTETS,
  parseIpv4,
  parseIpv6,
} from "../core/wire/address.ts";
import type { NetlinkAttribute } from "./netlink_message.ts";

export const AF_INET = 2;
export const AF_INET6 = 10;

export type IpFamily = 4 | 6;

/** The fixed structure and the attributes of a message. */
export interface NetlinkBody {
  readonly body: Uint8Array;
  readonly attributes: readonly NetlinkAttribute[];
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function decodeFamily(family: number): IpFamily | undefined {
  if (family === AF_INET) return 4;
  return family === AF_INET6 ? 6 : undefined;
}

export function decodeIpAddress(
  family: IpFamily | undefined,
  octets: Uint8Array | undefined,
): IpAddress | undefined {
  if (family === 4 && octets?.length === IPV4_OCTETS) return formatIpv4(octets);
  return family === 6 && octets?.length === IPV6_OCTETS ? formatIpv6(octets) : undefined;
}

export function encodeIpAddress(text: IpAddress): { family: number; octets: Uint8Array } {
  const ipv4 = parseIpv4(text);
  if (ipv4 !== undefined) return { family: AF_INET, octets: ipv4 };
  const ipv6 = parseIpv6(text);
  if (ipv6 !== undefined) return { family: AF_INET6, octets: ipv6 };
  throw new RangeError(`Not an IP address: "${text}"`);
}

export function encodeIpAddressOf(family: number, text: IpAddress): Uint8Array {
  const { family: actual, octets } = encodeIpAddress(text);
  if (actual !== family) throw new RangeError(`Not an address of the same family: "${text}"`);
  return octets;
}
