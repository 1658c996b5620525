import { assert, assertEquals, assertMatch } from "@std/assert";
import { dsmipCommand, type Lab } from "../../../cli/lab/lab.ts";
import { mustRun, runProgram } from "../../../cli/lab/process.ts";
import { labTest } from "../support.ts";
import { LIMIT_MS, openStage } from "./stage.ts";

const PROGRAMS = ["dnsmasq", "python3"];

/** A disk of the lab with these options of tmpfs, until the body ends. */
async function onDisk(lab: Lab, options: string, body: (folder: string) => Promise<void>): Promise<void> {
  const folder = lab.path("disk");
  await Deno.mkdir(folder);
  await mustRun(["mount", "-t", "tmpfs", "-o", options, "dsmip-test", folder]);
  try {
    await body(folder);
  } finally {
    await mustRun(["umount", "--lazy", folder]);
  }
}

/** The daemon's configuration, with its control socket and what lies beside that in this folder. */
async function configurationIn(lab: Lab, name: "ha" | "mn", folder: string): Promise<string> {
  const text = await Deno.readTextFile(lab.path(`${name}.toml`));
  const moved = text.replace(lab.path(`${name}.sock`), `${folder}/${name}.sock`);
  assert(moved !== text);
  return await lab.writeFile("full.toml", moved);
}

labTest(
  "real daemons: no room for the control socket: the daemon says so and ends with status 1",
  async (lab) => {
    const stage = await openStage(lab);
    await stage.homeAgent.end("SIGTERM");
    await onDisk(lab, "size=4k,nr_inodes=1", async (folder) => {
      const config = await configurationIn(lab, "ha", folder);
      const command = lab.network.inside("ha", dsmipCommand("ha", "serve", "--config", config));
      const { code, stderr } = await runProgram(command, { limitMs: LIMIT_MS });
      assertEquals(code, 1, stderr);
      assertMatch(stderr, /control socket .*ha\.sock: No space left on device/);
    });
    await stage.end();
  },
  PROGRAMS,
);

labTest(
  "real daemons: a disk without room for state, log and trace: traffic goes on, and a kill leaves nothing in the way",
  async (lab) => {
    const stage = await openStage(lab);
    const { flow } = stage;
    await stage.mobileNode.end("SIGTERM");
    await onDisk(lab, "size=4k", async (folder) => {
      const config = await configurationIn(lab, "mn", folder);
      await Deno.writeFile(`${folder}/filler`, new Uint8Array(4096));
      const command = dsmipCommand("mn", "up", "--config", config, "--trace", `${folder}/trace`);
      const quoted = command.map((word) => `'${word}'`).join(" ");
      const start = () => lab.start("mn", "full", ["sh", "-c", `exec ${quoted} 2>'${folder}/log'`]);
      const killed = start();
      await flow.untilFlowing(LIMIT_MS);
      await killed.end("SIGKILL", LIMIT_MS);
      const next = start();
      await flow.untilFlowing(LIMIT_MS);
      await next.end("SIGTERM", LIMIT_MS);
      assertEquals(next.ended?.code, 0);
      const files = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
      assertEquals(files, ["filler", "log", "trace"]);
    });
    await stage.end();
  },
  PROGRAMS,
);
