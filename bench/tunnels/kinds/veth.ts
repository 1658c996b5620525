import { OUTER_DEVICE } from "../network.ts";
import { addressLines } from "../site.ts";
import { INNER_IPV6, type Tunnel } from "../tunnel.ts";

/** No tunnel: IPv6 on the cable itself, the limit of iperf3 and of the kernel. */
export const veth: Tunnel = {
  name: "veth",
  about: "no tunnel, the cable itself",
  innerMtu: 1500,
  needs: [],
  addresses: INNER_IPV6,
  prepare: ({ network }) =>
    Promise.resolve(async () => {
      for (const end of ["b", "a"] as const) {
        await network.ip(end, addressLines(OUTER_DEVICE, INNER_IPV6[end], ""));
      }
    }),
};
