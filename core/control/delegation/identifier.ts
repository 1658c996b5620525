import type { Duid } from "../../wire/dhcpv6_option.ts";
import type { Hmac } from "../settings.ts";

/** DUID-UUID (RFC 6355). */
const DUID_UUID = 4;
const UUID_OCTETS = 16;
/** What keeps these UUIDs apart from whatever else is made of the same name. */
const NAMESPACE = new TextEncoder().encode("dsmip DHCPv6 unique identifier");

/**
 * The DUID of a mobile router or a home agent, made of what names it: the same after every start, and nothing to keep on
 * a disk (RFC 8415 section 11 wants it never to change). Its UUID is of version 8 (RFC 9562 section 5.8).
 */
export function duidOf(name: string, hmac: Hmac): Duid {
  const uuid = hmac("sha256", NAMESPACE, new TextEncoder().encode(name)).slice(0, UUID_OCTETS);
  uuid[6] = uuid[6] & 0x0f | 0x80;
  uuid[8] = uuid[8] & 0x3f | 0x80;
  return Uint8Array.from([0, DUID_UUID, ...uuid]);
}
