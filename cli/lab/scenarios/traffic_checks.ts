import type { Step } from "../scenario.ts";
import { measureThroughput, ping, runFlow, runTransfer } from "../traffic.ts";
import { CORRESPONDENT_IPV4 } from "./topology.ts";

const PINGS = 10;
const FLOW = { packetOctets: 250, intervalMs: 5, seconds: 10 } as const;
const FLOW_PACKETS = FLOW.seconds * 1000 / FLOW.intervalMs;
/** A busy machine may give a daemon no processor time for a while. */
const LONGEST_GAP_MS = 2000;
const THROUGHPUT_SECONDS = 2;
/** Far below what any machine does: the figure is to be read, the limit only catches a broken path. */
const THROUGHPUT_LIMIT_MBITS = 10;
const TRANSFER_OCTETS = 16 * 1024 * 1024;

export const pingBothWays: Step = {
  title: "Ping between the correspondent and the home address, both ways",
  async run({ lab, checks, toMobileNode, toCorrespondent }) {
    const [down, up] = await Promise.all([ping(lab, toMobileNode, PINGS), ping(lab, toCorrespondent, PINGS)]);
    checks.equal("ping correspondent to home address", down.received, PINGS, "answers");
    checks.equal("ping home address to correspondent", up.received, PINGS, "answers");
    checks.atMost("round trip through the tunnel", down.averageMs, 50, "ms");
  },
};

export const flowBothWays: Step = {
  title: "Send 250-octet packets every 5 ms for 10 s, both ways at once",
  async run({ lab, checks, toMobileNode, toCorrespondent }) {
    const flows = [
      { way: toMobileNode, port: 9001, to: "to the mobile node" },
      { way: toCorrespondent, port: 9002, to: "to the correspondent" },
    ];
    const results = await Promise.all(flows.map((flow) => runFlow(lab, { ...FLOW, ...flow })));
    results.forEach((result, index) => {
      const { to } = flows[index];
      checks.equal(`flow ${to}: lost of ${FLOW_PACKETS}`, result.lost, 0, "packets");
      checks.equal(`flow ${to}: duplicated or damaged`, result.duplicated + result.wrongLength, 0, "packets");
      checks.atMost(`flow ${to}: longest gap`, result.longestGapMs, LONGEST_GAP_MS, "ms");
    });
  },
};

export const transferOverTcp: Step = {
  title: "Transfer over TCP: without the tunnel, through it, and checksums at the far end",
  async run({ lab, checks, toMobileNode, toCorrespondent }) {
    const seconds = THROUGHPUT_SECONDS;
    const bareWay = { ...toCorrespondent, address: CORRESPONDENT_IPV4 };
    const limit = THROUGHPUT_LIMIT_MBITS;
    const bare = await measureThroughput(lab, bareWay, 5201, seconds);
    checks.atLeast("TCP over the same links without the tunnel", bare, limit, "Mbit/s");
    const up = await measureThroughput(lab, toCorrespondent, 5202, seconds);
    checks.atLeast("TCP home address to correspondent", up, limit, "Mbit/s");
    const down = await measureThroughput(lab, toMobileNode, 5203, seconds);
    checks.atLeast("TCP correspondent to home address", down, limit, "Mbit/s");
    for (
      const [way, port, name] of [[toCorrespondent, 5204, "to the correspondent"], [
        toMobileNode,
        5205,
        "to the mobile node",
      ]] as const
    ) {
      const { received, same } = await runTransfer(lab, way, port, TRANSFER_OCTETS);
      checks.equal(`TCP transfer ${name}: octets`, received.octets, TRANSFER_OCTETS, "octets");
      checks.holds(`TCP transfer ${name}: SHA-256 the same at the far end`, same);
    }
  },
};
