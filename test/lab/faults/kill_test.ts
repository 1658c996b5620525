import { assert } from "@std/assert";
import { labTest } from "../support.ts";
import { LIMIT_MS, openStage, plugIn, type Stage, unplug } from "./stage.ts";
import { report } from "./times.ts";

/** DSMIP_FAULT_ROUNDS asks for more. */
const ROUNDS = Number(Deno.env.get("DSMIP_FAULT_ROUNDS") ?? 3);
/** From a kill to packets both ways: the daemon's start, and a Binding Update that may have been lost. */
const MOST_MS = 10_000;
/** A registration is over after that. */
const REGISTRATION_MS = 400;

/** At a moment that another round does not have: before the registration, in the middle, after it. */
function anyMoment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * REGISTRATION_MS));
}

/** The mobile node comes to a new network: an interface that is not the one before. */
async function move(stage: Stage): Promise<void> {
  await unplug(stage);
  await plugIn(stage);
}

for (const which of ["homeAgent", "mobileNode"] as const) {
  labTest(
    `real daemons: kill -9 of the ${which} at any moment of a registration, ${ROUNDS} times: traffic goes on by itself, nothing is left`,
    async (lab) => {
      const stage = await openStage(lab);
      await stage.flow.untilFlowing(LIMIT_MS);
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        await move(stage);
        await anyMoment();
        await stage[which].end("SIGKILL");
        stage[which].start();
        times.push(await stage.flow.untilFlowing(LIMIT_MS));
      }
      report(`kill -9 of the ${which}, and its start, to packets both ways`, times);
      assert(Math.max(...times) < MOST_MS, times.join(" "));
      await stage.end();
    },
    ["dnsmasq", "python3"],
  );
}
