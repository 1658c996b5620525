import { assert, assertEquals } from "@std/assert";
import { beOnlyDaemon } from "../../cli/daemon/only_daemon.ts";
import { SavedSysctls } from "../../cli/daemon/saved_sysctls.ts";
import { dsmipCommand } from "../../cli/lab/lab.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { openTun } from "../../ffi/tun.ts";
import { testInNamespace, testInsideNamespace } from "../ffi/in_namespace.ts";
import { OPEN_HOME_AGENT_TOML, OPEN_MOBILE_NODE_TOML } from "./configuration_files.ts";
import { RecordingLog } from "./recording_log.ts";

const KEY = "net/ipv6/conf/all/forwarding";

testInsideNamespace(
  "a second mobile node touches nothing, also where the control socket has gone",
  async (namespace) => {
    const folder = Deno.makeTempDirSync();
    const controlSocket = `${folder}/mn.sock`;
    Deno.writeTextFileSync(
      `${folder}/mn.toml`,
      `${OPEN_MOBILE_NODE_TOML}control_socket = "${controlSocket}"\n`,
    );
    // The first is alive: it holds the TUN device, and has noted what it changed.
    const { fileDescriptor } = openTun({ name: "dsmip-mn" });
    const sysctls = new SavedSysctls({ path: `${controlSocket}.sysctls`, log: new RecordingLog() });
    try {
      sysctls.set(KEY, "1");
      const noted = Deno.readTextFileSync(`${controlSocket}.sysctls`);
      const { code, stderr } = await new Deno.Command("ip", {
        args: ["netns", "exec", namespace.name, ...dsmipCommand("mn", "up", "--config", `${folder}/mn.toml`)],
        env: { NO_COLOR: "1" },
      }).output();
      const text = new TextDecoder().decode(stderr);
      assertEquals(code, 1, text);
      assert(text.includes("Another process holds dsmip-mn"), text);
      assertEquals(Deno.readTextFileSync(`${controlSocket}.sysctls`), noted);
      assertEquals(namespace.run("sysctl", "-n", KEY.replaceAll("/", ".")).trim(), "1");
    } finally {
      sysctls[Symbol.dispose]();
      closeFileDescriptor(fileDescriptor);
      Deno.removeSync(folder, { recursive: true });
    }
  },
);

const SECOND_DAEMONS = [
  {
    kind: "homeAgent",
    title: "home agent",
    words: ["ha", "serve"],
    toml: OPEN_HOME_AGENT_TOML,
  },
  {
    kind: "mobileNode",
    title: "mobile node",
    words: ["mn", "up"],
    // Without the address of its home agent, it looks for one first.
    toml: `[mobile_node]
identity = "mn1@example.org"
home_address = "2001:db8:100::100"
home_agent_ipv4_address = "203.0.113.1"
egress = "eth0"
authentication = "none"
`,
  },
] as const;

for (const { kind, title, words, toml } of SECOND_DAEMONS) {
  testInNamespace(`a second ${title} says who is there, and takes nothing away`, async (namespace) => {
    const folder = Deno.makeTempDirSync();
    const file = `${folder}/it.toml`;
    Deno.writeTextFileSync(file, `${toml}tun = "another"\ncontrol_socket = "${folder}/another.sock"\n`);
    // The first is alive, with another TUN device and another control socket, and what it has put on the host.
    const first = namespace.enter(() => beOnlyDaemon(kind));
    try {
      namespace.run("ip", "link", "set", "lo", "up");
      namespace.run("ip", "-6", "route", "add", "unreachable", "2001:db8:77::/64", "proto", "155");
      namespace.run("ip", "-6", "rule", "add", "lookup", "41910", "protocol", "155");
      const { code, stderr } = await new Deno.Command("ip", {
        args: ["netns", "exec", namespace.name, ...dsmipCommand(...words, "--config", file)],
        env: { NO_COLOR: "1" },
        signal: AbortSignal.timeout(10_000),
      }).output();
      const text = new TextDecoder().decode(stderr);
      assertEquals(code, 1, text);
      const who = `Another ${title} (pid ${Deno.pid}, user 0) runs in this network namespace`;
      assert(
        text.includes(who) && text.includes("stop it, or start this one in a namespace of its own"),
        text,
      );
      assert(namespace.run("ip", "-6", "route", "show", "table", "all").includes("2001:db8:77::/64"));
      assert(namespace.run("ip", "-6", "rule", "show").includes("lookup 41910"));
    } finally {
      await first[Symbol.asyncDispose]();
      Deno.removeSync(folder, { recursive: true });
    }
  });
}

testInNamespace("a home agent and a mobile node are no second one for each other", async (namespace) => {
  const homeAgent = namespace.enter(() => beOnlyDaemon("homeAgent"));
  const mobileNode = namespace.enter(() => beOnlyDaemon("mobileNode"));
  const elsewhere = beOnlyDaemon("homeAgent");
  for (const one of [homeAgent, mobileNode, elsewhere]) await one[Symbol.asyncDispose]();
});
