import { assert, assertEquals } from "@std/assert";
import { type Capability, capabilitySet } from "../../ffi/capabilities.ts";
import { neededCapabilities } from "../../cli/daemon/least_privilege.ts";
import { RunningDaemon } from "../cli/running_daemon.ts";
import { run, testInNamespace, TestNamespace, until } from "../ffi/in_namespace.ts";
import { hasProgram } from "../lab/support.ts";

const FOLDER = new URL("../../packaging/", import.meta.url).pathname;
const UNITS = ["dsmip-ha.service", "dsmip-mn.service"] as const;
/** Of the runtime, which goes on without: V8's keys for its pages; and who owns the cache of modules, asked by root only. */
const DISPENSABLE = new Set(["pkey_alloc", "fchown"]);
const ignore = !hasProgram("systemd-analyze");

/** All values of a key, in their order. */
function valuesOf(unit: string, key: string): string[] {
  const text = Deno.readTextFileSync(`${FOLDER}${unit}`);
  return [...text.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map(([, value]) => value);
}

Deno.test({
  name: "units: systemd finds nothing wrong with them",
  ignore,
  fn: () => {
    const folder = Deno.makeTempDirSync({ prefix: "dsmip-test-" });
    try {
      // The program and its manual are not installed here.
      for (const unit of UNITS) {
        const text = Deno.readTextFileSync(`${FOLDER}${unit}`);
        const here = text.replaceAll("/usr/bin/dsmip", "/bin/true").replace(/^Documentation=.*\n/m, "");
        Deno.writeTextFileSync(`${folder}/${unit}`, here);
      }
      const args = ["verify", "--man=no", ...UNITS.map((unit) => `${folder}/${unit}`)];
      const { success, stderr } = new Deno.Command("systemd-analyze", { args }).outputSync();
      // What it says of other units of this machine names their files.
      const said = new TextDecoder().decode(stderr).split("\n").filter((line) => line.includes("dsmip"));
      assertEquals([success, said], [true, []]);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "units: systemd's own judge of sandboxes finds an exposure of 2.4 of 10 at most",
  ignore,
  fn: () => {
    for (const unit of UNITS) {
      // It fails above the threshold, which it takes times ten.
      run("systemd-analyze", "security", "--offline=yes", "--threshold=24", "--no-pager", `${FOLDER}${unit}`);
    }
  },
});

Deno.test("units: they grant what any configuration may need, and no more", () => {
  const any = capabilitySet(neededCapabilities("/dev/null"));
  for (const unit of UNITS) {
    for (const key of ["AmbientCapabilities", "CapabilityBoundingSet"]) {
      const granted = valuesOf(unit, key).flatMap((value) => value.split(" ")) as Capability[];
      assertEquals(capabilitySet(granted), any, `${unit} ${key}`);
    }
  }
});

Deno.test("units: they start the program with its own words, in the folders that it uses by itself", () => {
  const [homeAgent, mobileNode] = UNITS.map((unit) => valuesOf(unit, "ExecStart")[0]);
  assertEquals(homeAgent, "/usr/bin/dsmip ha serve --config /etc/dsmip/ha.toml");
  assertEquals(mobileNode, "/usr/bin/dsmip mn up --config /etc/dsmip/mn.toml");
  for (const unit of UNITS) {
    for (const key of ["RuntimeDirectory", "StateDirectory"]) assertEquals(valuesOf(unit, key), ["dsmip"]);
    assertEquals(valuesOf(unit, "Type"), ["notify"]);
  }
});

if (hasProgram("systemd-analyze") && hasProgram("strace")) {
  testInNamespace(
    "units: every system call of both daemons, from start to end, is one that they allow",
    async (far) => {
      const near = new TestNamespace();
      const folder = Deno.makeTempDirSync({ prefix: "dsmip-test-" });
      try {
        near.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", far.name);
        for (const [namespace, address] of [[near, "203.0.113.1/24"], [far, "203.0.113.2/24"]] as const) {
          namespace.ip("address", "add", address, "dev", "eth0");
          namespace.ip("link", "set", "eth0", "up");
        }
        const used = await callsOf(folder, near.name, far.name);
        assert(used.size > 50, `${used.size} system calls`);
        for (const unit of UNITS) {
          assertEquals([...used.difference(allowedBy(unit)).difference(DISPENSABLE)], [], unit);
        }
      } finally {
        near.remove();
        Deno.removeSync(folder, { recursive: true });
      }
    },
  );
}

/** The names of all system calls that a home agent and a mobile node make which registers there. */
async function callsOf(folder: string, homeAgent: string, mobileNode: string): Promise<Set<string>> {
  const start = (namespace: string, words: readonly string[], name: string, text: string) => {
    const config = `${folder}/${name}.toml`;
    const control = `control_socket = "${folder}/${name}.sock"\nauthentication = "none"\nworkers = 2\n`;
    Deno.writeTextFileSync(config, `${text}${control}`);
    const wrapper = ["strace", "-D", "-f", "-q", "-o", `${folder}/${name}.calls`];
    return new RunningDaemon(namespace, [...words, "--config", config], { wrapper });
  };
  const ha = start(
    homeAgent,
    ["ha", "serve"],
    "ha",
    `[home_agent]
ipv6_address = "2001:db8:100::1"
ipv4_address = "203.0.113.1"
home_prefix = "2001:db8:100::/64"
mobile_network_pool = "2001:db8:f00::/48"
forwarding = true
`,
  );
  const mn = start(
    mobileNode,
    ["mn", "up"],
    "mn",
    `[mobile_node]
identity = "mn1@example.org"
home_address = "2001:db8:100::100"
home_agent_ipv6_address = "2001:db8:100::1"
home_agent_ipv4_address = "203.0.113.1"
egress = "eth0"
manage = false
request_prefixes = 1
`,
  );
  try {
    await ha.until("ready", () => ha.log.includes("home agent ready"));
    await mn.until("delegated prefixes", () => mn.log.includes("delegated prefixes"));
  } finally {
    assertEquals([await mn.end(), await ha.end()], [0, 0], mn.log + ha.log);
  }
  const files = ["ha", "mn"].map((name) => `${folder}/${name}.calls`);
  // The tracer may write a little longer.
  const hasEnd = (file: string) => Deno.readTextFileSync(file).includes("+++ exited with 0 +++");
  await until("the end of both traces", () => files.every(hasEnd));
  const lines = files.flatMap((file) => Deno.readTextFileSync(file).split("\n"));
  return new Set(lines.flatMap((line) => /^\d+\s+(\w+)\(/.exec(line)?.[1] ?? []));
}

/** What the unit's SystemCallFilter= allows: each line adds to what is allowed, or with "~" takes away. */
function allowedBy(unit: string): Set<string> {
  let allowed = new Set<string>();
  for (const value of valuesOf(unit, "SystemCallFilter")) {
    const names = new Set(value.replace("~", "").split(" ").flatMap((name) => [...expand(name)]));
    allowed = value.startsWith("~") ? allowed.difference(names) : allowed.union(names);
  }
  // An allow list has these by itself (systemd.exec(5)).
  return allowed.union(expand("@default"));
}

/** A system call, or the calls of a group and of the groups in it. */
function expand(name: string): Set<string> {
  if (!name.startsWith("@")) return new Set([name]);
  const lines = run("systemd-analyze", "syscall-filter", name).split("\n").slice(1).map((line) =>
    line.trim()
  );
  return new Set(
    lines.filter((line) => line !== "" && !line.startsWith("#")).flatMap((line) => [...expand(line)]),
  );
}
