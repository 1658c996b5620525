import { assert, assertEquals, assertMatch } from "@std/assert";
import { dsmipCommand } from "../../../cli/lab/lab.ts";
import { mustRun, runProgram } from "../../../cli/lab/process.ts";
import { labTest } from "../support.ts";
import { LIMIT_MS, openStage, plugIn, type Stage, unplug } from "./stage.ts";
import { report } from "./times.ts";

const PROGRAMS = ["dnsmasq", "python3", "prlimit"];
/** More than the daemon has left. */
const CLIENTS = 30;

type Which = "homeAgent" | "mobileNode";

/** The process may open so many more files than it has now; undefined: as many as it wants. */
async function allowMore(stage: Stage, which: Which, files: number | undefined): Promise<void> {
  const { pid } = stage[which];
  const open = new Set([...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) => Number(name)));
  let limit = 0;
  for (let left = files ?? Infinity; open.has(limit) || left > 0 && limit < 4096; limit++) {
    if (!open.has(limit)) left--;
  }
  await mustRun(["prlimit", "--pid", `${pid}`, `--nofile=${limit}:`]);
}

for (const which of ["homeAgent", "mobileNode"] as const) {
  labTest(
    `real daemons: clients take all descriptors of the ${which}: traffic goes on, and its control socket answers when they go`,
    async (lab) => {
      const stage = await openStage(lab);
      await stage.flow.untilFlowing(LIMIT_MS);
      await allowMore(stage, which, 3);
      const path = stage[which].socket;
      const clients = await Promise.all(
        Array.from({ length: CLIENTS }, () => Deno.connect({ transport: "unix", path })),
      );
      assertEquals(await stage[which].ask(), undefined);
      await stage.flow.untilFlowing(1000);
      for (const client of clients) client.close();
      await stage[which].ready(LIMIT_MS);
      await stage.end();
    },
    PROGRAMS,
  );
}

labTest(
  "real daemons: a mobile node that moves while it has no descriptor left says so, and goes on by itself when it has",
  async (lab) => {
    const stage = await openStage(lab);
    const { flow, mobileNode } = stage;
    await flow.untilFlowing(LIMIT_MS);
    await allowMore(stage, "mobileNode", 0);
    await unplug(stage);
    await flow.untilStopped(LIMIT_MS);
    await plugIn(stage);
    await lab.until("the fault in the log", LIMIT_MS, () => mobileNode.log().includes("Too many open files"));
    assert(mobileNode.running);
    await allowMore(stage, "mobileNode", undefined);
    report("descriptors back, to packets both ways", [await flow.untilFlowing(LIMIT_MS)]);
    await stage.end();
  },
  PROGRAMS,
);

labTest(
  "real daemons: with too few descriptors to start, a daemon says so, ends with status 1, and the next start helps",
  async (lab) => {
    const stage = await openStage(lab);
    await stage.homeAgent.end("SIGTERM");
    const command = dsmipCommand("ha", "serve", "--config", lab.path("ha.toml"));
    // Among our own sockets, and where the runtime starts the data path's Worker.
    for (const files of [24, 34]) {
      const inside = lab.network.inside("ha", ["prlimit", `--nofile=${files}:${files}`, ...command]);
      const { code, stderr } = await runProgram(inside, { limitMs: LIMIT_MS });
      assertEquals(code, 1, stderr);
      assertMatch(stderr, /Too many open files/);
    }
    stage.homeAgent.start();
    await stage.flow.untilFlowing(LIMIT_MS);
    await stage.end();
  },
  PROGRAMS,
);
