import { type Ipv6Prefix, prefixCovers } from "../wire/address.ts";
import type { RegisteredBinding } from "./binding_cache.ts";
import type { Ipv4HomeAddresses } from "./ipv4_home_addresses.ts";
import type { MobileNodeEntry } from "./settings.ts";

/**
 * A binding under a configuration that gives its mobile node something else: less what is not the node's any more. (What it may
 * have beside, its next Binding Update asks for.) The same object where it can stay as it is.
 * @param delegated prefixes that are delegated to its home address
 */
export function bindingUnder(
  node: Pick<MobileNodeEntry, "mobileNetworkPrefixes" | "ipv4HomeAddress">,
  binding: RegisteredBinding,
  { delegated, ipv4 }: { readonly delegated: readonly Ipv6Prefix[]; readonly ipv4: Ipv4HomeAddresses },
): RegisteredBinding {
  const allowed = [...node.mobileNetworkPrefixes, ...delegated];
  const prefixes = binding.prefixes.filter((part) => allowed.some((whole) => prefixCovers(whole, part)));
  const ipv4HomeAddresses = binding.ipv4HomeAddresses.filter((granted) =>
    ipv4.isStillGranted(granted, binding.homeAddress, node.ipv4HomeAddress)
  );
  const isSame = prefixes.length === binding.prefixes.length &&
    ipv4HomeAddresses.length === binding.ipv4HomeAddresses.length;
  return isSame ? binding : { ...binding, prefixes, ipv4HomeAddresses };
}
