import type { IpAddress } from "../../wire/address.ts";

/**
 * An address of an egress interface that could be the care-of address now; or the home address, where the interface is on
 * the home link: then it makes the mobile node return home (RFC 6275 section 11.5.5).
 */
export interface CareOfAddressCandidate {
  readonly interfaceName: string;
  readonly address: IpAddress;
  readonly prefixLength: number;
  /** The default router; undefined where the egress is configured by somebody else. */
  readonly gateway: IpAddress | undefined;
  /** What the link carries, octets. */
  readonly linkMtu: number;
  /** The interface is on the home link. Absent: it is not. */
  readonly atHome?: boolean;
}
