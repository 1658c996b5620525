import type { IpAddress } from "../../wire/address.ts";

/** An address of an egress interface that could be the care-of address now. */
export interface CareOfAddressCandidate {
  readonly interfaceName: string;
  readonly address: IpAddress;
  readonly prefixLength: number;
  /** The default router; undefined where the egress is configured by somebody else. */
  readonly gateway: IpAddress | undefined;
  /** What the link carries, octets. */
  readonly linkMtu: number;
}
