import { assert, assertEquals } from "@std/assert";
import {
  configureHomeAgent,
  configureMobileNode,
  type HomeAgentAnswer,
  type HomeAgentDaemon,
  type HomeAgentOptions,
} from "../../cli/lab/daemons.ts";
import { dsmipCommand, type Lab } from "../../cli/lab/lab.ts";
import type { Topology } from "../../cli/lab/network.ts";
import { runProgram } from "../../cli/lab/process.ts";
import { runFlow } from "../../cli/lab/traffic.ts";
import { labTest } from "./support.ts";

/* mn ---- ha ---- cn: reloads of both daemons, by command and by SIGHUP. */

const TOPOLOGY: Topology = {
  nodes: [
    { name: "ha", router: true, addresses: [["access", "203.0.113.1/24"], ["cn", "2001:db8:200::1/64"]] },
    { name: "cn", addresses: [["eth0", "2001:db8:200::10/64"]], routes: [["::/0", "2001:db8:200::1"]] },
    { name: "mn", ipv4Only: ["eth0"], addresses: [["eth0", "203.0.113.10/24"]] },
  ],
  links: [[["ha", "access"], ["mn", "eth0"]], [["ha", "cn"], ["cn", "eth0"]]],
};
const MOBILE_NODE = { identity: "mn@example.org", homeAddress: "2001:db8:100::100", spi: 1000 };
const HOME_AGENT: HomeAgentOptions = {
  node: "ha",
  ipv6Address: "2001:db8:100::1",
  ipv4Address: "203.0.113.1",
  homePrefix: "2001:db8:100::/64",
  natRefreshSeconds: 25,
  mobileNodes: [MOBILE_NODE],
};
const LIMIT_MS = 15_000;

async function open(lab: Lab) {
  await lab.network.build(TOPOLOGY);
  const homeAgent = await configureHomeAgent(lab, HOME_AGENT);
  const mobileNode = await configureMobileNode(lab, {
    name: "mn",
    node: "mn",
    mobileNode: MOBILE_NODE,
    homeAgent: HOME_AGENT,
  });
  homeAgent.start();
  await homeAgent.ready(LIMIT_MS);
  return { homeAgent, mobileNode };
}

async function rewrite(lab: Lab, name: string, change: (text: string) => string): Promise<void> {
  const file = lab.path(`${name}.toml`);
  const text = await Deno.readTextFile(file);
  assert(change(text) !== text, "the test changes nothing");
  await Deno.writeTextFile(file, change(text));
}

function reload(lab: Lab, kind: "ha" | "mn") {
  return runProgram(dsmipCommand(kind, "reload", "--config", lab.path(`${kind}.toml`)), {
    signal: lab.signal,
  });
}

async function identities(homeAgent: HomeAgentDaemon): Promise<string[]> {
  return (await homeAgent.ask())?.bindings.map(({ identity }) => identity) ?? [];
}

labTest("lab: a home agent takes a changed configuration over, and nothing of a wrong one", async (lab) => {
  const { homeAgent, mobileNode } = await open(lab);
  const entry = (await Deno.readTextFile(lab.path("ha.toml"))).split("[[mobile_node]]")[1];
  await rewrite(lab, "ha", (text) => text.split("[[mobile_node]]")[0]);
  assertEquals(await reload(lab, "ha").then(({ code, stdout }) => [code, stdout]), [0, "reloaded\n"]);
  mobileNode.start();
  // Added, with something that needs a restart.
  await rewrite(lab, "ha", (text) => `${text.replace("\n", "\nport = 5000\n")}[[mobile_node]]${entry}`);
  const added = await reload(lab, "ha");
  assertEquals([added.code, added.stdout], [0, "reloaded\nchanged, but needs a restart: home_agent.port\n"]);
  await mobileNode.until("registered", LIMIT_MS, ({ state }) => state === "registered");

  // A mistake: by command and by signal.
  await rewrite(lab, "ha", (text) => text.replace("spi = 1000", "spi = 10"));
  const wrong = await reload(lab, "ha");
  assertEquals([wrong.code, wrong.stdout], [1, ""]);
  assert(/ha\.toml:\d+: \[\[mobile_node\]\] 1 spi = 10: must be/.test(wrong.stderr), wrong.stderr);
  Deno.kill(homeAgent.pid!, "SIGHUP");
  await lab.until(
    "the mistake in the log",
    LIMIT_MS,
    () => /error +configuration not reloaded +error=.*spi = 10: must be/.test(homeAgent.log()),
  );
  assertEquals(await identities(homeAgent), [MOBILE_NODE.identity]);

  // Removed, by signal: the binding goes at once, and its place in the data path.
  await rewrite(lab, "ha", (text) => text.split("[[mobile_node]]")[0]);
  Deno.kill(homeAgent.pid!, "SIGHUP");
  await homeAgent.until("no binding", LIMIT_MS, ({ bindings }) => bindings.length === 0);
});

