import { assertEquals } from "@std/assert";
import { Network, OUTER_DEVICE, type Underlay } from "../../bench/tunnels/network.ts";
import { isThere } from "../../bench/tunnels/tools.ts";

const isPossible = Deno.uid() === 0 && ["ip", "ethtool"].every(isThere);

/** Whether it merges what arrives, as ethtool(8) says it. A veth as it comes depends on the kernel. */
const MERGES: readonly (readonly [Underlay, string])[] = [["wire", "off"], ["wire-gro", "on"]];

for (const [underlay, merges] of MERGES) {
  Deno.test({
    name: `bench:tunnels: the underlay ${underlay} cuts and merges as it says (root, with ethtool)`,
    ignore: !isPossible,
    fn: async () => {
      const network = new Network(false, new AbortController().signal);
      try {
        await network.build(underlay);
        for (const end of ["a", "b"] as const) {
          const features = await network.exec(end, ["ethtool", "-k", OUTER_DEVICE]);
          const isOn = (name: string) => features.match(new RegExp(`^\\s*${name}: (on|off)`, "m"))?.[1];
          const cuts = ["tcp-segmentation-offload", "generic-segmentation-offload", "tx-udp-segmentation"]
            .map(
              isOn,
            );
          assertEquals(new Set(cuts), new Set(["off"]), `${end}: ${features}`);
          assertEquals(isOn("generic-receive-offload"), merges, `${end}: ${features}`);
        }
      } finally {
        await network.remove();
      }
    },
  });
}
