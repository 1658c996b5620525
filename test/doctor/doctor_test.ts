import { assert, assertEquals } from "@std/assert";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { openUdpSocket } from "../../ffi/socket.ts";
import { dsmip } from "../cli/dsmip.ts";
import { isRoot, TestNamespace } from "../ffi/in_namespace.ts";
import { type Examination, TwoMachines } from "./two_machines.ts";

/** A command that runs another one where kernel parameters can only be read. */
const READ_ONLY = [
  "unshare",
  "--mount",
  "sh",
  "-c",
  'mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys && exec "$@"',
  "sh",
];

/** A test as root with a home agent that serves and a mobile node that does not run. */
function testDoctor(name: string, body: (machines: TwoMachines) => Promise<void>): void {
  Deno.test({
    name: `doctor: ${name} (root)`,
    ignore: !isRoot,
    fn: async () => {
      await using machines = new TwoMachines();
      await body(machines);
    },
  });
}

/** Exactly these faults, by the beginnings of their lines; the exit status goes with them. */
function assertFaults({ lines, code, ok, findings }: Examination, ...wanted: string[]): void {
  const faults = lines.filter((line) => line.startsWith("fault "));
  const all = lines.join("\n");
  assertEquals(faults.length, wanted.length, all);
  for (const [index, start] of wanted.entries()) assert(faults[index].startsWith(`fault ${start}`), all);
  assertEquals([code, ok], wanted.length === 0 ? [0, true] : [1, false], all);
  for (const { state, advice } of findings) assert(state === "ok" || advice !== undefined, all);
}

function assertHas({ lines }: Examination, ...wanted: string[]): void {
  for (const start of wanted) {
    assert(lines.some((line) => line.startsWith(start)), `${start}\nnot in\n${lines.join("\n")}`);
  }
}

testDoctor("a mobile node whose home agent answers", async (machines) => {
  await machines.serve();
  const [mn, ha] = await Promise.all([
    machines.examine(machines.mn, "mn.toml"),
    machines.examine(machines.ha, "ha.toml"),
  ]);
  assertFaults(mn);
  assertHas(
    mn,
    "ok home agent over IPv4: 203.0.113.1 port 4191 answers over eth0",
    "ok protocol 41: passes from eth0",
    "ok home agent over IPv6: 2001:db8:100::1 answers over eth0",
    "ok TUN device: ",
    "ok nftables: ",
  );
  assertFaults(ha);
  assertHas(ha, "ok home agent: dsmip ha serve runs, mobile nodes bound: 0", "ok IPv6 forwarding: on");
});

testDoctor("a home agent that does not answer", async (machines) => {
  assertFaults(
    await machines.examine(machines.mn, "mn.toml"),
    "home agent over IPv4: no answer from 203.0.113.1 port 4191 over eth0",
    "home agent over IPv6: no answer from 2001:db8:100::1 over eth0",
  );
});

testDoctor("protocols that something on the way drops", async (machines) => {
  await machines.serve();
  // At the home agent, before its sockets; the mobile node cannot see these rules.
  machines.ha.run(
    "nft",
    "add table inet f; add chain inet f in { type filter hook input priority 0; }; add rule inet f in meta l4proto 41 drop",
  );
  const first = await machines.examine(machines.mn, "mn.toml");
  assertFaults(first);
  assertHas(first, "warning protocol 41: no answer over eth0: normal behind a NAT");
});

testDoctor("firewall rules in the way of a home agent", async (machines) => {
  machines.ha.run(
    "nft",
    "add table inet f; add chain inet f in { type filter hook input priority 0; policy drop; }; add rule inet f in udp dport 4191 accept; add rule inet f in meta l4proto 135 accept",
  );
  assertFaults(
    await machines.examine(machines.ha, "ha.toml"),
    "firewall: protocol 41 from mobile nodes is dropped by the policy of table inet f chain in",
    "firewall: protocol 41 over IPv6 from mobile nodes is dropped by the policy of table inet f chain in",
  );
  machines.ha.run(
    "nft",
    "flush ruleset; add table ip f; add chain ip f in { type filter hook input priority 0; }; add rule ip f in udp dport 4191 drop",
  );
  const { findings, ...second } = await machines.examine(machines.ha, "ha.toml");
  assertFaults(
    { findings, ...second },
    "firewall: UDP port 4191 from mobile nodes is dropped by table ip f chain in rule handle",
  );
  // What it says to do helps.
  const advice = findings.find(({ state }) => state === "fault")!.advice!;
  machines.ha.run("sh", "-c", /nft insert .*$/.exec(advice)![0]);
  assertFaults(await machines.examine(machines.ha, "ha.toml"));
});

