import { runProgram } from "../../../cli/lab/process.ts";
import { OUTER, OUTER_DEVICE } from "../network.ts";
import { addressLines } from "../site.ts";
import { INNER_IPV6, type Tunnel } from "../tunnel.ts";

const DEVICE = "bench0";
const MTU = 1450;

/** What the kernel does by itself: Ethernet in UDP over IPv4, 50 octets more on every packet. */
export const vxlan: Tunnel = {
  name: "vxlan",
  about: "VXLAN of the kernel",
  innerMtu: MTU,
  needs: [],
  addresses: INNER_IPV6,
  prepare: async ({ network }) => {
    const probe = network.inside("a", [
      "ip",
      "link",
      "add",
      "probe0",
      "type",
      "vxlan",
      "id",
      "1",
      "dstport",
      "4789",
    ]);
    const { code } = await runProgram(probe);
    if (code !== 0) throw new Error("this kernel has no VXLAN");
    await network.ip("a", ["link delete probe0"]);
    return async () => {
      for (const [end, other] of [["b", "a"], ["a", "b"]] as const) {
        const ends = `local ${OUTER[end]} remote ${OUTER[other]} dstport 4789 dev ${OUTER_DEVICE}`;
        await network.ip(end, [
          `link add ${DEVICE} type vxlan id 42 ${ends}`,
          ...addressLines(DEVICE, INNER_IPV6[end], `mtu ${MTU}`),
        ]);
      }
    };
  },
};
