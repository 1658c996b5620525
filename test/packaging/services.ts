/** The units under a real systemd, with the file that DSMIP names, or that `deno task build` makes: see `deno task test:units`. */
import { assert, assertEquals } from "@std/assert";
import { capabilitySet } from "../../ffi/capabilities.ts";
import { until } from "../ffi/in_namespace.ts";
import { SystemdMachine, whyNoSystemd } from "./systemd_machine.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const PROGRAM = Deno.env.get("DSMIP") ?? `${ROOT}dist/dsmip`;
const UNITS = ["dsmip-ha", "dsmip-mn"] as const;
const LIMIT_MS = 20_000;

const HOME_AGENT = `[home_agent]
ipv6_address = "2001:db8:100::1"
ipv4_address = "203.0.113.1"
home_prefix = "2001:db8:100::/64"
forwarding = true

[[mobile_node]]
identity = "mn1@example.org"
home_address = "2001:db8:100::100"
mobile_network_prefixes = ["2001:db8:200::/64"]
ipv4_home_address = "10.1.0.1/24"
spi = 1000
key_file = "mn1.key"
`;
const MOBILE_NODE = `[mobile_node]
identity = "mn1@example.org"
home_address = "2001:db8:100::100"
mobile_network_prefixes = ["2001:db8:200::/64"]
ipv4_home_address = "10.1.0.1/24"
home_agent_ipv6_address = "2001:db8:100::1"
home_agent_ipv4_address = "203.0.113.1"
egress = "eth0"
manage = false
spi = 1000
key_file = "mn1.key"

[mobile_network]
interface = "lan0"
`;

/** As an administrator would install them, and a network between the two; the watchdog is impatient. */
const PREPARATION = `
cp ${PROGRAM} /usr/bin/dsmip
cp ${ROOT}packaging/*.service /etc/systemd/system/
useradd --system --user-group --no-create-home --home-dir /run/dsmip --shell /usr/sbin/nologin dsmip
mkdir -p /etc/dsmip
printf %s '${HOME_AGENT}' >/etc/dsmip/ha.toml
printf %s '${MOBILE_NODE}' >/etc/dsmip/mn.toml
od -An -N32 -tx1 /dev/urandom >/etc/dsmip/mn1.key
chmod 600 /etc/dsmip/mn1.key; chown dsmip /etc/dsmip/mn1.key
for name in ha mn; do
  ip netns add $name; ip -n $name link set lo up
  mkdir /etc/systemd/system/dsmip-$name.service.d
  printf '[Service]\\nNetworkNamespacePath=/run/netns/%s\\nStandardError=append:/run/out/%s\\nWatchdogSec=3\\n' $name $name \\
    >/etc/systemd/system/dsmip-$name.service.d/test.conf
done
ip -n ha link add eth0 type veth peer name eth0 netns mn
ip -n ha address add 203.0.113.1/24 dev eth0; ip -n ha link set eth0 up
ip -n mn address add 203.0.113.2/24 dev eth0; ip -n mn link set eth0 up
ip -n mn link add lan0 type veth peer name lan1; ip -n mn link set lan0 up
`;

const missing = whyNoSystemd();

Deno.test({
  name: `units: both services under a real systemd${missing === undefined ? "" : ` (needs ${missing})`}`,
  ignore: missing !== undefined,
  fn: async (t) => {
    const machine = await SystemdMachine.start(PREPARATION);
    const log = (name: string) => machine.run("cat", `/run/out/${name}`);
    const isRegistered = () => machine.property("dsmip-mn", "StatusText").startsWith("Registered: ");
    const pidOf = (unit: string) => machine.property(unit, "MainPID");
    try {
      await t.step("they start, and the mobile node registers", async () => {
        machine.run("systemctl", "start", "dsmip-ha", "dsmip-mn");
        await until("registration", isRegistered, LIMIT_MS);
        assertEquals(
          machine.property("dsmip-ha", "StatusText"),
          "Serving the home network 2001:db8:100::/64",
        );
        machine.run("ip", "netns", "exec", "mn", "ping", "-6", "-c1", "-W5", "2001:db8:100::1");
      });

      await t.step("every thread has the user, the capabilities and the filter that it should have", () => {
        const uid = machine.run("id", "-u", "dsmip").trim();
        for (const unit of UNITS) {
          const more = unit === "dsmip-mn" ? ["CAP_NET_BIND_SERVICE"] as const : [];
          const set = capabilitySet(["CAP_NET_ADMIN", "CAP_NET_RAW", ...more]).toString(16).padStart(16, "0");
          const text = machine.run("sh", "-c", `cat /proc/${pidOf(unit)}/task/*/status`);
          const valuesOf = (field: string) =>
            [...new Set(text.match(new RegExp(`^${field}:.*$`, "gm")))].map((line) => line.split(/\s+/)[1]);
          for (const field of ["CapPrm", "CapEff", "CapAmb"]) {
            assertEquals(valuesOf(field), [set], `${unit} ${field}`);
          }
          assertEquals(
            [valuesOf("Uid"), valuesOf("NoNewPrivs"), valuesOf("Seccomp")],
            [[uid], ["1"], ["2"]],
            unit,
          );
        }
      });

      await t.step("the mobile network is served", async () => {
        const programs = () => machine.run("systemctl", "status", "--no-pager", "--full", "dsmip-mn");
        await until(
          "radvd and dnsmasq",
          () => /radvd --/.test(programs()) && /dnsmasq --/.test(programs()),
          LIMIT_MS,
        );
      });

      await t.step("they reload", () => {
        machine.run("systemctl", "reload", ...UNITS);
        for (const name of ["ha", "mn"]) assert(log(name).includes("configuration reloaded"), log(name));
      });

      await t.step("a restart of the home agent keeps the binding", () => {
        machine.run("systemctl", "restart", "dsmip-ha");
        assert(/bindings taken over +count=1 of=1/.test(log("ha")), log("ha"));
      });

      await t.step("a daemon that stands still, or is killed, is started again", async () => {
        for (const [signal, restarts] of [["-STOP", "1"], ["-KILL", "2"]]) {
          const before = pidOf("dsmip-ha");
          machine.run("kill", signal, before);
          const isBack = () =>
            machine.property("dsmip-ha", "NRestarts") === restarts &&
            machine.property("dsmip-ha", "ActiveState") === "active";
          await until(`a home agent after kill ${signal}`, isBack, LIMIT_MS);
        }
        await until("registration", isRegistered, LIMIT_MS);
      });

      await t.step("they stop without a fault", () => {
        machine.run("systemctl", "stop", "dsmip-mn");
        machine.run("systemctl", "stop", "dsmip-ha");
        for (const unit of UNITS) {
          const end = [machine.property(unit, "ActiveState"), machine.property(unit, "Result")];
          assertEquals(end, ["inactive", "success"], unit);
        }
        assert(!log("mn").includes("a program has ended"), log("mn"));
      });
    } finally {
      await machine.stop();
    }
  },
});
