import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { OPEN_HOME_AGENT_TOML } from "./configuration_files.ts";
import { ControlLoop } from "../../cli/daemon/control_loop.ts";
import { ServiceManager, serviceManagerOf } from "../../cli/daemon/service_manager.ts";
import { monotonicMicroseconds } from "../../ffi/notify_socket.ts";
import { encodeUnixAddress } from "../../ffi/unix_address.ts";
import { testInNamespace, until } from "../ffi/in_namespace.ts";
import { Notified } from "./notified.ts";
import { RecordingLog } from "./recording_log.ts";
import { RunningDaemon } from "./running_daemon.ts";

const SOCKET = `@dsmip-test-${Deno.pid}`;

function environment(values: Record<string, string>): Pick<Deno.Env, "get"> {
  return { get: (name) => values[name] };
}

Deno.test("service manager: each of its messages in the words of sd_notify(3), by a path and by an abstract name", () => {
  const folder = Deno.makeTempDirSync({ prefix: "dsmip-test-" });
  try {
    for (const name of [`${folder}/notify`, SOCKET]) {
      using notified = new Notified(name);
      const log = new RecordingLog();
      const manager = serviceManagerOf(environment({ NOTIFY_SOCKET: name }), log);
      const before = monotonicMicroseconds();
      manager.ready("one\ntwo");
      manager.status("three");
      manager.reloading();
      manager.stopping();
      const [ready, status, reloading, stopping, ...rest] = notified.messages;
      assertEquals([ready, status, stopping, rest], [
        "READY=1\nSTATUS=one two",
        "STATUS=three",
        "STOPPING=1",
        [],
      ]);
      assertMatch(reloading, /^RELOADING=1\nMONOTONIC_USEC=\d+$/);
      const told = BigInt(reloading.split("=").at(-1)!);
      assert(before <= told && told <= monotonicMicroseconds());
      assertEquals(log.lines, []);
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("service manager: without one nothing is said; one that is gone is one warning", () => {
  const log = new RecordingLog();
  for (const values of [{}, { NOTIFY_SOCKET: "" }] as Record<string, string>[]) {
    const manager = serviceManagerOf(environment(values), log);
    manager.ready("one");
    using _ = manager.watch(() => Promise.reject(new Error("nobody asks")));
  }
  assertEquals(log.lines, []);
  const manager = serviceManagerOf(environment({ NOTIFY_SOCKET: SOCKET }), log);
  manager.ready("one");
  manager.status("two");
  assertEquals(log.lines.map(({ level, message }) => [level, message]), [
    ["warning", "the service manager does not hear"],
  ]);
});

Deno.test("service manager: a name that is none is refused", () => {
  for (const name of ["notify", "vsock:2:1234", `/${"a".repeat(107)}`]) {
    assertThrows(() => encodeUnixAddress(name), RangeError, name);
  }
  assertEquals(encodeUnixAddress(`@${"a".repeat(106)}`).length, 2 + 107);
});

Deno.test("service manager: it is told of life as long as the control loop goes round, and no more when an action never ends", async () => {
  using notified = new Notified(SOCKET);
  const stuck = Promise.withResolvers<void>();
  const loop = new ControlLoop<string, string>({
    machine: { handle: (event) => [event], nextDeadline: () => undefined },
    deadlineEvent: "deadline",
    performAction: () => stuck.promise,
    onError: () => {},
  });
  const running = loop.run();
  const manager = new ServiceManager({ socket: SOCKET, watchdogMs: 10, log: new RecordingLog() });
  {
    using _ = manager.watch(() => loop.turn());
    await until("life", () => notified.messages.length >= 3);
    loop.push("an action that does not end");
    let last = notified.messages.length;
    // One may be on its way.
    await until("silence for 100 ms", async () => {
      const before = last;
      await new Promise((resolve) => setTimeout(resolve, 100));
      last = notified.messages.length;
      return last === before;
    });
    stuck.resolve();
    await until("life again", () => notified.messages.length > last);
  }
  assertEquals(new Set(notified.messages), new Set(["WATCHDOG=1"]));
  loop.stop();
  await running;
});

Deno.test("service manager: a watchdog that is another process's is not answered", async () => {
  using notified = new Notified(SOCKET);
  const watched = { NOTIFY_SOCKET: SOCKET, WATCHDOG_USEC: "20000" };
  const log = new RecordingLog();
  const others = serviceManagerOf(environment({ ...watched, WATCHDOG_PID: "1" }), log);
  const ours = serviceManagerOf(environment({ ...watched, WATCHDOG_PID: `${Deno.pid}` }), log);
  let turns = 0;
  using _ = others.watch(() => Promise.reject(new Error("nobody asks")));
  using __ = ours.watch(() => {
    turns++;
    return Promise.resolve();
  });
  await until("life", () => notified.messages.length >= 2);
  assert(turns >= 2);
});

for (const kind of ["ha", "mn", "mn that looks for its home agent"] as const) {
  testInNamespace(`service manager: ${kind} says when it is ready, alive and stopping`, async (namespace) => {
    const folder = Deno.makeTempDirSync({ prefix: "dsmip-test-" });
    const name = `${folder}/notify`;
    using notified = new Notified(name);
    namespace.ip("address", "add", "203.0.113.1/24", "dev", "lo");
    const config = kind === "ha" ? homeAgent(folder) : mobileNode(folder, kind === "mn");
    const words = kind === "ha" ? ["ha", "serve"] : ["mn", "up"];
    const env = { NOTIFY_SOCKET: name, WATCHDOG_USEC: "100000" };
    const daemon = new RunningDaemon(namespace.name, [...words, "--config", config], { env });
    try {
      await daemon.until("life", () => notified.messages.includes("WATCHDOG=1"));
      assertEquals(
        notified.messages[0],
        {
          ha: "READY=1\nSTATUS=Serving the home network 2001:db8:100::/64",
          mn: "READY=1\nSTATUS=Not registered",
          "mn that looks for its home agent": "READY=1\nSTATUS=Looking for a home agent",
        }[kind],
      );
    } finally {
      assertEquals(await daemon.end(), 0, daemon.log);
    }
    if (kind !== "mn that looks for its home agent") assert(notified.messages.includes("STOPPING=1"));
    Deno.removeSync(folder, { recursive: true });
  });
}

function homeAgent(folder: string): string {
  const text = `${OPEN_HOME_AGENT_TOML}control_socket = "${folder}/ha.sock"
`;
  Deno.writeTextFileSync(`${folder}/ha.toml`, text);
  return `${folder}/ha.toml`;
}

function mobileNode(folder: string, knowsHomeAgent: boolean): string {
  const text = `[mobile_node]
identity = "mn1@example.org"
home_address = "2001:db8:100::100"
${knowsHomeAgent ? 'home_agent_ipv6_address = "2001:db8:100::1"' : ""}
home_agent_ipv4_address = "203.0.113.2"
egress = "eth0"
authentication = "none"
control_socket = "${folder}/mn.sock"
`;
  Deno.writeTextFileSync(`${folder}/mn.toml`, text);
  return `${folder}/mn.toml`;
}

Deno.test("service manager: life is told twice as often as it is asked for", () => {
  const { setInterval } = globalThis;
  const pausesMs: unknown[] = [];
  globalThis.setInterval = ((_: unknown, pauseMs: number) => {
    pausesMs.push(pauseMs);
    return 0;
  }) as unknown as typeof setInterval;
  try {
    const manager = new ServiceManager({ socket: SOCKET, watchdogMs: 3000, log: new RecordingLog() });
    using _ = manager.watch(() => Promise.resolve());
  } finally {
    globalThis.setInterval = setInterval;
  }
  assertEquals(pausesMs, [1500]);
});
