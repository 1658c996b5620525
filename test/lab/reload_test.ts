import { assert, assertEquals } from "@std/assert";
import type { HomeAgentAnswer, HomeAgentDaemon } from "../../cli/lab/daemons.ts";
import { runFlow } from "../../cli/lab/traffic.ts";
import { LIMIT_MS, MOBILE_NODE, openStage, reload, rewrite } from "./reload_stage.ts";
import { labTest } from "./support.ts";

/* Reloads of both daemons, by command and by SIGHUP. */

async function identities(homeAgent: HomeAgentDaemon): Promise<string[]> {
  return (await homeAgent.ask())?.bindings.map(({ identity }) => identity) ?? [];
}

labTest("lab: a home agent takes a changed configuration over, and nothing of a wrong one", async (lab) => {
  const { homeAgent, mobileNode } = await openStage(lab, "ipv4");
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
  const { homeAgent, mobileNode } = await openStage(lab, "ipv4");
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
  const { mobileNode } = await openStage(lab, "ipv4");
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

labTest(
  "lab: a mobile router that was killed comes back as a mobile node at once, though its binding stands",
  async (lab) => {
    const { homeAgent, mobileNode } = await openStage(lab, "ipv4");
    mobileNode.start();
    await homeAgent.until(
      "the router's network",
      LIMIT_MS,
      ({ bindings }) => bindings.some((one) => one.mobileNetworkPrefixes.length === 1),
    );
    await mobileNode.end("SIGKILL");
    await rewrite(
      lab,
      "mn",
      (text) => text.replace(/^mobile_network_prefixes.*$/m, "").replace(/^ipv4_home_address.*$/m, ""),
    );
    mobileNode.start();
    await mobileNode.until("registered", LIMIT_MS, ({ state }) => state === "registered");
    const [binding] = (await homeAgent.ask())!.bindings;
    assertEquals(binding.mobileNetworkPrefixes, []);
  },
);
