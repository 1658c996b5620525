import {
  type Ipv6Prefix,
  isRoutableUnicastIpv6,
  parseIpv6Prefix,
  prefixCovers,
  prefixText,
} from "../wire/address.ts";
import { BindingStatusCode } from "../wire/binding_status.ts";
import type { MobilityOption, OptionOf } from "../wire/mobility_option.ts";
import { ipv6NetworkLengths } from "./network_lengths.ts";
import type { HomeAgentSettings } from "./settings.ts";
import type { ReceivedUpdate } from "./update_verifier.ts";

/** Mobile network prefixes of a binding (RFC 3963). */

/** Prefixes of one mobile router; our own limit. */
const MAXIMUM_PREFIXES = 16;

export type PrefixGrant =
  | { readonly kind: "granted"; readonly prefixes: readonly Ipv6Prefix[] }
  | { readonly kind: "refused"; readonly status: number };

/**
 * The prefixes that a Binding Update gets forwarding for: those of its options in explicit mode, those of the
 * configuration in implicit mode (RFC 3963 section 6.2), and in both what is delegated to the home address; none for a
 * mobile node that is no router. In implicit mode there may be none yet: they are asked for next (RFC 6276 section 3.1).
 */
export function grantedPrefixes(
  { update, configuredPrefixes }: ReceivedUpdate,
  delegated: readonly Ipv6Prefix[],
  settings: HomeAgentSettings,
): PrefixGrant {
  if (!update.mobileRouter) return { kind: "granted", prefixes: [] };
  const delegates = settings.mobileNetworkPool !== undefined;
  const supported = delegates || settings.mobileNodes.some((node) => node.mobileNetworkPrefixes.length > 0);
  if (!supported) return refused(BindingStatusCode.mobileRouterOperationNotPermitted);
  const options = update.options.filter(isMobileNetworkPrefix);
  const allowed = [...configuredPrefixes, ...delegated];
  if (options.length === 0) {
    return delegates || allowed.length > 0
      ? { kind: "granted", prefixes: allowed }
      : refused(BindingStatusCode.forwardingSetupFailed);
  }
  const prefixes = new Map(delegated.map((prefix) => [prefixText(prefix), prefix]));
  for (const option of options) {
    const prefix = prefixOf(option);
    if (prefix === undefined) return refused(BindingStatusCode.invalidPrefix);
    if (!isAllowed(prefix, allowed, settings)) return refused(BindingStatusCode.notAuthorizedForPrefix);
    prefixes.set(prefixText(prefix), prefix);
  }
  if (prefixes.size > MAXIMUM_PREFIXES) return refused(BindingStatusCode.insufficientResources);
  return { kind: "granted", prefixes: [...prefixes.values()] };
}

/** One of these, or a part of one that is as long as networks may be. */
function isAllowed(prefix: Ipv6Prefix, allowed: readonly Ipv6Prefix[], settings: HomeAgentSettings): boolean {
  const around = allowed.filter((whole) => prefixCovers(whole, prefix));
  return around.some(({ length }) => length === prefix.length) ||
    around.length > 0 && ipv6NetworkLengths(settings).has(prefix.length);
}

/** The options that ask for these prefixes (RFC 3963 section 4.3). */
export function prefixOptions(prefixes: readonly Ipv6Prefix[]): MobilityOption[] {
  return prefixes.map(({ address, length }) => {
    return { kind: "mobileNetworkPrefix", prefixLength: length, prefix: address };
  });
}

export function samePrefixes(one: readonly Ipv6Prefix[], other: readonly Ipv6Prefix[]): boolean {
  return one.map(prefixText).join() === other.map(prefixText).join();
}

function isMobileNetworkPrefix(option: MobilityOption): option is OptionOf<"mobileNetworkPrefix"> {
  return option.kind === "mobileNetworkPrefix";
}

/** Undefined where no network can have it: bits after the length do not count. */
function prefixOf({ prefix, prefixLength }: OptionOf<"mobileNetworkPrefix">): Ipv6Prefix | undefined {
  if (prefixLength === 0 || !isRoutableUnicastIpv6(prefix)) return undefined;
  return parseIpv6Prefix(`${prefix}/${prefixLength}`);
}

function refused(status: number): PrefixGrant {
  return { kind: "refused", status };
}

/**
 * The prefixes of a binding from now on: those that stay, and what is delegated. With what is not delegated any more the parts
 * of it go that the mobile router has asked for: another may get the whole (RFC 6276 section 4).
 * @param before what was delegated until now
 */
export function withDelegated(
  bound: readonly Ipv6Prefix[],
  before: readonly Ipv6Prefix[],
  delegated: readonly Ipv6Prefix[],
): Ipv6Prefix[] {
  const stays = (part: Ipv6Prefix) =>
    !delegated.some((whole) => prefixText(whole) === prefixText(part)) &&
    (delegated.some((whole) => prefixCovers(whole, part)) ||
      !before.some((whole) => prefixCovers(whole, part)));
  return [...bound.filter(stays), ...delegated];
}
