import { assertEquals } from "@std/assert";
import { Network, OUTER_DEVICE, type Underlay, UNDERLAYS } from "../../bench/tunnels/network.ts";
import { isThere } from "../../bench/tunnels/tools.ts";

const isPossible = Deno.uid() === 0 && ["ip", "ethtool"].every(isThere);

/** What a device does with frames, as ethtool(8) says it; a veth as it comes depends on the kernel. */
const EXPECTED: Readonly<Record<Exclude<Underlay, "veth">, Readonly<Record<string, string>>>> = {
  "wire": { cuts: "off", merges: "off" },
  "wire-gro": { cuts: "off", merges: "on" },
};

for (const underlay of UNDERLAYS) {
  if (underlay === "veth") continue;
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
          assertEquals(new Set(cuts), new Set([EXPECTED[underlay].cuts]), `${end}: ${features}`);
          assertEquals(isOn("generic-receive-offload"), EXPECTED[underlay].merges, `${end}: ${features}`);
        }
      } finally {
        await network.remove();
      }
    },
  });
}