labTest("lab: keys are rolled while traffic flows both ways, and no packet is lost", async (lab) => {
  const { homeAgent, mobileNode } = await open(lab);
  mobileNode.start();
  const hasSpi = (spi: number) => ({ bindings }: HomeAgentAnswer) => bindings.some((one) => one.spi === spi);
  await homeAgent.until("the binding", LIMIT_MS, hasSpi(1000));
  const usual = { packetOctets: 200, intervalMs: 5, seconds: 8 };
  const down = { from: "cn", to: "mn", address: MOBILE_NODE.homeAddress };
  const up = { from: "mn", to: "cn", address: "2001:db8:200::10" };
  const flows = Promise.all([
    runFlow(lab, { ...usual, way: down, port: 5001 }),
    runFlow(lab, { ...usual, way: up, port: 5002 }),
  ]);
  await lab.writeFile("next.key", "5a".repeat(32));
  // The home agent takes both, the mobile node the next, the home agent the next only.
  await rewrite(
    lab,
    "ha",
    (text) =>
      text.replace(
        'spi = 1000\nkey_file = "mn.key"',
        'spi = 1001\nkey_file = "next.key"\n' +
          'previous_spi = 1000\nprevious_key_file = "mn.key"',
      ),
  );
  assertEquals((await reload(lab, "ha")).code, 0);
  await rewrite(
    lab,
    "mn",
    (text) => text.replace('spi = 1000\nkey_file = "mn.key"', 'spi = 1001\nkey_file = "next.key"'),
  );
  assertEquals((await reload(lab, "mn")).code, 0);
  await homeAgent.until("the next key", LIMIT_MS, hasSpi(1001));
  await rewrite(lab, "ha", (text) => text.replace('previous_spi = 1000\nprevious_key_file = "mn.key"', ""));
  assertEquals((await reload(lab, "ha")).code, 0);
  for (const { received, lost, duplicated } of await flows) {
    assertEquals({ received, lost, duplicated }, { received: 1600, lost: 0, duplicated: 0 });
  }
  // Who still comes with the old key is nobody.
  const before = (await mobileNode.ask())!.sequenceNumber;
  await rewrite(
    lab,
    "mn",
    (text) => text.replace('spi = 1001\nkey_file = "next.key"', 'spi = 1000\nkey_file = "mn.key"'),
  );
  assertEquals((await reload(lab, "mn")).code, 0);
  const { answer } = await mobileNode.until(
    "two more updates",
    LIMIT_MS,
    ({ sequenceNumber }) => (sequenceNumber - before & 0xffff) >= 2,
  );
  const [binding] = (await homeAgent.ask())!.bindings;
  assertEquals([binding.spi, (answer.sequenceNumber - binding.sequenceNumber & 0xffff) >= 2], [1001, true]);
});

labTest("lab: a mobile node takes another lifetime over, by its next Binding Update at once", async (lab) => {
  const { mobileNode } = await open(lab);
  mobileNode.start();
  await mobileNode.until("registered", LIMIT_MS, ({ state }) => state === "registered");
  await rewrite(lab, "mn", (text) => text.replace("\n", "\nlifetime_seconds = 60\nlocal_port = 5000\n"));
  const answer = await reload(lab, "mn");
  assertEquals([answer.code, answer.stdout], [
    0,
    "reloaded\nchanged, but needs a restart: mobile_node.local_port\n",
  ]);
  await mobileNode.until("its lifetime", LIMIT_MS, ({ lifetimeSeconds }) => lifetimeSeconds === 60);
  await rewrite(lab, "mn", (text) => text.replace("lifetime_seconds = 60", "lifetime_seconds = 120"));
  Deno.kill(mobileNode.pid!, "SIGHUP");
  await mobileNode.until("its lifetime", LIMIT_MS, ({ lifetimeSeconds }) => lifetimeSeconds === 120);
});
