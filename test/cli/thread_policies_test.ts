import { assert, assertEquals } from "@std/assert";
import { DataPath } from "../../cli/daemon/data_path.ts";
import { SCHED_BATCH, SCHED_IDLE, SCHED_OTHER } from "../../ffi/scheduling.ts";
import { isRoot, testInNamespace } from "../ffi/in_namespace.ts";
import { policyOf } from "../ffi/thread_policy.ts";
import { CORRESPONDENT, counting, HOME_ADDRESS, HOME_AGENT } from "../forwarding/packets.ts";
import { AGENT_TUN, AGENT_V4, DataPathNetwork, NODE_V4 } from "./data_path_network.ts";
import { RunningDaemon } from "./running_daemon.ts";

/** Of the threads of a process: name, policy. */
function policies(process: number | "self"): [name: string, policy: number][] {
  const folder = `/proc/${process}/task`;
  return [...Deno.readDirSync(folder)].map(({ name }) => [
    Deno.readTextFileSync(`${folder}/${name}/comm`).trimEnd(),
    policyOf(`${folder}/${name}`),
  ]);
}

testInNamespace("thread policies: of a daemon only V8's compilers wait for all others", async (namespace) => {
  const folder = Deno.makeTempDirSync({ prefix: "dsmip-test-" });
  Deno.writeTextFileSync(
    `${folder}/ha.toml`,
    `[home_agent]
ipv6_address = "2001:db8:100::1"
ipv4_address = "203.0.113.1"
home_prefix = "2001:db8:100::/64"
authentication = "none"
control_socket = "${folder}/ha.sock"
state_directory = "${folder}"
`,
  );
  namespace.ip("address", "add", "203.0.113.1/32", "dev", "lo");
  const daemon = new RunningDaemon(namespace.name, ["ha", "serve", "--config", `${folder}/ha.toml`]);
  try {
    await daemon.until("ready", () => daemon.log.includes("home agent ready"));
    const all = policies(daemon.pid);
    const isCompiler = ([name]: [string, number]) => name.startsWith("V8 ");
    assert(all.some(isCompiler), all.join());
    for (const thread of all) {
      assertEquals(thread[1], isCompiler(thread) ? SCHED_IDLE : SCHED_OTHER, thread[0]);
    }
  } finally {
    assertEquals(await daemon.end(), 0, daemon.log);
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test({
  name:
    "thread policies: the data path interrupts no other thread while it is busy, and does again after (root)",
  ignore: !isRoot,
  fn: async () => {
    using network = new DataPathNetwork();
    const tun = network.tun(network.agent, AGENT_TUN, [`${HOME_AGENT}/64`], [CORRESPONDENT]);
    const udp = network.udp(network.agent, 4191);
    const application = network.application(network.agent, HOME_AGENT, 9);
    const dataPath = await DataPath.start({
      role: "homeAgent",
      homeAgentAddress: HOME_AGENT,
      tunFileDescriptor: tun.fileDescriptor,
      onSignalling: () => {},
      onFailure: (error) => {
        throw error;
      },
    });
    try {
      await dataPath.setSockets({
        ipv4: {
          udpFileDescriptor: udp.fileDescriptor,
          rawIpv6FileDescriptor: -1,
          outerSource: AGENT_V4,
          canSegment: false,
        },
      });
      dataPath.bindings.set(HOME_ADDRESS, { encapsulation: "udp", address: NODE_V4, port: 40_000 }, 1472);
      const hasBatch = () => policies("self").some(([, policy]) => policy === SCHED_BATCH);
      assertEquals(hasBatch(), false);
      // Other tests compute beside this one: the data path then interrupts them for a second.
      const deadline = performance.now() + 10_000;
      while (!hasBatch() && performance.now() < deadline) {
        for (let packet = 0; packet < 50; packet++) {
          application.send(counting(100), HOME_ADDRESS, 9);
          const end = performance.now() + 0.1;
          while (performance.now() < end);
        }
      }
      assert(hasBatch());
      for (let packet = 0; packet < 64; packet++) {
        application.send(counting(100), HOME_ADDRESS, 9);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      assertEquals(hasBatch(), false);
    } finally {
      await dataPath.close();
    }
  },
});
