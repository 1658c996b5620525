import { assert } from "@std/assert";
import { hmac } from "../../cli/daemon/hmac.ts";
import { runSeed } from "../../core/simulation/run.ts";
import { withHomeAgentSettings } from "./broken_machines.ts";

const SEEDS = 60;

Deno.test("simulator: every invariant holds where the home agent asks mobile nodes where they are", () => {
  const machines = withHomeAgentSettings((settings) => ({ ...settings, probeCareOfAddress: true }));
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { failure } = runSeed(seed, { hmac, machines });
    assert(
      failure === undefined,
      `seed ${seed} broke: ${failure?.invariant}\n${failure?.detail}\n${failure?.trace.join("\n")}`,
    );
  }
});
