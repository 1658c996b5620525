import { MAXIMUM_PREFIX_LENGTHS } from "../../core/forwarding/limits.ts";
import { type IpPrefix, isIpv4, prefixAround, prefixText } from "../../core/wire/address.ts";
import { addMistake, type TableSource } from "./read_table.ts";

/**
 * What an address or a prefix of a configuration is for: "agent" the home agent itself, "home" the home network, "address" a
 * mobile node's single address, "network" one behind a mobile router; the pools give away the last two.
 */
export type ClaimKind = "agent" | "home" | "address" | "network" | "addressPool" | "networkPool";

/** Addresses that a key of the file claims for something. */
export interface Claim {
  readonly kind: ClaimKind;
  readonly key: string;
  /** A single address has all its bits. */
  readonly prefix: IpPrefix;
  readonly source: TableSource;
}

/** A single address as a prefix. */
export function wholeLength(address: string): IpPrefix {
  return { address, length: isIpv4(address) ? 32 : 128 };
}

/**
 * No address is claimed for two things, but that of a home network for what is in it, that of a pool for a mobile node
 * (the pool leaves it out), and that of a mobile network for its own router (RFC 3963 section 3). The mistake is the
 * later claim's, one a claim.
 */
export function checkClaims(claims: readonly Claim[]): void {
  const table = new Map<string, number[]>();
  const lengths = { ipv4: new Set<number>(), ipv6: new Set<number>() };
  const lengthsOf = ({ address }: IpPrefix) => isIpv4(address) ? lengths.ipv4 : lengths.ipv6;
  for (const [index, { prefix }] of claims.entries()) {
    const text = prefixText(prefix);
    const alike = table.get(text);
    if (alike === undefined) table.set(text, [index]);
    else alike.push(index);
    lengthsOf(prefix).add(prefix.length);
  }
  const named = new Set<number>();
  for (const [index, claim] of claims.entries()) {
    for (const length of lengthsOf(claim.prefix)) {
      if (length > claim.prefix.length) continue;
      const around = table.get(prefixText(prefixAround(claim.prefix.address, length))) ?? [];
      const isAlike = length === claim.prefix.length;
      const other = around.find((at) => (!isAlike || at < index) && !mayHold(claims[at], claim));
      if (other === undefined) continue;
      const later = Math.max(index, other);
      if (!named.has(later)) addOverlap(claims[later], claims[Math.min(index, other)]);
      named.add(later);
    }
  }
}

/**
 * Networks of one version, those that a pool gives included, have as many different lengths as the data path looks for. The
 * mistake is the first claim's that has one more.
 * @param poolLengths of the networks of each pool, by its key
 */
export function checkNetworkLengths(
  claims: readonly Claim[],
  poolLengths: Readonly<Record<string, number | undefined>>,
): void {
  const lengths = { ipv4: new Set<number>(), ipv6: new Set<number>() };
  for (const { kind, key, prefix, source } of claims) {
    const length = kind === "networkPool" ? poolLengths[key] : kind === "network" ? prefix.length : undefined;
    const known = isIpv4(prefix.address) ? lengths.ipv4 : lengths.ipv6;
    if (length === undefined || known.has(length)) continue;
    if (known.size === MAXIMUM_PREFIX_LENGTHS) {
      const text =
        `: mobile networks have the lengths ${[...known].join(", ")} already, and /${length} is one more; ` +
        `at most ${MAXIMUM_PREFIX_LENGTHS} are served`;
      return addMistake(source, key, text);
    }
    known.add(length);
  }
}

/** May `inner` be a part of `outer`, or, where it is the later one, the same? */
function mayHold(outer: Claim, inner: Claim): boolean {
  const isPart = outer.prefix.length < inner.prefix.length;
  switch (outer.kind) {
    case "home":
      return inner.kind === "address" || inner.kind === "addressPool" ||
        isPart && (inner.kind === "agent" || inner.kind === "network");
    case "addressPool":
      return inner.kind === "address" || isPart && inner.kind === "network";
    case "networkPool":
      return isPart && inner.kind === "network";
    case "network":
      return inner.kind === "address" && inner.source === outer.source;
    case "agent":
    case "address":
      return false;
  }
}

function addOverlap(later: Claim, earlier: Claim): void {
  const { key, prefix, source } = later;
  const isSame = prefixText(prefix) === prefixText(earlier.prefix);
  if (later.kind === "address" && isSame && earlier.kind === "agent") {
    addMistake(source, key, ` = "${prefix.address}": is the home agent's own ${earlier.key}`);
  } else if (later.kind === "address" && isSame && earlier.kind === "address") {
    const text = ` = "${prefix.address}": is that of ${earlier.source.title} already; each needs its own`;
    addMistake(source, key, text);
  } else {
    addMistake(source, key, `: ${written(later)} overlaps ${whose(earlier, source)}; keep them apart`);
  }
}

/** A mobile node's in another table is told by the table, of which there are many. */
function whose(claim: Claim, asker: TableSource): string {
  const { key, kind, source } = claim;
  const isAnotherNode = (kind === "address" || kind === "network") && source !== asker;
  return isAnotherNode ? `${written(claim)} of ${source.title}` : `${key} ${written(claim)}`;
}

function written({ prefix }: Claim): string {
  return prefix.length === wholeLength(prefix.address).length ? prefix.address : prefixText(prefix);
}
