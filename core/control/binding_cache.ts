import type { IpAddress, Ipv6Address, Ipv6Prefix } from "../wire/address.ts";
import { DeadlineQueue } from "./deadline_queue.ts";
import type { UpdateOrigin } from "./update_origin.ts";
import type { Ipv4HomeAddress } from "./settings.ts";
import type { SignallingPath } from "./signalling_path.ts";
import type { Encapsulation, TunnelEnd } from "./tunnel.ts";
import type { ReceivedUpdate } from "./update_verifier.ts";

/**
 * One home registration (RFC 6275 section 9.1), one that waits for duplicate address detection, or what is left
 * of one for a while after its removal.
 */
export type BindingCacheEntry = RegisteredBinding | ProbedBinding | RemovedBinding;

export interface RegisteredBinding {
  readonly kind: "registered";
  readonly homeAddress: Ipv6Address;
  readonly identity: string;
  /** Where the last Binding Update came from: mobility messages go there. */
  readonly path: SignallingPath;
  readonly tunnel: TunnelEnd;
  /** As the mobile node knows it: behind a NAT not that of the tunnel. */
  readonly careOfAddress: IpAddress | undefined;
  /** R flag (RFC 3963 section 6.1.1). */
  readonly mobileRouter: boolean;
  /** L flag. */
  readonly linkLocalCompatibility: boolean;
  /** The mobile network prefixes that go the same way as the home address. */
  readonly prefixes: readonly Ipv6Prefix[];
  /** Likewise: binding cache entries of their own in RFC 5555 section 4.5, which live and die with this one. */
  readonly ipv4HomeAddresses: readonly Ipv4HomeAddress[];
  readonly natDetected: boolean;
  /** What it was made of; undefined where that cannot be taken again. */
  readonly origin: UpdateOrigin | undefined;
  /** Of the key that its last Binding Update was proven with, or of its ESP; undefined where it needed no proof. */
  readonly spi: number | undefined;
  /** Of that update; undefined where it had none. */
  readonly timestamp: bigint | undefined;
  readonly sequenceNumber: number;
  readonly lifetimeSeconds: number;
  readonly expiresAtMs: number;
  /** When to ask for a refresh that has not come by itself; undefined once asked, and over IPv6. */
  readonly refreshRequestAtMs: number | undefined;
}

/** A home address that the home link is asked about before it is bound (section 10.3.1). */
export interface ProbedBinding {
  readonly kind: "probed";
  readonly homeAddress: Ipv6Address;
  /** The latest Binding Update, answered when the result is there. */
  readonly received: ReceivedUpdate;
  readonly forgetAtMs: number;
}

/** Keeps a late Binding Update from bringing the binding back (RFC 6275 section 10.3.2). */
export interface RemovedBinding {
  readonly kind: "removed";
  readonly homeAddress: Ipv6Address;
  readonly sequenceNumber: number;
  readonly forgetAtMs: number;
}

/** All entries, by home address, and what time will do to them. */
export class BindingCache {
  readonly #entries = new Map<Ipv6Address, BindingCacheEntry>();
  readonly #deadlines = new DeadlineQueue();

  get size(): number {
    return this.#entries.size;
  }

  get(homeAddress: Ipv6Address): BindingCacheEntry | undefined {
    return this.#entries.get(homeAddress);
  }

  /** The one that packets go to; undefined for all other entries. */
  registered(homeAddress: Ipv6Address): RegisteredBinding | undefined {
    const entry = this.#entries.get(homeAddress);
    return entry?.kind === "registered" ? entry : undefined;
  }

  /** A list of its own: entries may be stored and forgotten meanwhile. */
  all(): BindingCacheEntry[] {
    return [...this.#entries.values()];
  }

  store(entry: BindingCacheEntry): void {
    this.#entries.set(entry.homeAddress, entry);
    this.#deadlines.schedule(entry.homeAddress, entryDeadline(entry));
  }

  forget(homeAddress: Ipv6Address): void {
    this.#entries.delete(homeAddress);
    this.#deadlines.cancel(homeAddress);
  }

  /** When the first deadline of an entry comes, on the monotonic clock in milliseconds. */
  nextDeadline(): number | undefined {
    return this.#deadlines.next();
  }

  /** An entry whose deadline has come, and that has none until it is stored again; undefined when there is none. */
  takeDue(monotonicMs: number): BindingCacheEntry | undefined {
    const homeAddress = this.#deadlines.takeDue(monotonicMs);
    return homeAddress === undefined ? undefined : this.#entries.get(homeAddress);
  }
}

/** The named deadline of an entry: the earliest thing that time alone will do to it. */
function entryDeadline(entry: BindingCacheEntry): number {
  return entry.kind === "registered" ? entry.refreshRequestAtMs ?? entry.expiresAtMs : entry.forgetAtMs;
}

/** That of the last Binding Update accepted for this home address, or waiting for it. */
export function entrySequenceNumber(entry: BindingCacheEntry): number {
  return entry.kind === "probed" ? entry.received.update.sequenceNumber : entry.sequenceNumber;
}

/** Whose it is; undefined once it has been removed. */
export function identityOf(entry: BindingCacheEntry): string | undefined {
  switch (entry.kind) {
    case "registered":
      return entry.identity;
    case "probed":
      return entry.received.identity;
    case "removed":
      return undefined;
  }
}

/** A registration as `dsmip ha bindings` shows it. */
export interface BindingStatus {
  readonly homeAddress: Ipv6Address;
  readonly identity: string;
  /** The outer address that packets go to: the care-of address, or the NAT's. */
  readonly careOfAddress: IpAddress;
  /** The outer port of its mobility messages; 0 over IPv6. */
  readonly port: number;
  readonly encapsulation: Encapsulation;
  readonly natDetected: boolean;
  readonly lifetimeSeconds: number;
  readonly remainingSeconds: number;
  readonly sequenceNumber: number;
  /** Which of its keys the mobile node uses, that of ESP where it has no other; null where it needs none. */
  readonly spi: number | null;
  readonly mobileNetworkPrefixes: readonly Ipv6Prefix[];
  readonly ipv4HomeAddresses: readonly Ipv4HomeAddress[];
}

export function bindingStatus(binding: RegisteredBinding, monotonicMs: number): BindingStatus {
  return {
    homeAddress: binding.homeAddress,
    identity: binding.identity,
    careOfAddress: binding.tunnel.address,
    port: binding.path.kind === "udp" ? binding.path.outer.port : 0,
    encapsulation: binding.tunnel.encapsulation,
    natDetected: binding.natDetected,
    lifetimeSeconds: binding.lifetimeSeconds,
    remainingSeconds: Math.max(0, (binding.expiresAtMs - monotonicMs) / 1000),
    sequenceNumber: binding.sequenceNumber,
    spi: binding.spi ?? null,
    mobileNetworkPrefixes: binding.prefixes,
    ipv4HomeAddresses: binding.ipv4HomeAddresses,
  };
}
