import type { HomeAgentSettings } from "../../core/control/settings.ts";
import type { IpFamily } from "../../ffi/netlink_ip.ts";
import { readSysctl } from "../../ffi/sysctl.ts";
import type { Log } from "./log.ts";
import type { SavedSysctls } from "./saved_sysctls.ts";

/** Of the whole host. That of IPv4 has a second name, net/ipv4/ip_forward. */
export const FORWARDING = { 6: "net/ipv6/conf/all/forwarding", 4: "net/ipv4/conf/all/forwarding" } as const;

/** Does this host forward any packets? */
export function isForwarding(): boolean {
  return Object.values(FORWARDING).some((key) => readSysctl(key) !== "0");
}

/** The families that a home agent forwards: IPv4 where a mobile node may get an IPv4 home address. */
export function forwardedFamilies(settings: HomeAgentSettings): readonly IpFamily[] {
  const { ipv4HomePrefix, ipv4NetworkPool, mobileNodes } = settings;
  const hasIpv4 = ipv4HomePrefix !== undefined || ipv4NetworkPool !== undefined ||
    mobileNodes.some(({ ipv4HomeAddress }) => ipv4HomeAddress !== undefined);
  return hasIpv4 ? [6, 4] : [6];
}

/**
 * Sees to it that the host forwards these families: switches that on where it is wanted, until `sysctls` gives it back, or
 * warns where it is off.
 */
export function seeToForwarding(
  families: readonly IpFamily[],
  { wanted, sysctls, log }: {
    readonly wanted: boolean;
    readonly sysctls: SavedSysctls;
    readonly log: Log;
  },
): void {
  for (const family of families) {
    const key = FORWARDING[family];
    if (readSysctl(key) !== "0") continue;
    if (wanted) {
      sysctls.set(key, "1");
      log.info(`IPv${family} forwarding switched on`, { key });
    } else {
      log.warning(`IPv${family} forwarding is off: no packets pass between mobile nodes and other hosts`, {
        command: `sysctl -w ${key}=1`,
      });
    }
  }
}
