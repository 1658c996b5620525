import { assertEquals, assertRejects } from "@std/assert";
import { askDaemon } from "../../cli/daemon/control_client.ts";
import { Failure } from "../../cli/output/fault.ts";
import { testInNamespace } from "../ffi/in_namespace.ts";
import { RunningDaemon } from "./running_daemon.ts";

testInNamespace(
  "mobile node: as long as it looks for its home agent, it says so to whoever asks",
  async (namespace) => {
    const folder = Deno.makeTempDirSync({ prefix: "dsmip-test-" });
    const path = `${folder}/mn.sock`;
    Deno.writeTextFileSync(
      `${folder}/mn.toml`,
      `[mobile_node]
identity = "mn1@example.org"
home_address = "2001:db8:100::100"
home_agent_ipv4_address = "203.0.113.1"
egress = "eth0"
authentication = "none"
control_socket = "${path}"
`,
    );
    const daemon = new RunningDaemon(namespace.name, ["mn", "up", "--config", `${folder}/mn.toml`]);
    try {
      await daemon.until("looking", () => daemon.log.includes("looking for a home agent"));
      for (const command of ["status", "switch", "reload"]) {
        await assertRejects(() => askDaemon({ path, command }), Failure, "still looks for its home agent");
      }
    } finally {
      assertEquals(await daemon.end(), 0, daemon.log);
      Deno.removeSync(folder, { recursive: true });
    }
  },
);
