import { assert, assertEquals } from "@std/assert";
import { clockMs } from "../../../cli/lab/clock.ts";
import { Lab } from "../../../cli/lab/lab.ts";
import { Mesh } from "../../../cli/lab/mesh/mesh.ts";
import { bothWays } from "../../../cli/lab/mesh/plan.ts";
import { figuresOf } from "../../../cli/lab/mesh/record.ts";
import { rootTest } from "../support.ts";

const LIMIT_MS = 10_000;
/** Those to the right. */
const isCut = (flow: number) => flow % 2 === 0;

rootTest(
  "one program sends flows of both families between namespaces, and a cut cable is counted",
  async () => {
    const lab = await Lab.open(new AbortController().signal);
    try {
      await lab.network.build({
        nodes: [
          { name: "core" },
          { name: "left", addresses: [["eth0", "192.0.2.1/24"], ["eth0", "2001:db8::1/64"]] },
          { name: "right", addresses: [["eth0", "192.0.2.2/24"], ["eth0", "2001:db8::2/64"]] },
        ],
        links: [[["left", "eth0"], ["right", "eth0"]]],
      });
      const end = (node: string, address: string, port: number) => (
        { namespace: lab.network.namespace(node), address, port }
      );
      const mesh = await Mesh.start(lab, {
        intervalMs: 10,
        flows: [
          ...bothWays(end("left", "2001:db8::1", 9006), end("right", "2001:db8::2", 9006)),
          ...bothWays(end("left", "192.0.2.1", 9004), end("right", "192.0.2.2", 9004)),
        ],
      });
      /** Until so many have come of each flow that nobody cuts, of those that are sent from now on. */
      const more = async (count: number) => {
        const sinceMs = clockMs();
        const isThere = () =>
          mesh.record().flows.every(({ arrivals }, flow) =>
            isCut(flow) || arrivals.filter(({ sentMs }) => sentMs > sinceMs).length >= count
          );
        await lab.until(`${count} packets`, LIMIT_MS, isThere);
      };
      await more(30);
      // Only what goes to the right is lost: a rule of the node, not the cable, so that nobody notices.
      await lab.exec("right", [
        "nft",
        "add table inet t; add chain inet t in { type filter hook input priority 0; }",
      ]);
      await lab.exec("right", ["nft", "add rule inet t in udp dport { 9004, 9006 } drop"]);
      await more(20);
      await lab.exec("right", ["nft", "delete table inet t"]);
      await more(30);
      const record = await mesh.end();
      const figures = record.flows.map(figuresOf);
      assertEquals(record.damaged, 0);
      for (const [flow, { sent, lost, longestGapMs, duplicated, misdelivered }] of figures.entries()) {
        assert(sent >= 60, `${sent} sent of flow ${flow}`);
        assertEquals([duplicated, misdelivered], [0, 0]);
        assert(isCut(flow) ? lost >= 15 : lost === 0, `${lost} lost of flow ${flow}`);
        // On a machine that stands still for a while, the others have gaps, too.
        if (isCut(flow)) assert(longestGapMs > 150, `gap of ${longestGapMs} ms in flow ${flow}`);
      }
    } finally {
      await lab.close();
    }
  },
);
