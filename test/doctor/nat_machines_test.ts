import { assert, assertEquals } from "@std/assert";
import type { Finding } from "../../cli/doctor/finding.ts";
import { isRoot, TestNamespace, until } from "../ffi/in_namespace.ts";
import { dsmipCommand } from "../../cli/lab/lab.ts";
import { dsmip } from "../cli/dsmip.ts";
import { TwoMachines } from "./two_machines.ts";

/** Masquerades what leaves by eth1, with state of UDP that lasts so long, seconds. */
function putNatBetween({ ha, mn }: TwoMachines, nat: TestNamespace, seconds: number): void {
  nat.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth1", "netns", mn.name);
  mn.ip("link", "set", "eth0", "netns", nat.name, "name", "eth1");
  mn.ip("link", "set", "eth1", "name", "eth0");
  for (
    const [machine, device, address] of [
      [nat, "eth0", "192.0.2.1/24"],
      [nat, "eth1", "203.0.113.9/24"],
      [mn, "eth0", "192.0.2.10/24"],
    ] as const
  ) {
    machine.ip("link", "set", device, "up");
    machine.ip("addr", "add", address, "dev", device);
  }
  mn.ip("route", "add", "default", "via", "192.0.2.1");
  nat.run("sysctl", "-qw", "net.ipv4.ip_forward=1");
  nat.run(
    "nft",
    'add table ip nat; add chain ip nat out { type nat hook postrouting priority 100; }; add rule ip nat out oifname "eth1" masquerade',
  );
  nat.run(
    "sysctl",
    "-qw",
    `net.netfilter.nf_conntrack_udp_timeout=${seconds}`,
    `net.netfilter.nf_conntrack_udp_timeout_stream=${seconds}`,
  );
  // Who was asked over the old cable is asked anew.
  ha.ip("neigh", "flush", "all");
}

/** A test as root with a home agent that serves, and a mobile node that does not run behind a NAT. */
function testBehindNat(name: string, body: (machines: TwoMachines) => Promise<void>): void {
  Deno.test({
    name: `doctor: ${name} (root)`,
    ignore: !isRoot,
    fn: async () => {
      await using machines = new TwoMachines();
      const nat = new TestNamespace();
      try {
        putNatBetween(machines, nat, 6);
        await machines.serve();
        await body(machines);
      } finally {
        nat.remove();
      }
    },
  });
}

/** Starts a measurement up to 7 s: the shortest one that a NAT's 6 s stop. */
function start(machines: TwoMachines): Deno.ChildProcess {
  const config = ["--config", machines.path("mn.toml")];
  const command = dsmipCommand("doctor", ...config, "--json", "--nat-timeout", "7");
  return new Deno.Command("ip", {
    args: ["netns", "exec", machines.mn.name, ...command],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** What it found of the NAT, and what it said while it looked. */
async function outcome(child: Deno.ChildProcess): Promise<{ finding: Finding | undefined; told: string }> {
  const { stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  const { findings } = JSON.parse(decoder.decode(stdout)) as { findings: Finding[] };
  return { finding: findings.find(({ check }) => check === "NAT timeout"), told: decoder.decode(stderr) };
}

/** How many bindings the home agent has, as it says. */
async function bindings(machines: TwoMachines): Promise<number> {
  const [program, ...args] = dsmipCommand(
    "ha",
    "bindings",
    "--json",
    "--config",
    machines.path("ha.toml"),
  );
  const { stdout, stderr } = await new Deno.Command(program, { args }).output();
  const text = new TextDecoder().decode(stdout);
  assert(text !== "", new TextDecoder().decode(stderr));
  return JSON.parse(text).bindings.length;
}

testBehindNat("a NAT that forgets after 6 s does so between 3 and 9 s", async (machines) => {
  const { finding, told } = await outcome(start(machines));
  assertEquals(finding?.state, "warning", told);
  assertEquals(finding?.text, "the NAT forgets a silent flow after 3 to 9 s; a packet goes every 25 s");
  assert(finding?.advice?.includes("keepalive_seconds"));
  assert(told.includes("silent for 3.5 s") && told.includes("silent for 7 s"), told);
  assertEquals(await bindings(machines), 0);
});

testBehindNat("Ctrl-C while a NAT is measured leaves no binding behind", async (machines) => {
  const child = start(machines);
  await until("it registers", async () => await bindings(machines) === 1, 20_000);
  child.kill("SIGINT");
  const { finding } = await outcome(child);
  assertEquals(finding?.text, "not measured: stopped");
  assertEquals(await bindings(machines), 0);
});

testBehindNat("a NAT is not measured while another program has the home address", async (machines) => {
  const listener = Deno.listen({ transport: "unix", path: machines.path("mn.sock") });
  const answering = (async () => {
    for await (const connection of listener) connection.close();
  })();
  const { finding } = await outcome(start(machines));
  assertEquals(finding?.text, "not measured: the home address is dsmip mn up's while it runs");
  assertEquals(await bindings(machines), 0);
  listener.close();
  await answering;
});

Deno.test("doctor: a NAT is measured from a mobile node only, and for some minutes at most", async () => {
  const without = await dsmip("doctor", "--nat-timeout");
  assertEquals(without.code, 1);
  assert(without.stderr.includes("needs the configuration of a mobile node"), without.stderr);
  const tooLong = await dsmip("doctor", "--nat-timeout", "601");
  assert(tooLong.code !== 0 && tooLong.stderr.includes("4 to 600 whole seconds"), tooLong.stderr);
});
