import { equalOctets } from "../../wire/octets.ts";
import type { Lease } from "./lease.ts";

const MAXIMUM_LEASES = 8;

/** A lease of a network seen before, with what its router is known by on the link (RFC 4436 section 2). */
export interface RememberedLease {
  readonly lease: Lease & { readonly gateway: string };
  readonly gatewayHardwareAddress: Uint8Array;
}

/** The leases of networks seen before, one for each router's hardware address; bounded, the latest first. */
export class LeaseMemory {
  #leases: RememberedLease[] = [];

  remember(lease: Lease, gatewayHardwareAddress: Uint8Array): void {
    const { gateway } = lease;
    if (gateway === undefined) return;
    const others = this.#leases.filter((known) =>
      !equalOctets(known.gatewayHardwareAddress, gatewayHardwareAddress)
    );
    this.#leases = [{ lease: { ...lease, gateway }, gatewayHardwareAddress }, ...others].slice(
      0,
      MAXIMUM_LEASES,
    );
  }

  /** Forgets what a server does not grant any more, or another host has. */
  forget(lease: Lease): void {
    this.#leases = this.#leases.filter((known) =>
      known.lease.address !== lease.address || known.lease.serverIdentifier !== lease.serverIdentifier
    );
  }

  /** Those that have not ended. */
  valid(nowMs: number): readonly RememberedLease[] {
    this.#leases = this.#leases.filter(({ lease }) => lease.expiresAtMs > nowMs);
    return this.#leases;
  }
}
