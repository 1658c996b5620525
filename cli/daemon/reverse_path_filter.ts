import { readSysctl } from "../../ffi/sysctl.ts";
import type { SavedSysctls } from "./saved_sysctls.ts";

const STRICT = "1";
const LOOSE = "2";

/**
 * Lets in what comes to an interface from where other interfaces lead, as the tunnel's default route makes it of everything
 * that comes to an egress. The stricter of two settings counts, and loose is above strict (ip-sysctl, rp_filter).
 */
export function loosenReversePathFilter(sysctls: SavedSysctls, interfaceName: string): void {
  const filters = ["all", interfaceName].map((conf) => readSysctl(`net/ipv4/conf/${conf}/rp_filter`));
  if (filters.includes(STRICT) && !filters.includes(LOOSE)) {
    sysctls.set(`net/ipv4/conf/${interfaceName}/rp_filter`, LOOSE);
  }
}
