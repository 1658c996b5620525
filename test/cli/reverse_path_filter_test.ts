import { assert, assertEquals } from "@std/assert";
import { parseConfiguration } from "../../cli/configuration/configuration.ts";
import { SavedSysctls } from "../../cli/daemon/saved_sysctls.ts";
import { Egresses } from "../../cli/daemon/egresses.ts";
import { HostNetwork } from "../../cli/daemon/host_network.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { openTun } from "../../ffi/tun.ts";
import { testInsideNamespace, TestNamespace } from "../ffi/in_namespace.ts";
import { asMobileNode } from "./configuration_files.ts";
import { RecordingLog } from "./recording_log.ts";

const HOME_AGENT = "203.0.113.1";
const CARE_OF_ADDRESS = "198.51.100.7";

/** How many packets the kernel has refused because of where they came from. */
function refused(namespace: TestNamespace): number {
  return Number(
    /IPReversePathFilter\s+(\d+)/.exec(namespace.run("nstat", "-asz", "TcpExtIPReversePathFilter"))![1],
  );
}

const filter = (namespace: TestNamespace) =>
  namespace.run("sysctl", "-n", "net.ipv4.conf.vx.rp_filter").trim();

testInsideNamespace(
  "manage = false: the IPv4 default route into the tunnel does not shut the egress to the home agent",
  async (namespace) => {
    const access = new TestNamespace();
    const folder = Deno.makeTempDirSync();
    const tun = openTun({ name: "dsmip-mn" });
    try {
      namespace.ip("link", "add", "vx", "type", "veth", "peer", "name", "vy", "netns", access.name);
      access.ip("link", "set", "vy", "up");
      // A router asks by an address of its own, the home agent's is far away.
      access.run("sysctl", "-qw", "net.ipv4.conf.vy.arp_announce=2");
      access.ip("addr", "add", "198.51.100.1/24", "dev", "vy");
      access.ip("addr", "add", HOME_AGENT, "dev", "lo");
      namespace.ip("link", "set", "vx", "up");
      namespace.ip("addr", "add", `${CARE_OF_ADDRESS}/24`, "dev", "vx");
      namespace.ip("route", "add", "default", "via", "198.51.100.1", "dev", "vx", "metric", "100");
      namespace.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=1");
      const before = filter(namespace);
      const network = HostNetwork.open(new RecordingLog());
      network.setUpMobileNode({
        tun: "dsmip-mn",
        homeAddress: "2001:db8:100::100",
        homeAgentAddress: "2001:db8:100::1",
      });
      network.setTunnel({ innerMtu: 1460 });
      network.setIpv4HomeAddress({ address: "192.0.2.100", prefixLength: 32 });
      /** A packet of the home agent; the answer, if any, goes into the tunnel, and nobody waits for it. */
      const send = () =>
        new Deno.Command("ip", {
          args: ["netns", "exec", access.name, "ping", "-c1", "-W0.1", "-I", HOME_AGENT, CARE_OF_ADDRESS],
          stdout: "null",
        }).outputSync();
      send();
      assert(refused(namespace) > 0, "the trap is there");

      const noted = () => new SavedSysctls({ path: `${folder}/mn.sock.sysctls`, log: new RecordingLog() });
      const open = (sysctls: SavedSysctls, more: string) =>
        Egresses.open({
          configuration: asMobileNode(parseConfiguration(
            `${folder}/mn.toml`,
            `[mobile_node]
identity = "mn1@example.org"
home_address = "2001:db8:100::100"
home_agent_ipv6_address = "2001:db8:100::1"
home_agent_ipv4_address = "${HOME_AGENT}"
egress = "vx"
manage = false
authentication = "none"
control_socket = "mn.sock"
${more}`,
          )),
          sysctls,
          log: new RecordingLog(),
          onCandidates: () => {},
          onFailure: (error) => {
            throw error;
          },
        });
      {
        using sysctls = noted();
        await using _ = open(sysctls, "");
        assertEquals(filter(namespace), before, "without IPv4 in the tunnel there is no need");
      }
      {
        using sysctls = noted();
        await using _ = open(sysctls, 'ipv4_home_address = "any"');
        const refusedBefore = refused(namespace);
        send();
        assertEquals(refused(namespace), refusedBefore);
      }
      assertEquals(filter(namespace), before, "given back");
      network.close();
    } finally {
      closeFileDescriptor(tun.fileDescriptor);
      Deno.removeSync(folder, { recursive: true });
      access.remove();
    }
  },
);
