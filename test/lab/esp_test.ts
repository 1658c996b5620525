import { assertEquals, assertNotEquals } from "@std/assert";
import {
  configureHomeAgent,
  configureMobileNode,
  type HomeAgentAnswer,
  type HomeAgentOptions,
} from "../../cli/lab/daemons.ts";
import { dsmipCommand, type Lab } from "../../cli/lab/lab.ts";
import type { Topology } from "../../cli/lab/network.ts";
import { Nat } from "../../cli/lab/nat.ts";
import { runProgram } from "../../cli/lab/process.ts";
import { runFlow, timeToAnswer } from "../../cli/lab/traffic.ts";
import { labTest } from "./support.ts";

/* mn ---- router (NAT for IPv4) ---- ha ---- cn: the signalling of both families under ESP, by the real programs. */

const DEFAULT_IPV4 = ["0.0.0.0/0", "192.168.1.1"] as const;
const topology = (family: "ipv4" | "ipv6"): Topology => ({
  nodes: [
    {
      name: "ha",
      router: true,
      addresses: [
        ["access", "203.0.113.1/24"],
        ["access", "2001:db8:1::1/64"],
        ["cn", "2001:db8:200::1/64"],
      ],
      routes: [["2001:db8:2::/64", "2001:db8:1::2"]],
    },
    { name: "cn", addresses: [["eth0", "2001:db8:200::10/64"]], routes: [["::/0", "2001:db8:200::1"]] },
    {
      name: "router",
      router: true,
      addresses: [
        ["out", "203.0.113.2/24"],
        ["out", "2001:db8:1::2/64"],
        ["in", "192.168.1.1/24"],
        ["in", "2001:db8:2::1/64"],
      ],
      routes: [["2001:db8:100::/64", "2001:db8:1::1"]],
    },
    family === "ipv4"
      ? { name: "mn", ipv4Only: ["eth0"], addresses: [["eth0", "192.168.1.10/24"]], routes: [DEFAULT_IPV4] }
      : { name: "mn", addresses: [["eth0", "2001:db8:2::10/64"]], routes: [["::/0", "2001:db8:2::1"]] },
  ],
  links: [
    [["ha", "access"], ["router", "out"]],
    [["ha", "cn"], ["cn", "eth0"]],
    [["router", "in"], ["mn", "eth0"]],
  ],
});
const HOME_ADDRESS = "2001:db8:100::100";
const HOME_AGENT_ADDRESS = "2001:db8:100::1";
const ESP_FILE = "mn.esp";
const MOBILE_NODE = {
  identity: "mn@example.org",
  homeAddress: HOME_ADDRESS,
  spi: 1000,
  espFile: ESP_FILE,
};
const HOME_AGENT: HomeAgentOptions = {
  node: "ha",
  ipv6Address: HOME_AGENT_ADDRESS,
  ipv4Address: "203.0.113.1",
  homePrefix: "2001:db8:100::/64",
  natRefreshSeconds: 25,
  mobileNodes: [MOBILE_NODE],
};
const LIMIT_MS = 15_000;

/** Both directions, with SPIs `spi` and `spi + 1`. */
function pair(spi: number, more = ""): string {
  const table = (offset: number, source: string, destination: string) =>
    `[[security_association]]
spi = ${spi + offset}
source = "${source}"
destination = "${destination}"
algorithm = "aes-gcm-16"
encryption_key = "${crypto.getRandomValues(new Uint8Array(20)).toHex()}"
${more}
`;
  return table(0, HOME_ADDRESS, HOME_AGENT_ADDRESS) + table(1, HOME_AGENT_ADDRESS, HOME_ADDRESS);
}

/** @param first what the home agent has in place of esp_file when it starts */
async function open(lab: Lab, family: "ipv4" | "ipv6", first?: string) {
  await lab.network.build(topology(family));
  await new Nat(lab, "router", "out", "203.0.113.1").start();
  const file = lab.path(ESP_FILE);
  await Deno.writeTextFile(file, pair(5000), { mode: 0o600 });
  const homeAgent = await configureHomeAgent(lab, HOME_AGENT);
  const mobileNode = await configureMobileNode(lab, {
    name: "mn",
    node: "mn",
    mobileNode: MOBILE_NODE,
    homeAgent: HOME_AGENT,
  });
  if (first !== undefined) await rewrite(lab.path("ha.toml"), (text) => text.replace(/esp_file.*/, first));
  homeAgent.start();
  await homeAgent.ready(LIMIT_MS);
  return { homeAgent, mobileNode, file };
}

