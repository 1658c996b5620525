import { startDhcpClient, startDhcpServer } from "../dhcp.ts";
import type { Step } from "../scenario.ts";
import { AnswerWatch, ping } from "../traffic.ts";
import { NAT_REFRESH_SECONDS, type Stage } from "./stage.ts";
import { ACCESS_NETWORK, FIRST_MOBILE_NODE, labTopology, SECOND_MOBILE_NODE } from "./topology.ts";

/** From the Binding Update to its acknowledgement; the limit leaves room for a busy machine. */
const REGISTRATION_LIMIT_MS = 1000;
/** How long we wait for a program to do what it is started for. */
const START_LIMIT_MS = 10_000;
/** From starting the program to a registered mobile node: about 200 ms, and room for a busy machine. */
const START_TO_REGISTERED_LIMIT_MS = 1000;

export const buildNetwork: Step = {
  title: "Build the network: home agent, correspondent, core, access network, two mobile nodes",
  async run({ lab, behindNat, nat }) {
    await lab.network.build(labTopology(behindNat ? "nat" : "public"));
    if (behindNat) await nat.start();
  },
};

export const giveAddresses: Step = {
  title: "Give the mobile nodes IPv4 addresses by DHCP",
  async run({ lab, behindNat, careOfAddresses }) {
    const lan = ACCESS_NETWORK[behindNat ? "nat" : "public"];
    await startDhcpServer(lab, {
      node: "access",
      interfaceName: "lan",
      router: `${lan}.1`,
      firstAddress: `${lan}.100`,
      lastAddress: `${lan}.199`,
    });
    const give = async (node: string) => careOfAddresses.set(node, await startDhcpClient(lab, node));
    await Promise.all(["mn", "mn2"].map(give));
  },
};

export const startHomeAgent: Step = {
  title: "Start the home agent",
  async run(stage) {
    await Promise.all(["ha", "mn", "mn2"].map((node) => stage.remember(node)));
    await Promise.all([stage.capture("ha"), stage.capture("mn")]);
    stage.homeAgent.start();
    await stage.homeAgent.ready(START_LIMIT_MS);
  },
};

export const registerMobileNode: Step = {
  title: "Start the mobile node: it registers its care-of address",
  async run(stage) {
    const { checks, homeAgent, mobileNode, careOfAddresses, behindNat } = stage;
    // Somebody is calling the home address already when the mobile node comes.
    const caller = new AnswerWatch(stage.lab, stage.toMobileNode, START_LIMIT_MS + 5000);
    mobileNode.start();
    const { tookMs, answer } = await mobileNode.until(
      "registration",
      START_LIMIT_MS + 5000,
      ({ state }) => state === "registered",
    );
    checks.atMost(
      "registration: Binding Update to acknowledgement",
      answer.registrationMs ?? NaN,
      REGISTRATION_LIMIT_MS,
      "ms",
    );
    checks.atMost("registration: from the start of the program", tookMs, START_TO_REGISTERED_LIMIT_MS, "ms");
    checks.equal(
      "registration: care-of address is the one from DHCP",
      answer.careOfAddress ?? "none",
      careOfAddresses.get("mn")!,
    );
    checks.equal("registration: NAT detected", String(answer.natDetected), String(behindNat));
    checks.equal(
      "registration: encapsulation",
      answer.encapsulation ?? "none",
      behindNat ? "udp" : "ipv6InIpv4",
    );
    checks.equal(
      "registration: seconds between keepalives",
      answer.keepaliveSeconds ?? "none",
      behindNat ? NAT_REFRESH_SECONDS : "none",
    );
    checks.equal("dsmip mn status --json: state", (await mobileNode.askByCommand()).state, "registered");
    const { bindings } = await homeAgent.askByCommand();
    checks.equal(
      "dsmip ha bindings --json: home addresses",
      bindings.map(({ homeAddress }) => homeAddress).join(" "),
      FIRST_MOBILE_NODE.homeAddress,
    );
    await caller.answered();
  },
};

export const registerSecondMobileNode: Step = {
  title: "Start a second mobile node beside the first",
  async run(stage) {
    const { checks, homeAgent, secondMobileNode } = stage;
    secondMobileNode.start();
    const registered = ({ state }: { state: string }) => state === "registered";
    const { answer } = await secondMobileNode.until("registration", START_LIMIT_MS, registered);
    checks.atMost(
      "second mobile node: registration",
      answer.registrationMs ?? NaN,
      REGISTRATION_LIMIT_MS,
      "ms",
    );
    const bindings = (await homeAgent.ask())?.bindings ?? [];
    const homes = [FIRST_MOBILE_NODE, SECOND_MOBILE_NODE].map(({ homeAddress }) => homeAddress);
    checks.equal(
      "second mobile node: bindings at the home agent",
      bindings.map(({ homeAddress }) => homeAddress).sort().join(" "),
      homes.join(" "),
    );
    const ends = bindings.map(({ careOfAddress, port }) => `${careOfAddress}:${port}`);
    checks.equal("second mobile node: different outer addresses or ports", new Set(ends).size, 2, "pairs");
    await pingAmongMobileNodes(stage);
  },
};

async function pingAmongMobileNodes({ lab, checks, toMobileNode }: Stage): Promise<void> {
  const second = { ...toMobileNode, to: "mn2", address: SECOND_MOBILE_NODE.homeAddress };
  const [first, other, between] = await Promise.all([
    ping(lab, toMobileNode, 5),
    ping(lab, second, 5),
    ping(lab, { ...second, from: "mn" }, 5),
  ]);
  checks.equal("two mobile nodes: ping correspondent to the first", first.received, first.sent, "answers");
  checks.equal("two mobile nodes: ping correspondent to the second", other.received, other.sent, "answers");
  checks.equal(
    "two mobile nodes: ping from the first to the second",
    between.received,
    between.sent,
    "answers",
  );
}