testDoctor("firewall rules in the way of a mobile node", async (machines) => {
  await machines.serve();
  machines.mn.run(
    "nft",
    "add table inet f; add chain inet f out { type filter hook output priority 0; }; add rule inet f out udp dport 4191 drop",
  );
  assertFaults(
    await machines.examine(machines.mn, "mn.toml"),
    "firewall: UDP to the home agent's port 4191 is dropped by table inet f chain out",
    "home agent over IPv4: ",
  );
  // The usual rules of a laptop: answers come in, tunnels from outside may not.
  machines.mn.run(
    "nft",
    "flush ruleset; add table inet f; add chain inet f in { type filter hook input priority 0; policy drop; }; add rule inet f in ct state established,related accept; add rule inet f in meta l4proto ipv6-icmp accept; add rule inet f in ip6 nexthdr ipv6 accept",
  );
  const laptop = await machines.examine(machines.mn, "mn.toml");
  assertFaults(laptop);
  assertHas(
    laptop,
    "warning firewall: protocol 41 from the home agent is dropped by the policy of table inet f chain in",
  );
});

testDoctor("firewall rules in the way of ESP", async (machines) => {
  const { stdout } = await dsmip("config", "esp", "2001:db8:100::100", "2001:db8:100::1");
  machines.write("mn1.esp", stdout);
  Deno.chmodSync(machines.path("mn1.esp"), 0o600);
  for (const [machine, file] of [[machines.ha, "ha.toml"], [machines.mn, "mn.toml"]] as const) {
    machines.write(file, Deno.readTextFileSync(machines.path(file)) + 'esp_file = "mn1.esp"\n');
    machine.run(
      "nft",
      "add table inet f; add chain inet f in { type filter hook input priority 0; policy drop; }; add rule inet f in meta l4proto { 17, 41, 58, 135 } accept",
    );
  }
  assertFaults(
    await machines.examine(machines.ha, "ha.toml"),
    "firewall: protocol 50 over IPv6 from mobile nodes is dropped by the policy of table inet f chain in",
  );
  const mn = await machines.examine(machines.mn, "mn.toml");
  assertHas(mn, "fault firewall: signalling from the home agent (protocol 50 over IPv6) is dropped");
});

testDoctor("a home link that is not there, or down", async (machines) => {
  machines.change("ha.toml", 'home_link = "home0"\nworkers = 2');
  assertFaults(await machines.examine(machines.ha, "ha.toml"), "home link: home0 is not there");
  machines.ha.ip("link", "add", "home0", "type", "veth", "peer", "name", "home1");
  assertFaults(await machines.examine(machines.ha, "ha.toml"), "home link: home0 is down");
  machines.ha.ip("link", "set", "home0", "up");
  assertHas(await machines.examine(machines.ha, "ha.toml"), "warning home link: home0 has no carrier");
  machines.ha.ip("link", "set", "home1", "up");
  const up = await machines.examine(machines.ha, "ha.toml");
  assertFaults(up);
  assertHas(up, "ok home link: home0 is up", "ok BPF: ");
});

testDoctor("forwarding that is off", async (machines) => {
  machines.ha.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=0");
  assertFaults(await machines.examine(machines.ha, "ha.toml"), "IPv6 forwarding: off");
  machines.change("ha.toml", "forwarding = true");
  const wanted = await machines.examine(machines.ha, "ha.toml");
  assertFaults(wanted);
  assertHas(wanted, "ok IPv6 forwarding: off now; dsmip switches it on");
  assertFaults(await machines.examine(machines.ha, "ha.toml", READ_ONLY), "IPv6 forwarding: off");
});

testDoctor("no TUN device", async (machines) => {
  const without = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs /dev/net && exec "$@"', "sh"];
  const examination = await machines.examine(machines.ha, "ha.toml", without);
  assertFaults(examination, "TUN device: Cannot open /dev/net/tun: No such file or directory");
  assertHas(examination, "ok nftables: ");
});

testDoctor("kernel parameters that cannot be set", async (machines) => {
  await machines.serve();
  machines.mn.run("sysctl", "-qw", "net.ipv4.conf.eth0.rp_filter=1");
  const strict = await machines.examine(machines.mn, "mn.toml");
  assertHas(strict, "ok reverse path filter: strict on eth0 now; dsmip makes it loose");
  machines.mn.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=2");
  const loose = await machines.examine(machines.mn, "mn.toml");
  assertHas(loose, "ok reverse path filter: lets the tunnel through on eth0");
  machines.mn.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0");
  assertFaults(
    await machines.examine(machines.mn, "mn.toml", READ_ONLY),
    "kernel parameters: cannot be set",
    "reverse path filter: strict on eth0, and dsmip may not change it",
  );
  machines.mn.run("sysctl", "-qw", "net.ipv4.conf.eth0.rp_filter=2");
  assertFaults(await machines.examine(machines.mn, "mn.toml", READ_ONLY), "kernel parameters: cannot be set");
});

