import { OUTER } from "../network.ts";
import { INNER_IPV6, type Tunnel } from "../tunnel.ts";

const DEVICE = "bench0";
const MTU = 1440;

/** Debian's quicktun reads IFACE and IF_QT_..., as from ifupdown, not the names of its own documentation. */
export const quicktun: Tunnel = {
  name: "quicktun",
  about: "QuickTun, protocol raw: no encryption",
  innerMtu: MTU,
  roams: true,
  needs: [{ program: "quicktun", package: "quicktun" }],
  addresses: INNER_IPV6,
  prepare: (site) =>
    Promise.resolve(async () => {
      const started = ([["b", "a"], ["a", "b"]] as const).map(([end, other]) => {
        const settings = [
          `IFACE=${DEVICE}`,
          "IF_QT_TUN_MODE=1",
          "IF_QT_PROTOCOL=raw",
          "IF_QT_LOCAL_PORT=2998",
          `IF_QT_REMOTE_ADDRESS=${OUTER[other]}`,
          "IF_QT_REMOTE_PORT=2998",
          ...(end === "b" ? ["IF_QT_REMOTE_FLOAT=1"] : []),
        ];
        return { end, child: site.start(end, `quicktun-${end}`, ["env", ...settings, "quicktun"]) };
      });
      for (const { end, child } of started) {
        await site.address(end, child, DEVICE, INNER_IPV6[end], `mtu ${MTU}`);
      }
    }),
};