async function rewrite(path: string, change: (text: string) => string): Promise<void> {
  const text = await Deno.readTextFile(path);
  assertNotEquals(change(text), text, "the test changes nothing");
  await Deno.writeTextFile(path, change(text));
}

async function reload(lab: Lab, kind: "ha" | "mn"): Promise<void> {
  const command = dsmipCommand(kind, "reload", "--config", lab.path(`${kind}.toml`));
  const { code, stderr } = await runProgram(command, { signal: lab.signal });
  assertEquals(code, 0, stderr);
}

const hasSpi = (spi: number) => ({ bindings }: HomeAgentAnswer) => bindings.some((one) => one.spi === spi);

labTest(
  "lab: under ESP the NAT is found, traffic flows, and the binding outlasts both daemons",
  async (lab) => {
    const withKey = `spi = 1000\nkey_file = "mn.key"`;
    const { homeAgent, mobileNode } = await open(lab, "ipv4", withKey);
    // ESP comes to a home agent that runs, and that had nobody with it.
    await rewrite(lab.path("ha.toml"), (text) => text.replace(withKey, `esp_file = "${ESP_FILE}"`));
    await reload(lab, "ha");
    mobileNode.start();
    const { answer } = await homeAgent.until("the binding", LIMIT_MS, hasSpi(5000));
    const [binding] = answer.bindings;
    assertEquals([binding.natDetected, binding.encapsulation], [true, "udp"]);
    await mobileNode.until("registered", LIMIT_MS, ({ state }) => state === "registered");
    const down = { from: "cn", to: "mn", address: HOME_ADDRESS };
    const flow = await runFlow(lab, { way: down, port: 5001, packetOctets: 200, intervalMs: 10, seconds: 1 });
    assertEquals([flow.received, flow.lost], [100, 0]);
    const warnings = () => homeAgent.log().split("no ESP sequence numbers from before").length - 1;
    assertEquals(warnings(), 1);

    // Killed and started again, both go on with the numbers of the file, and the other end takes them.
    for (const daemon of [homeAgent, mobileNode]) {
      await daemon.end("SIGKILL");
      daemon.start();
      // The home agent that has forgotten says so to the traffic.
      await timeToAnswer(lab, { from: "mn", to: "cn", address: "2001:db8:200::10" }, LIMIT_MS);
      await homeAgent.until("the binding", LIMIT_MS, hasSpi(5000));
    }
    await mobileNode.until("registered", LIMIT_MS, ({ state }) => state === "registered");
    assertEquals(warnings(), 1);
  },
);

labTest(
  "lab: over IPv6 under ESP; keys are rolled by a file that both read again, and no packet is lost",
  async (lab) => {
    const { homeAgent, mobileNode, file } = await open(lab, "ipv6");
    mobileNode.start();
    const { answer } = await homeAgent.until("the binding", LIMIT_MS, hasSpi(5000));
    assertEquals(answer.bindings[0].encapsulation, "ipv6InIpv6");
    await mobileNode.until("registered", LIMIT_MS, ({ state }) => state === "registered");
    const down = { from: "cn", to: "mn", address: HOME_ADDRESS };
    const flow = runFlow(lab, { way: down, port: 5001, packetOctets: 200, intervalMs: 5, seconds: 6 });
    const old = await Deno.readTextFile(file);
    const validFrom = `valid_from = "${new Date(Date.now() + 3000).toISOString()}"`;
    const fresh = pair(6000, validFrom);
    await Deno.writeTextFile(file, old + fresh);
    await reload(lab, "ha");
    await reload(lab, "mn");
    await lab.until("the time of the new keys", LIMIT_MS, async () => {
      // A refresh at once, as a new setting makes one.
      await Deno.writeTextFile(
        lab.path("mn.toml"),
        (await Deno.readTextFile(lab.path("mn.toml"))).replace(
          /\n(lifetime_seconds = (\d+)\n)?/,
          (_all, _line, seconds) => `\nlifetime_seconds = ${Number(seconds ?? 60) + 4}\n`,
        ),
      );
      await reload(lab, "mn");
      return hasSpi(6000)((await homeAgent.ask()) ?? { bindings: [] });
    });
    await Deno.writeTextFile(file, fresh);
    await reload(lab, "ha");
    await reload(lab, "mn");
    const { received, lost, duplicated } = await flow;
    assertEquals({ received, lost, duplicated }, { received: 1200, lost: 0, duplicated: 0 });
    assertEquals((await mobileNode.ask())?.state, "registered");
  },
);