testDoctor("a link that is too narrow, a wrong link_mtu", async (machines) => {
  machines.ha.ip("link", "set", "eth0", "mtu", "1300");
  assertFaults(await machines.examine(machines.ha, "ha.toml"), "MTU: 1300 octets on eth0");
  machines.ha.ip("link", "set", "eth0", "mtu", "1400");
  machines.change("ha.toml", "link_mtu = 1500");
  const wrong = await machines.examine(machines.ha, "ha.toml");
  assertFaults(wrong);
  assertHas(wrong, "warning MTU: link_mtu = 1500 is more than the 1400 octets of eth0");
});

testDoctor("addresses and interfaces that are not there, a port that is taken", async (machines) => {
  machines.ha.ip("addr", "add", "203.0.113.2/24", "dev", "eth0");
  const socket = machines.ha.enter(() =>
    openUdpSocket({ address: "203.0.113.1", port: 4191, receiveBufferOctets: 4096 })
  );
  assertFaults(
    await machines.examine(machines.ha, "ha.toml"),
    "UDP port: Cannot bind a socket to 203.0.113.1 port 4191/udp",
  );
  closeFileDescriptor(socket.fileDescriptor);
  machines.ha.ip("addr", "del", "203.0.113.1/24", "dev", "eth0");
  assertFaults(
    await machines.examine(machines.ha, "ha.toml"),
    "home agent's address: 203.0.113.1 is on no interface",
    "UDP port: Cannot bind a socket to 203.0.113.1 port 4191/udp",
  );
  machines.write("away.toml", Deno.readTextFileSync(machines.path("mn.toml")).replace('"eth0"', '"wwan0"'));
  const away = await machines.examine(machines.mn, "away.toml");
  assertFaults(away);
  assertHas(
    away,
    "warning egress: wwan0 is not there (yet)",
    "warning home agent: not tried: no egress has an address",
  );
});

testDoctor("IPv6 that is switched off", async (machines) => {
  machines.mn.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1");
  await machines.serve();
  assertFaults(await machines.examine(machines.mn, "mn.toml"), "IPv6: switched off on all interfaces");
});

testDoctor("a user without permission", async (machines) => {
  const nobody = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];
  const examination = await machines.examine(machines.ha, "ha.toml", nobody);
  assertFaults(examination, "permissions: CAP_NET_ADMIN, CAP_NET_RAW");
  assertHas(examination, "warning kernel features: not tried", "warning firewall: not looked at");
  const mn = await machines.examine(machines.mn, "mn.toml", nobody);
  assertHas(mn, "fault home agent over IPv4: Cannot open a raw socket");
});

testDoctor("another program that configures the egress", async (machines) => {
  const program = machines.path("dhcpcd");
  Deno.copyFileSync("/usr/bin/sleep", program);
  const start = (machine: TestNamespace) =>
    new Deno.Command("ip", { args: ["netns", "exec", machine.name, program, "60"], stdin: "null" }).spawn();
  const elsewhere = start(machines.ha);
  await machines.serve();
  assertHas(await machines.examine(machines.mn, "mn.toml"), "ok other programs: none configures eth0");
  const here = start(machines.mn);
  const both = await machines.examine(machines.mn, "mn.toml");
  assertHas(both, "warning other programs: dhcpcd may configure eth0, too");
  machines.change("mn.toml", "manage = false");
  assertHas(await machines.examine(machines.mn, "mn.toml"), "ok other programs: dhcpcd configures eth0");
  for (const child of [here, elsewhere]) {
    child.kill();
    await child.status;
  }
});

testDoctor("programs of a mobile network that are missing", async (machines) => {
  machines.write(
    "router.toml",
    Deno.readTextFileSync(machines.path("mn.toml")) +
      'mobile_network_prefixes = "2001:db8:200::/64"\n[mobile_network]\ninterface = "lan0"\n',
  );
  await machines.serve();
  assertHas(
    await machines.examine(machines.mn, "router.toml"),
    "ok mobile network: radvd, dnsmasq and setpriv are there",
  );
  // What Docker leaves behind.
  machines.mn.run(
    "nft",
    "add table ip6 d; add chain ip6 d f { type filter hook forward priority 0; policy drop; }",
  );
  assertFaults(
    await machines.examine(machines.mn, "router.toml"),
    "firewall: traffic from hosts on lan0 that is forwarded is dropped by the policy of table ip6 d chain f",
  );
  machines.mn.run("nft", "flush ruleset");
  const without = [
    "unshare",
    "--mount",
    "sh",
    "-c",
    'mount --bind /dev/null /usr/sbin/radvd && exec "$@"',
    "sh",
  ];
  assertFaults(await machines.examine(machines.mn, "router.toml", without), "mobile network: radvd missing");
});
