import { assert, assertEquals, assertMatch } from "@std/assert";
import { labTest } from "../support.ts";
import { LIMIT_MS, openStage, plugIn, type Stage, unplug } from "./stage.ts";
import { report } from "./times.ts";

/** DSMIP_FAULT_ROUNDS asks for more. */
const ROUNDS = Number(Deno.env.get("DSMIP_FAULT_ROUNDS") ?? 1);
const PROGRAMS = ["dnsmasq", "python3"];

labTest(
  "real daemons: the mobile node's interface is pulled out and another of its name plugged in: traffic goes on",
  async (lab) => {
    const stage = await openStage(lab);
    await stage.flow.untilFlowing(LIMIT_MS);
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await unplug(stage);
      await stage.flow.untilStopped(LIMIT_MS);
      await plugIn(stage);
      times.push(await stage.flow.untilFlowing(LIMIT_MS));
    }
    report("mobile node's interface plugged in, to packets both ways", times);
    await stage.end();
  },
  PROGRAMS,
);

labTest(
  "real daemons: the home agent's interface to the Internet goes and comes back: traffic goes on",
  async (lab) => {
    const stage = await openStage(lab);
    const { flow } = stage;
    await flow.untilFlowing(LIMIT_MS);
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await lab.network.ip("ha", ["link", "del", "access"]);
      await flow.untilStopped(LIMIT_MS);
      const far = lab.network.namespace("air");
      await lab.network.ip("ha", [
        "link",
        "add",
        "access",
        "type",
        "veth",
        "peer",
        "name",
        "ha",
        "netns",
        far,
      ]);
      await lab.network.batch("air", ["link set ha master bridge", "link set ha up"]);
      await lab.network.batch("ha", ["link set access up", "address add 203.0.113.1/24 dev access"]);
      times.push(await flow.untilFlowing(LIMIT_MS));
    }
    report("home agent's interface and address back, to packets both ways", times);
    assert(stage.homeAgent.running);
    await stage.end();
  },
  PROGRAMS,
);

/** The daemon ends with status 1, says why, and can be started again. */
async function endsAndComesBack(
  stage: Stage,
  which: "homeAgent" | "mobileNode",
  what: RegExp,
): Promise<void> {
  const { lab, flow } = stage;
  const daemon = stage[which];
  await lab.until(`the end of the ${which}`, LIMIT_MS, () => !daemon.running);
  const { code } = await daemon.end("SIGTERM");
  assertEquals(code, 1);
  assertMatch(daemon.log(), what);
  daemon.start();
  const tookMs = await flow.untilFlowing(LIMIT_MS);
  report(`start of the ${which} after it has ended (${what.source}), to packets both ways`, [tookMs]);
}

const NODES = { homeAgent: "ha", mobileNode: "mn" };

for (const which of ["homeAgent", "mobileNode"] as const) {
  const node = NODES[which];
  const tun = `dsmip-${node}`;
  labTest(
    `real daemons: the ${which}'s TUN device is deleted or set down: it ends with status 1 and leaves nothing; a new start helps`,
    async (lab) => {
      const stage = await openStage(lab);
      await stage.flow.untilFlowing(LIMIT_MS);
      await lab.network.ip(node, ["link", "del", tun]);
      await endsAndComesBack(stage, which, /TUN device is gone|dsmip-.. was deleted or set down/);
      await lab.network.ip(node, ["link", "set", tun, "down"]);
      await endsAndComesBack(stage, which, /dsmip-.. was deleted or set down/);
      await stage.end();
    },
    PROGRAMS,
  );
}

labTest(
  "real daemons: the home link is deleted: the home agent ends with status 1; with another link a new start helps",
  async (lab) => {
    const stage = await openStage(lab, { homeLink: "home" });
    await stage.flow.untilFlowing(LIMIT_MS);
    await lab.network.ip("ha", ["link", "del", "home"]);
    await lab.until("the end of the home agent", LIMIT_MS, () => !stage.homeAgent.running);
    const far = lab.network.namespace("at");
    await lab.network.ip("ha", ["link", "add", "home", "type", "veth", "peer", "name", "eth0", "netns", far]);
    await lab.network.batch("at", ["link set eth0 up"]);
    await lab.network.batch("ha", ["link set home up", "address add 2001:db8:100::1/64 dev home nodad"]);
    await endsAndComesBack(stage, "homeAgent", /home was deleted or set down/);
    await stage.end();
  },
  PROGRAMS,
);

labTest(
  "real daemons: a route that the kernel refuses: status 130, nothing half bound, and service when it takes it again",
  async (lab) => {
    const mobileNodes = [{
      identity: "mn@example.org",
      homeAddress: "2001:db8:100::100",
      spi: 1000,
      mobileNetworkPrefixes: ["2001:db8:300::/64"],
    }];
    const stage = await openStage(lab, { mobileNodes });
    const { flow, mobileNode, homeAgent } = stage;
    await flow.untilFlowing(LIMIT_MS);
    await mobileNode.end("SIGTERM");
    const disableIpv6 = (value: 0 | 1) =>
      lab.exec("ha", ["sysctl", "-qw", `net.ipv6.conf.dsmip-ha.disable_ipv6=${value}`]);
    await disableIpv6(1);
    mobileNode.start();
    await mobileNode.until("refusal", LIMIT_MS, ({ state }) => state === "refused");
    assertMatch(mobileNode.log(), /status=130/);
    assertEquals((await homeAgent.ask())?.bindings, []);
    assertEquals(await lab.network.ip("ha", ["-6", "route", "show", "2001:db8:300::/64"]), "");
    await disableIpv6(0);
    await mobileNode.end("SIGTERM");
    mobileNode.start();
    await mobileNode.until("registration", LIMIT_MS, ({ state }) => state === "registered");
    assertMatch(await lab.network.ip("ha", ["-6", "route", "show", "2001:db8:300::/64"]), /dev dsmip-ha/);
    await stage.end();
  },
  PROGRAMS,
);
