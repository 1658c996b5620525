import type { Answer } from "./client_answer.ts";
import { type Ipv6Prefix, isRoutableUnicastIpv6, parseIpv6Prefix, prefixText } from "../../wire/address.ts";
import type { Duid, IaPd } from "../../wire/dhcpv6_option.ts";
import { INFINITE_SECONDS, REBIND_SHARE, RENEW_SHARE } from "./constants.ts";

/** A time that the server leaves to the client, or sets too short, is no shorter than this (RFC 8415 section 14.2). */
const SHORTEST_WAIT_MS = 10_000;

export interface LeasedPrefix {
  readonly prefix: Ipv6Prefix;
  readonly preferredUntilMs: number;
  readonly validUntilMs: number;
}

/** What a mobile router has from its home agent. */
export interface ClientLease {
  /** The server's identifier. */
  readonly server: Duid;
  /** The prefix of each identity association that has one, by IAID. */
  readonly associations: ReadonlyMap<number, LeasedPrefix>;
  /** T1 of all. */
  readonly renewAtMs: number;
  /** T2 of all. */
  readonly rebindAtMs: number;
}

/** The lease after an answer; undefined where no prefix is left (RFC 8415 section 18.2.10.1). */
export function updatedLease(
  before: ClientLease | undefined,
  answer: Answer,
  nowMs: number,
): ClientLease | undefined {
  const associations = new Map(before?.associations);
  const times = { renewAtMs: Infinity, rebindAtMs: Infinity };
  let isExtended = false;
  for (const association of answer.associations) {
    const told = prefixesIn(association, nowMs);
    const before = associations.get(association.iaid);
    const isTold = told.some(({ prefix }) => before && prefixText(prefix) === prefixText(before.prefix));
    const candidates = before === undefined || isTold ? told : [before, ...told];
    const leased = longestPreferred(candidates.filter(isValidAt(nowMs)));
    if (leased === undefined) associations.delete(association.iaid);
    else associations.set(association.iaid, leased);
    if (!told.some(isValidAt(nowMs))) continue;
    isExtended = true;
    const preferredMs = leased!.preferredUntilMs - nowMs;
    const renewMs = waitMs(association.renewSeconds, preferredMs * RENEW_SHARE);
    const rebindMs = Math.max(renewMs, waitMs(association.rebindSeconds, preferredMs * REBIND_SHARE));
    times.renewAtMs = Math.min(times.renewAtMs, nowMs + renewMs);
    times.rebindAtMs = Math.min(times.rebindAtMs, nowMs + rebindMs);
  }
  if (associations.size === 0) return undefined;
  if (!isExtended && before !== undefined) return { ...before, associations };
  return { server: answer.server, associations, ...times };
}

/** The same without what is over. */
export function livingLease(lease: ClientLease, nowMs: number): ClientLease | undefined {
  const isValid = isValidAt(nowMs);
  const associations = new Map([...lease.associations].filter(([, leased]) => isValid(leased)));
  return associations.size === 0 ? undefined : { ...lease, associations };
}

export function leasedPrefixes(lease: ClientLease | undefined): readonly LeasedPrefix[] {
  if (lease === undefined) return [];
  return [...lease.associations].sort(([one], [other]) => one - other).map(([, leased]) => leased);
}

/** One is enough for one association: when the server replaces a prefix, the new one is preferred longer. */
function longestPreferred(candidates: readonly LeasedPrefix[]): LeasedPrefix | undefined {
  return candidates.reduce<LeasedPrefix | undefined>(
    (best, next) => best === undefined || next.preferredUntilMs > best.preferredUntilMs ? next : best,
    undefined,
  );
}

/** Those with a lifetime of 0, too: they are withdrawn. What makes no sense is passed over (RFC 8415 section 21.22). */
export function prefixesIn({ options }: IaPd, nowMs: number): LeasedPrefix[] {
  return options.flatMap((option) => {
    if (option.kind !== "iaPrefix") return [];
    const { preferredLifetimeSeconds, validLifetimeSeconds } = option;
    if (preferredLifetimeSeconds > validLifetimeSeconds || option.prefixLength === 0) return [];
    const prefix = parseIpv6Prefix(`${option.prefix}/${option.prefixLength}`);
    if (prefix === undefined || !isRoutableUnicastIpv6(prefix.address)) return [];
    return [{
      prefix,
      preferredUntilMs: nowMs + lifetimeMs(preferredLifetimeSeconds),
      validUntilMs: nowMs + lifetimeMs(validLifetimeSeconds),
    }];
  });
}

function isValidAt(nowMs: number): (leased: LeasedPrefix) => boolean {
  return ({ validUntilMs }) => validUntilMs > nowMs;
}

function waitMs(seconds: number, ownMs: number): number {
  return Math.max(SHORTEST_WAIT_MS, seconds === 0 ? ownMs : lifetimeMs(seconds));
}

function lifetimeMs(seconds: number): number {
  return seconds === INFINITE_SECONDS ? Infinity : seconds * 1000;
}
