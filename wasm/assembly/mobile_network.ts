import {
  MOBILE_NETWORK_PREFIX_COUNT,
  MOBILE_NETWORK_PREFIX_OCTETS,
  MOBILE_NETWORK_PREFIXES,
  OWN_ADDRESS,
  OWN_IPV4_ADDRESS,
  OWN_IPV4_MASK,
} from "../memory_map";
import { isSameAddress } from "./inner_packet";

/** Mobile node: is the address at `key` the home address of its version, or in a mobile network? */
@inline
export function isOwn(key: usize, isVersion6: bool): bool {
  if (isVersion6) return isSameAddress(key, OWN_ADDRESS) || isInMobileNetwork(key);
  const own = load<u32>(OWN_IPV4_ADDRESS);
  return own != 0 && ((load<u32>(key, 12) ^ own) & load<u32>(OWN_IPV4_MASK)) == 0;
}

function isInMobileNetwork(key: usize): bool {
  const end: usize = MOBILE_NETWORK_PREFIXES + load<u32>(MOBILE_NETWORK_PREFIX_COUNT) * MOBILE_NETWORK_PREFIX_OCTETS;
  for (let prefix: usize = MOBILE_NETWORK_PREFIXES; prefix < end; prefix += MOBILE_NETWORK_PREFIX_OCTETS) {
    const high = (load<u64>(key) ^ load<u64>(prefix)) & load<u64>(prefix, 16);
    const low = (load<u64>(key, 8) ^ load<u64>(prefix, 8)) & load<u64>(prefix, 24);
    if ((high | low) == 0) return true;
  }
  return false;
}
