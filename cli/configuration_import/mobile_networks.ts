import { type Ipv6Prefix, prefixText } from "../../core/wire/address.ts";
import { MAXIMUM_MOBILE_NETWORKS } from "../configuration/schema.ts";
import type { Draft, DraftTable } from "./draft.ts";
import type { Statement } from "./statements.ts";

/**
 * The networks behind a mobile router, as many as we take.
 * @returns what to remark where that is not all of them
 */
export function setMobileNetworks(
  draft: Draft,
  table: DraftTable,
  prefixes: readonly Ipv6Prefix[],
  statement: Statement,
): string | void {
  const texts = prefixes.slice(0, MAXIMUM_MOBILE_NETWORKS).map(prefixText);
  draft.set(table, "mobile_network_prefixes", texts, statement);
  if (prefixes.length > MAXIMUM_MOBILE_NETWORKS) {
    return `${MAXIMUM_MOBILE_NETWORKS} networks at most; the rest is left out`;
  }
}
