import { assertEquals } from "@std/assert";
import { parseConfiguration } from "../../cli/configuration/configuration.ts";
import { HostNetwork } from "../../cli/daemon/host_network.ts";
import { SavedSysctls } from "../../cli/daemon/saved_sysctls.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { openTun } from "../../ffi/tun.ts";
import { isRoot, TestNamespace, until } from "../ffi/in_namespace.ts";
import { asHomeAgent, HOME_AGENT_TOML } from "./configuration_files.ts";
import { RecordingLog } from "./recording_log.ts";

const DOCUMENT = new URL("../../docs/routing.md", import.meta.url);

function isInstalled(program: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((folder) => {
    try {
      return Deno.statSync(`${folder}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

/** What the document says for BIRD at the home agent, on a link with one other router, which is quicker to agree with. */
function homeAgentConfiguration(): string {
  const section = Deno.readTextFileSync(DOCUMENT).split("## BIRD")[1].split("##")[0];
  const text = section.split("\n").filter((line) => line.startsWith("    ")).join("\n");
  return "router id 198.51.100.1;\n" + text.replaceAll("type broadcast;", "type ptp; hello 1;");
}

/** Another router of the home network. */
const ROUTER = `router id 198.51.100.2;
protocol device { }
protocol kernel { ipv4 { export where source = RTS_OSPF_EXT2; }; }
protocol kernel { ipv6 { export where source = RTS_OSPF_EXT2; }; }
protocol ospf v2 { ipv4 { import all; }; area 0 { interface "eth1" { type ptp; hello 1; }; }; }
protocol ospf v3 { ipv6 { import all; }; area 0 { interface "eth1" { type ptp; hello 1; }; }; }
`;

Deno.test({
  name:
    "RFC 5555 4.5 D-103, docs/routing.md: BIRD carries the home agent's routes to the other routers of the home network (root)",
  ignore: !isRoot || !isInstalled("bird"),
  fn: async () => {
    const [homeAgent, router] = [new TestNamespace(), new TestNamespace()];
    const folder = Deno.makeTempDirSync();
    const children: Deno.ChildProcess[] = [];
    const start = (namespace: TestNamespace, text: string) => {
      const path = `${folder}/${namespace.name}`;
      Deno.writeTextFileSync(`${path}.conf`, text);
      const args = ["netns", "exec", namespace.name, "bird", "-f", "-c", `${path}.conf`, "-s", `${path}.ctl`];
      children.push(
        new Deno.Command("ip", { args: [...args, "-P", `${path}.pid`], stdout: "null", stderr: "null" })
          .spawn(),
      );
    };
    const tun = homeAgent.enter(() => openTun({ name: "dsmip-ha" }));
    try {
      homeAgent.ip("link", "add", "eth1", "type", "veth", "peer", "name", "eth1", "netns", router.name);
      for (const [namespace, host] of [[homeAgent, 1], [router, 2]] as const) {
        namespace.ip("addr", "add", `198.51.100.${host}/24`, "dev", "eth1");
        namespace.ip("addr", "add", `2001:db8:1::${host}/64`, "dev", "eth1", "nodad");
        namespace.run("sysctl", "-qw", "net.ipv6.conf.eth1.accept_dad=0");
        namespace.ip("link", "set", "eth1", "up");
      }
      homeAgent.ip("route", "add", "203.0.113.0/24", "dev", "eth1", "proto", "static");
      const configuration = asHomeAgent(parseConfiguration(
        "ha.toml",
        HOME_AGENT_TOML.split("\n\n")[0].replace("203.0.113.1", "198.51.100.1") +
          '\nipv4_home_prefix = "192.0.2.0/24"\n',
      ));
      const log = new RecordingLog();
      using sysctls = new SavedSysctls({ path: `${folder}/sysctls`, log });
      using network = homeAgent.enter(() => {
        const network = HostNetwork.open(log);
        network.setUpHomeAgent(configuration, { tun: "dsmip-ha", sysctls });
        return network;
      });
      start(homeAgent, homeAgentConfiguration());
      start(router, ROUTER);
      const learnt = () =>
        ["-4", "-6"].flatMap((family) => router.ipJson(family, "route", "show", "proto", "bird"))
          .map(({ dst }) => dst).toSorted();
      const home = ["192.0.2.0/24", "2001:db8:100::/64"];
      await until("the home prefixes", () => learnt().join() === home.join(), 20_000);

      network.addMobileNetwork({ address: "10.64.0.0", length: 28 });
      network.addMobileNetwork({ address: "2001:db8:200::", length: 64 });
      const all = ["10.64.0.0/28", ...home, "2001:db8:200::/64"].toSorted();
      await until("the mobile networks", () => learnt().join() === all.join(), 20_000);
      const [{ gateway }] = router.ipJson("route", "get", "10.64.0.5");
      assertEquals(gateway, "198.51.100.1");

      network.removeMobileNetwork({ address: "10.64.0.0", length: 28 });
      network.removeMobileNetwork({ address: "2001:db8:200::", length: 64 });
      await until("the mobile networks have gone", () => learnt().join() === home.join(), 20_000);
    } finally {
      for (const child of children) child.kill("SIGTERM");
      await Promise.all(children.map((child) => child.status));
      closeFileDescriptor(tun.fileDescriptor);
      Deno.removeSync(folder, { recursive: true });
      homeAgent.remove();
      router.remove();
    }
  },
});
