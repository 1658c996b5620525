import { assert, assertEquals } from "@std/assert";
import type { LabResult } from "../../cli/lab/report.ts";
import { dsmipCommand, type RunRecord, temporaryFolder } from "../../cli/lab/lab.ts";
import { runProgram, until } from "../../cli/lab/process.ts";
import { leftOf, RunningLab } from "./running_lab.ts";
import { hostNetwork, newRun, rootTest } from "./support.ts";

/** Plays a scenario to its end and looks at what it says and leaves. */
async function playWhole(scenario: string): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const lab = new RunningLab([scenario, "--pcap", folder]);
    const { code, stdout } = await lab.end();
    const result: LabResult = JSON.parse(stdout);
    const failed = result.checks.filter((check) => !check.ok);
    assertEquals(
      { failure: result.failure, failed, code },
      { failure: undefined, failed: [], code: 0 },
      lab.progress,
    );
    assertEquals([result.scenario, result.ok, result.simulated], [scenario, true, false]);
    assertEquals(
      new Set(result.checks.map(({ name }) => name)).size,
      result.checks.length,
      "names of checks repeat",
    );
    assert(result.checks.length > 50, `${result.checks.length} checks`);
    assertEquals(await leftOf(result.run!), []);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["ha.pcap", "mn.pcap"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

rootTest("lab run public and lab run nat, side by side: all checks hold and nothing is left", async () => {
  const before = await hostNetwork();
  const played = await Promise.allSettled(["public", "nat"].map(playWhole));
  for (const play of played) if (play.status === "rejected") throw play.reason;
  assertEquals(await hostNetwork(), before);
});

for (const [signal, step] of [["SIGINT", 4], ["SIGTERM", 6]] as const) {
  rootTest(`a lab that gets ${signal} in step ${step} leaves nothing`, async () => {
    const lab = new RunningLab(["nat"]);
    await lab.reached(step);
    const run = lab.run();
    lab.process.kill(signal);
    const { code, stdout } = await lab.end();
    assertEquals([code, JSON.parse(stdout).failure], [1, "interrupted"]);
    assertEquals(await leftOf(run), []);
  });
}

const DENO_TASK = [Deno.execPath(), "task", "--quiet", "dsmip", "lab", "run"];

rootTest("a lab under deno task: SIGTERM is passed on, and all is removed when deno task ends", async () => {
  const lab = new RunningLab(["nat"], { command: DENO_TASK });
  await lab.reached(4);
  const run = lab.run();
  const start = performance.now();
  lab.process.kill("SIGTERM");
  await lab.process.status;
  assert(performance.now() - start < 8000, `${performance.now() - start} ms to the end`);
  assertEquals(await leftOf(run), []);
  assertEquals(JSON.parse((await lab.end()).stdout).failure, "interrupted");
});

rootTest("a lab whose deno task was killed ends by itself and leaves nothing", async () => {
  const lab = new RunningLab(["nat"], { command: DENO_TASK });
  await lab.reached(4);
  const run = lab.run();
  lab.process.kill("SIGKILL");
  await until("end of the lab", 10_000, async () => (await leftOf(run)).length === 0);
  assertEquals(JSON.parse((await lab.end()).stdout).failure, "interrupted");
});

rootTest("what a killed lab leaves is removed by lab clean, and nothing of one that runs", async () => {
  const running = new RunningLab(["public"]);
  await running.reached(3);
  const killed = new RunningLab(["public"]);
  await killed.reached(5);
  const run = killed.run();
  killed.process.kill("SIGKILL");
  await killed.end();
  assert((await leftOf(run)).length > 0);

  const clean = await runProgram(dsmipCommand("lab", "clean", run, running.run()));
  assertEquals(clean.code, 0, clean.stderr);
  assert(clean.stderr.includes(`${running.run()}: is running; left alone`), clean.stderr);
  assertEquals(await leftOf(run), []);
  running.process.kill("SIGINT");
  assertEquals(JSON.parse((await running.end()).stdout).failure, "interrupted");
});

rootTest("the next lab removes what a killed one has left, and not what was kept", async () => {
  const killed = new RunningLab(["public"]);
  await killed.reached(5);
  const run = killed.run();
  killed.process.kill("SIGKILL");
  await killed.end();
  const kept = newRun();
  const folder = `${temporaryFolder()}/dsmip-lab-${kept}`;
  Deno.mkdirSync(folder);
  const record: RunRecord = { run: kept, pid: killed.process.pid, startTicks: "1", isKept: true };
  Deno.writeTextFileSync(`${folder}/run.json`, JSON.stringify(record));
  const next = new RunningLab(["public"]);
  await next.reached(2);
  assertEquals(await leftOf(run), []);
  assertEquals(await leftOf(kept), [`dsmip-lab-${kept}`]);
  Deno.removeSync(folder, { recursive: true });
  next.process.kill("SIGTERM");
  assert((await next.end()).code === 1 && next.progress.includes(`${run}: a lab that was killed; removed`));
});

rootTest(
  "where the lab cannot run, it says what is missing and plays the scenario in the simulator",
  async () => {
    // A machine without /dev/net/tun.
    const hidden = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs /dev/net && exec "$@"', "sh"];
    const { code, stdout, stderr } = await runProgram([
      ...hidden,
      ...dsmipCommand("lab", "run", "nat", "--json"),
    ]);
    const result: LabResult = JSON.parse(stdout);
    assertEquals([code, result.ok, result.simulated], [0, true, true], stderr);
    assert(result.missing?.some((line) => line.includes("/dev/net/tun")), JSON.stringify(result.missing));
    assert(stderr.includes("SIMULATION"), stderr);
  },
);

rootTest("a root without its powers runs the lab in a user namespace, and leaves nothing", async () => {
  const powers = "-sys_admin,-net_admin,-net_raw";
  const weak = ["setpriv", "--bounding-set", powers, "--inh-caps", powers];
  if ((await runProgram([...weak, "unshare", "--user", "--net", "true"])).code !== 0) return;
  const lab = new RunningLab(["public"], { wrapper: weak });
  await lab.reached(6);
  lab.process.kill("SIGTERM");
  const { code, stdout } = await lab.end();
  const result: LabResult = JSON.parse(stdout);
  assertEquals([code, result.failure, result.simulated], [1, "interrupted", false], lab.progress);
  assertEquals(result.checks.filter((check) => !check.ok), []);
  assertEquals(await leftOf(result.run!), []);
});
