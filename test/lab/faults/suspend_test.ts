import { assert } from "@std/assert";
import { labTest } from "../support.ts";
import { LIMIT_MS, openStage } from "./stage.ts";
import { report } from "./times.ts";

/** DSMIP_SUSPEND_SECONDS asks for longer. */
const SECONDS = Number(Deno.env.get("DSMIP_SUSPEND_SECONDS") ?? 3);

for (const which of ["homeAgent", "mobileNode"] as const) {
  labTest(
    `real daemons: the ${which} stands still for ${SECONDS} s (SIGSTOP): traffic goes on at once after that`,
    async (lab) => {
      const stage = await openStage(lab);
      await stage.flow.untilFlowing(LIMIT_MS);
      const { pid } = stage[which];
      Deno.kill(pid!, "SIGSTOP");
      await stage.flow.untilStopped(LIMIT_MS);
      await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
      Deno.kill(pid!, "SIGCONT");
      const tookMs = await stage.flow.untilFlowing(LIMIT_MS);
      report(`${which} goes on after ${SECONDS} s, to packets both ways`, [tookMs]);
      assert(tookMs < 5000, `${tookMs} ms`);
      await stage.end();
    },
    ["dnsmasq", "python3"],
  );
}
