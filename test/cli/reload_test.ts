import { assert, assertEquals, assertRejects } from "@std/assert";
import { readConfiguration } from "../../cli/configuration/configuration.ts";
import type { HomeAgentConfiguration } from "../../cli/configuration/record.ts";
import { Reload } from "../../cli/daemon/reload.ts";
import { until } from "../../cli/lab/process.ts";
import { Failure, UsageError } from "../../cli/output/fault.ts";
import { asHomeAgent, HOME_AGENT_TOML, KEY_HEX, KeyFolder } from "./configuration_files.ts";
import { RecordingLog } from "./recording_log.ts";

class Daemon implements Disposable {
  readonly folder = new KeyFolder();
  readonly told: string[] = [];
  readonly log = new RecordingLog();
  readonly reload: Reload<HomeAgentConfiguration>;

  constructor() {
    const file = this.folder.write("ha.toml", HOME_AGENT_TOML);
    const serviceManager = {
      reloading: () => void this.told.push("reloading"),
      reloaded: () => void this.told.push("reloaded"),
    };
    this.reload = new Reload(asHomeAgent(readConfiguration(file)), { log: this.log, serviceManager });
  }

  write(toml: string): void {
    this.folder.write("ha.toml", toml);
  }

  keys(): string[] {
    return keysOf(this.reload.running);
  }

  [Symbol.dispose](): void {
    this.reload[Symbol.dispose]();
    this.folder[Symbol.dispose]();
  }
}

function keysOf({ settings }: HomeAgentConfiguration): string[] {
  return settings.mobileNodes.map(({ security }) => security!.key.toHex());
}

const SHORTER = HOME_AGENT_TOML.replace("\n\n", "\nmaximum_lifetime_seconds = 60\n\n");
const NOTHING = "00".repeat(16);

Deno.test("reload: waits until the daemon is ready, then one after the other, each step with what was before", async () => {
  using daemon = new Daemon();
  const lifetimes: number[][] = [];
  const first = daemon.reload.reload();
  daemon.write(SHORTER);
  const second = daemon.reload.reload();
  assertEquals(lifetimes, []);
  using _ready = daemon.reload.ready([
    async (next, before) => {
      await Promise.resolve();
      lifetimes.push([before, next].map(({ settings }) => settings.maximumLifetimeSeconds));
    },
  ]);
  assertEquals([await first, await second], [{ needRestart: [] }, { needRestart: [] }]);
  assertEquals(lifetimes, [[420, 60], [60, 60]]);
  assertEquals(daemon.told, ["reloading", "reloaded", "reloading", "reloaded"]);
});

Deno.test("reload: a mistake, or a step that refuses, changes nothing and leaves no new key behind", async () => {
  using daemon = new Daemon();
  let refused: HomeAgentConfiguration | undefined;
  using _ready = daemon.reload.ready([
    (next) => {
      refused = next;
      throw new Failure("no room");
    },
  ]);
  daemon.write("home_agent = 1");
  await assertRejects(() => daemon.reload.reload(), UsageError, "must be one table");
  assertEquals(refused, undefined);
  daemon.write(SHORTER);
  daemon.folder.write("mn1.key", "ab".repeat(16));
  await assertRejects(() => daemon.reload.reload(), Failure, "no room");
  assertEquals(keysOf(refused!), [NOTHING, KEY_HEX.mn2]);
  assertEquals(daemon.keys(), [KEY_HEX.mn1, KEY_HEX.mn2]);
  assertEquals(daemon.reload.running.settings.maximumLifetimeSeconds, 420);
  assertEquals(daemon.told.at(-1), "reloaded");
});

Deno.test("reload: where a step fails halfway, the keys that others have taken over are not overwritten", async () => {
  using daemon = new Daemon();
  let taken: HomeAgentConfiguration | undefined;
  using _ready = daemon.reload.ready([
    (next) => void (taken = next),
    () => {
      throw new Deno.errors.NotCapable("too many open files");
    },
  ]);
  daemon.folder.write("mn1.key", "ab".repeat(16));
  await assertRejects(() => daemon.reload.reload(), Error, "too many open files");
  assertEquals(keysOf(taken!), ["ab".repeat(16), KEY_HEX.mn2]);
});

Deno.test("reload: a key that is replaced is overwritten, and all are at the end", async () => {
  const daemon = new Daemon();
  const before = daemon.reload.running;
  using _ready = daemon.reload.ready([]);
  daemon.folder.write("mn1.key", "ab".repeat(16));
  await daemon.reload.reload();
  assertEquals(keysOf(before), [NOTHING, KEY_HEX.mn2]);
  assertEquals(daemon.keys(), ["ab".repeat(16), KEY_HEX.mn2]);
  daemon[Symbol.dispose]();
  assertEquals(daemon.keys(), [NOTHING, NOTHING]);
});

Deno.test("reload: SIGHUP does the same, and tells the log", async () => {
  using daemon = new Daemon();
  using _ready = daemon.reload.ready([]);
  daemon.write(SHORTER);
  Deno.kill(Deno.pid, "SIGHUP");
  await until("the new lifetime", 5000, () => daemon.reload.running.settings.maximumLifetimeSeconds === 60);
  daemon.write(SHORTER.replace("spi = 1001", "spi = 1"));
  Deno.kill(Deno.pid, "SIGHUP");
  const isTold = () => daemon.log.lines.find(({ message }) => message === "configuration not reloaded");
  const { details } = await until("the mistake", 5000, isTold);
  assert(String(details.error).includes("spi = 1: must be"), String(details.error));
});

Deno.test("reload: between one home agent and the next it waits, and asks none of the steps that are over", async () => {
  using daemon = new Daemon();
  const asked: string[] = [];
  daemon.reload.ready([() => void asked.push("before")])[Symbol.dispose]();
  const waiting = daemon.reload.reload();
  using _ready = daemon.reload.ready([() => void asked.push("after")]);
  await waiting;
  assertEquals(asked, ["after"]);
});

Deno.test("reload: warnings, and what needs a restart, are told to the log and to who asked", async () => {
  using daemon = new Daemon();
  using _ready = daemon.reload.ready([]);
  daemon.write(HOME_AGENT_TOML.split("\n[[")[0] + "port = 4000\nworkers = 2\n");
  assertEquals(await daemon.reload.reload(), { needRestart: ["home_agent.workers", "home_agent.port"] });
  assertEquals(daemon.log.of("warning").map(({ message, details }) => [message, details]), [
    ["no [[mobile_node]]: every Binding Update will be refused", {}],
    ["changed, but needs a restart", { keys: "home_agent.workers home_agent.port" }],
  ]);
});
