import { MOBILE_NETWORK_PREFIX_COUNT, MOBILE_NETWORK_PREFIX_OCTETS, MOBILE_NETWORK_PREFIXES } from "../memory_map";

/** Mobile node: is the IPv6 address at `key` in one of its mobile networks? */
export function isInMobileNetwork(key: usize): bool {
  const end: usize = MOBILE_NETWORK_PREFIXES + load<u32>(MOBILE_NETWORK_PREFIX_COUNT) * MOBILE_NETWORK_PREFIX_OCTETS;
  for (let prefix: usize = MOBILE_NETWORK_PREFIXES; prefix < end; prefix += MOBILE_NETWORK_PREFIX_OCTETS) {
    const high = (load<u64>(key) ^ load<u64>(prefix)) & load<u64>(prefix, 16);
    const low = (load<u64>(key, 8) ^ load<u64>(prefix, 8)) & load<u64>(prefix, 24);
    if ((high | low) == 0) return true;
  }
  return false;
}
