import type { IpAddress } from "../wire/address.ts";

/**
 * The outer source of a packet that came in UDP to port 4191, which stays with it (RFC 5555 5.2.1); or of a
 * tunnelled packet, with port 0 where it has none.
 */
export interface OuterSource {
  readonly address: IpAddress;
  readonly port: number;
}
