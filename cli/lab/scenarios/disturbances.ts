import type { Step } from "../scenario.ts";
import { snapshotDifference, takeSnapshot } from "../snapshot.ts";
import { ping, timeToAnswer } from "../traffic.ts";
import { NAT_REFRESH_SECONDS, type Stage } from "./stage.ts";
import { ACCESS_IPV4, FIRST_MOBILE_NODE } from "./topology.ts";

const REFUSAL_LIMIT_MS = 10_000;
/** The mobile node is silent until its next keepalive: only then the NAT lets calls in again. */
const FLUSH_LIMIT_MS = NAT_REFRESH_SECONDS * 1000 + 2000;
/** Traffic on a port that the home agent does not know is answered at once. */
const REBINDING_LIMIT_MS = 3000;
const NEW_PORTS = { first: 40_000, last: 49_999 };
/** The start of the program, and what it takes the mobile node to find out. */
const RESTART_LIMIT_MS = 10_000;

export const refuseWrongKey: Step = {
  title: "Somebody with a wrong key tries to register as the second mobile node",
  async run({ checks, homeAgent, strangerWithWrongKey: stranger }) {
    stranger.start();
    await stranger.until("refusal", REFUSAL_LIMIT_MS, ({ lastRefusal }) => lastRefusal !== null);
    const answer = await stranger.ask();
    checks.holds(
      "wrong key: not registered",
      answer !== undefined && answer.state !== "registered",
      answer?.state,
    );
    const bindings = (await homeAgent.ask())?.bindings ?? [];
    checks.equal("wrong key: bindings at the home agent", bindings.length, 1, "binding");
    checks.holds("wrong key: the home agent's log tells", homeAgent.log().includes("binding update refused"));
    await stranger.end("SIGTERM");
  },
};

export const flushNat: Step = {
  title: "The NAT forgets its state; the correspondent keeps calling",
  async run({ lab, checks, nat, toMobileNode }) {
    const mappings = await nat.flush(4191);
    if (mappings !== undefined) {
      checks.atLeast("NAT's mappings before the flush", mappings.before, 1, "mappings");
      checks.equal("NAT's mappings after the flush", mappings.after, 0, "mappings");
    }
    const tookMs = await timeToAnswer(lab, toMobileNode, FLUSH_LIMIT_MS + 10_000);
    checks.atMost("traffic back after the NAT's flush", tookMs, FLUSH_LIMIT_MS, "ms");
  },
};

export const rebindNat: Step = {
  title: "The NAT forgets its state and gives other ports; the mobile node keeps calling",
  async run({ lab, checks, nat, homeAgent, toMobileNode, toCorrespondent }) {
    await nat.flush(4191, `${NEW_PORTS.first}-${NEW_PORTS.last}`);
    const tookMs = await timeToAnswer(lab, toCorrespondent, REBINDING_LIMIT_MS + 10_000);
    checks.atMost("traffic back after other ports", tookMs, REBINDING_LIMIT_MS, "ms");
    const binding = (await homeAgent.ask())?.bindings.find(({ homeAddress }) =>
      homeAddress === FIRST_MOBILE_NODE.homeAddress
    );
    const followed = binding !== undefined && binding.careOfAddress === ACCESS_IPV4 &&
      binding.port >= NEW_PORTS.first && binding.port <= NEW_PORTS.last;
    checks.holds("the home agent has followed to the new port", followed, String(binding?.port));
    const { received, sent } = await ping(lab, toMobileNode, 5);
    checks.equal("ping to the home address on the new port", received, sent, "answers");
  },
};

export const restartHomeAgent: Step = {
  title: "Restart the home agent: SIGTERM, then SIGKILL",
  async run(stage) {
    const { lab, checks, homeAgent, toMobileNode, toCorrespondent } = stage;
    stage.restartsBegin = Date.now() / 1000;
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      const { code } = await homeAgent.end(signal);
      await checkTraces(stage, "ha", signal, code);
      homeAgent.start();
      const tookMs = await timeToAnswer(lab, toCorrespondent, RESTART_LIMIT_MS + 10_000);
      checks.atMost(
        `traffic back after the home agent's restart (${signal})`,
        tookMs,
        RESTART_LIMIT_MS,
        "ms",
      );
    }
    const { received, sent } = await ping(lab, toMobileNode, 5);
    checks.equal("ping to the home address after the restarts", received, sent, "answers");
  },
};

export const restartMobileNode: Step = {
  title: "Restart the mobile node: SIGTERM, then SIGKILL",
  async run(stage) {
    const { lab, checks, mobileNode, toMobileNode } = stage;
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      const { code } = await mobileNode.end(signal);
      await checkTraces(stage, "mn", signal, code);
      mobileNode.start();
      const tookMs = await timeToAnswer(lab, toMobileNode, RESTART_LIMIT_MS + 10_000);
      checks.atMost(
        `traffic back after the mobile node's restart (${signal})`,
        tookMs,
        RESTART_LIMIT_MS,
        "ms",
      );
    }
  },
};

/** After SIGTERM nothing is left; after SIGKILL at least no nft table and no TUN. */
async function checkTraces(stage: Stage, node: "ha" | "mn", signal: "SIGTERM" | "SIGKILL", code: number) {
  const { lab, checks } = stage;
  const title = node === "ha" ? "home agent" : "mobile node";
  const left = snapshotDifference(stage.remembered(node), await takeSnapshot(lab.network, node));
  if (signal === "SIGTERM") {
    checks.equal(`${title}: exit status after SIGTERM`, code, 0);
    checks.equal(`${title}: left behind after SIGTERM`, left.join(", ") || "nothing", "nothing");
  } else {
    const worst = left.filter((line) => line.startsWith("+ nft") || line.startsWith("+ link"));
    checks.equal(`${title}: nft tables and links after SIGKILL`, worst.join(", ") || "none", "none");
  }
}
