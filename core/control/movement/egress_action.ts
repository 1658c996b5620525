import type { IpAddress, Ipv6Address } from "../../wire/address.ts";
import type { Report } from "../action.ts";
import type { CareOfAddressCandidate } from "./candidate.ts";

/** A route of an egress interface's own routing table. */
export interface EgressRoute {
  readonly destination: IpAddress;
  readonly prefixLength: number;
  /** Undefined: on the link. */
  readonly gateway: IpAddress | undefined;
}

/** The home address on the home link (RFC 6275 section 11.5.5). */
export interface HomeConfiguration {
  readonly address: Ipv6Address;
  readonly prefixLength: number;
  /** Of the main table, for whatever this host sends or forwards; none while the home agent still defends the address. */
  readonly routes: readonly EgressRoute[];
}

/** What an egress interface's machine wants done. */
export type EgressAction =
  | Report
  /** A whole network layer packet: Router and Neighbor Solicitations and Advertisements, ARP, DHCP in IPv4 and UDP. */
  | {
    readonly kind: "sendFrame";
    readonly etherType: number;
    readonly destinationHardwareAddress: Uint8Array;
    readonly payload: Uint8Array;
  }
  /** Usable at once: duplicate address detection is the machine's, in the optimistic manner (RFC 4429). */
  | {
    readonly kind: "addAddress";
    readonly address: IpAddress;
    readonly prefixLength: number;
  }
  | { readonly kind: "removeAddress"; readonly address: IpAddress; readonly prefixLength: number }
  /** The default router's link-layer address is known, so that no packet waits for it. */
  | { readonly kind: "setNeighbor"; readonly address: IpAddress; readonly hardwareAddress: Uint8Array }
  /** All routes of one family in the interface's own table; they replace those before. */
  | { readonly kind: "setRoutes"; readonly family: 4 | 6; readonly routes: readonly EgressRoute[] }
  /** Replaces what there was; undefined: the interface is not on the home link, or not used there. */
  | { readonly kind: "setHome"; readonly home: HomeConfiguration | undefined }
  /** All addresses that could be the care-of address now, the best of each family first. */
  | { readonly kind: "candidates"; readonly candidates: readonly CareOfAddressCandidate[] };
