import { assert, assertEquals } from "@std/assert";
import { SCHED_IDLE, SCHED_OTHER } from "../../ffi/scheduling.ts";
import { testInNamespace } from "../ffi/in_namespace.ts";
import { policiesOf } from "../ffi/thread_policies.ts";
import { OPEN_HOME_AGENT_TOML } from "./configuration_files.ts";
import { RunningDaemon } from "./running_daemon.ts";

testInNamespace(
  "compiler threads: of a daemon only V8's compilers wait for all others",
  async (namespace) => {
    const folder = Deno.makeTempDirSync({ prefix: "dsmip-test-" });
    Deno.writeTextFileSync(
      `${folder}/ha.toml`,
      `${OPEN_HOME_AGENT_TOML}control_socket = "${folder}/ha.sock"
state_directory = "${folder}"
`,
    );
    namespace.ip("address", "add", "203.0.113.1/32", "dev", "lo");
    const daemon = new RunningDaemon(namespace.name, ["ha", "serve", "--config", `${folder}/ha.toml`]);
    try {
      await daemon.until("ready", () => daemon.log.includes("home agent ready"));
      const all = policiesOf(daemon.pid);
      const isCompiler = ([name]: [string, number]) => name.startsWith("V8 ");
      assert(all.some(isCompiler), all.join());
      for (const thread of all) {
        assertEquals(thread[1], isCompiler(thread) ? SCHED_IDLE : SCHED_OTHER, thread[0]);
      }
    } finally {
      assertEquals(await daemon.end(), 0, daemon.log);
      Deno.removeSync(folder, { recursive: true });
    }
  },
);
