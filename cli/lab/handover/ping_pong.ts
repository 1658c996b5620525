import { Random } from "../../../core/simulation/random.ts";
import { pause } from "../process.ts";
import { snapshotDifference, takeSnapshot } from "../snapshot.ts";
import { UNPLUGGED_MS } from "../access/air.ts";
import { Flows } from "./flows.ts";
import { HANDOVER_LIMIT_MS, type HandoverStage } from "./stage.ts";
import type { AccessNetwork } from "../access/access_network.ts";
import { ACCESS_NETWORKS } from "./topology.ts";

export const PING_PONG = {
  name: "ping-pong",
  title: "100 moves at random moments between all networks, then a look for what has leaked",
} as const;

const MOVES = 100;
/** Some moves come before the one before is done. */
const STAY_MS = [20, 1000] as const;
/** Half of the moves come without a link event. */
const SILENT_SHARE = 0.5;
/** Traffic that has to arrive, both ways, once all is over. */
const QUIET_MS = 1000;
const QUIET_PACKETS = 100;

/** Moves one cable to and fro; afterwards the mobile router must work, and hold no more than before. */
export async function playPingPong(stage: HandoverStage, seed: number): Promise<void> {
  const { lab, air, checks } = stage;
  const home = ACCESS_NETWORKS.r6a;
  const random = new Random(seed);
  await stage.startMobileRouter(PING_PONG.name, { egresses: ["eg0"] });
  try {
    await air.attach("eg0", home);
    await stage.registeredIn(home, HANDOVER_LIMIT_MS);
    const flows = await Flows.start(lab, PING_PONG.name);
    await thereAndBack(stage);
    const before = await takeSnapshot(lab.network, "mr");
    const descriptorsBefore = descriptors(stage);
    let here: AccessNetwork = home;
    for (let count = 0; count < MOVES; count++) {
      await pause(random.integer(...STAY_MS));
      here = random.pick(Object.values(ACCESS_NETWORKS).filter(({ name }) => name !== here.name));
      await moveTo(stage, here, random.chance(SILENT_SHARE));
    }
    const lastSeen = await reaches(stage, here);
    checks.holds(`${PING_PONG.name}: registered where the last move ended`, lastSeen === "yes", lastSeen);
    await moveTo(stage, home, false);
    const back = await reaches(stage, home);
    checks.holds(`${PING_PONG.name}: registered where it began`, back === "yes", back);
    const since = Date.now();
    await pause(QUIET_MS);
    for (const way of ["up", "down"] as const) {
      const arrived = flows.arrived(way).filter(({ arrivedMs }) => arrivedMs > since).length;
      checks.atLeast(`${PING_PONG.name}: data ${way}stream afterwards`, arrived, QUIET_PACKETS, "packets");
    }
    await flows.end();
    await thereAndBack(stage);
    const left = snapshotDifference(before, await takeSnapshot(lab.network, "mr"));
    checks.holds(
      `${PING_PONG.name}: addresses, routes, rules, links as before`,
      left.length === 0,
      left.join("; "),
    );
    const more = descriptors(stage) - descriptorsBefore;
    checks.atMost(`${PING_PONG.name}: descriptors that came and stayed`, more, 0, "descriptors");
  } finally {
    await stage.endMobileRouter();
  }
}

/** Afterwards the mobile router has the sockets of these two networks, whatever was before. */
async function thereAndBack(stage: HandoverStage): Promise<void> {
  for (const network of [ACCESS_NETWORKS.r6b, ACCESS_NETWORKS.r6a]) {
    await moveTo(stage, network, false);
    await stage.registeredIn(network, HANDOVER_LIMIT_MS);
  }
}

async function moveTo({ air }: HandoverStage, network: AccessNetwork, silent: boolean): Promise<void> {
  if (!silent) {
    await air.cut("eg0");
    await pause(UNPLUGGED_MS);
  }
  await air.attach("eg0", network);
}

/** "yes", or what the mobile router says of itself. */
async function reaches(stage: HandoverStage, network: AccessNetwork): Promise<string> {
  try {
    await stage.registeredIn(network, HANDOVER_LIMIT_MS);
    return "yes";
  } catch {
    stage.lab.signal.throwIfAborted();
    const status = await stage.mobileRouter!.ask();
    return status === undefined ? "no answer" : `${status.state} at ${status.careOfAddress}`;
  }
}

/** Open file descriptors of the mobile router. */
function descriptors({ mobileRouter }: HandoverStage): number {
  return [...Deno.readDirSync(`/proc/${mobileRouter!.pid}/fd`)].length;
}
