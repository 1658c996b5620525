import type { Ipv4Address, Ipv6Address } from "../wire/address.ts";
import type { OuterSource } from "./event.ts";
import type { Encapsulation, TunnelEnd } from "./tunnel.ts";

/** One home registration (RFC 6275 section 9.1), or what is left of one for a while after its removal. */
export type BindingCacheEntry = RegisteredBinding | RemovedBinding;

export interface RegisteredBinding {
  readonly kind: "registered";
  readonly homeAddress: Ipv6Address;
  readonly identity: string;
  /** Where the last Binding Update came from: mobility messages go there, in UDP. */
  readonly outer: OuterSource;
  readonly tunnel: TunnelEnd;
  readonly natDetected: boolean;
  readonly sequenceNumber: number;
  readonly lifetimeSeconds: number;
  readonly expiresAtMs: number;
  /** When to ask for a refresh that has not come by itself; undefined once asked. */
  readonly refreshRequestAtMs: number | undefined;
}

/** Keeps a late Binding Update from bringing the binding back (RFC 6275 section 10.3.2). */
export interface RemovedBinding {
  readonly kind: "removed";
  readonly homeAddress: Ipv6Address;
  readonly sequenceNumber: number;
  readonly forgetAtMs: number;
}

/** The named deadline of an entry: the earliest thing that time alone will do to it. */
export function entryDeadline(entry: BindingCacheEntry): number {
  return entry.kind === "removed" ? entry.forgetAtMs : entry.refreshRequestAtMs ?? entry.expiresAtMs;
}

/** A registration as `dsmip ha bindings` shows it. */
export interface BindingStatus {
  readonly homeAddress: Ipv6Address;
  readonly identity: string;
  /** The outer address that packets go to: the care-of address, or the NAT's. */
  readonly careOfAddress: Ipv4Address;
  readonly port: number;
  readonly encapsulation: Encapsulation;
  readonly natDetected: boolean;
  readonly lifetimeSeconds: number;
  readonly remainingSeconds: number;
  readonly sequenceNumber: number;
}

export function bindingStatus(binding: RegisteredBinding, monotonicMs: number): BindingStatus {
  return {
    homeAddress: binding.homeAddress,
    identity: binding.identity,
    careOfAddress: binding.outer.address,
    port: binding.outer.port,
    encapsulation: binding.tunnel.encapsulation,
    natDetected: binding.natDetected,
    lifetimeSeconds: binding.lifetimeSeconds,
    remainingSeconds: Math.max(0, (binding.expiresAtMs - monotonicMs) / 1000),
    sequenceNumber: binding.sequenceNumber,
  };
}
