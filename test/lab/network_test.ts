import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Network, processesIn, removeNamespaces, type Topology } from "../../cli/lab/network.ts";
import { Child, runProgram, until } from "../../cli/lab/process.ts";
import { snapshotDifference, takeSnapshot } from "../../cli/lab/snapshot.ts";
import { labTopology } from "../../cli/lab/scenarios/topology.ts";
import { hostNetwork, newRun, rootTest } from "./support.ts";

const PAIR: Topology = {
  nodes: [
    { name: "left", addresses: [["eth0", "192.0.2.1/24"], ["eth0", "2001:db8::1/64"]] },
    { name: "right", addresses: [["eth0", "192.0.2.2/24"]], ipv4Only: ["eth0"] },
  ],
  links: [[["left", "eth0"], ["right", "eth0"]]],
};

async function withNetwork(topology: Topology, use: (network: Network) => Promise<void>): Promise<void> {
  const network = new Network(newRun());
  try {
    await network.build(topology);
    await use(network);
  } finally {
    await network.remove();
  }
}

rootTest(
  "a lab's network is built, carries packets, is removed, and the machine's own stays as it was",
  async () => {
    const before = await hostNetwork();
    let namespaces: readonly string[] = [];
    await withNetwork(labTopology("public"), async (network) => {
      namespaces = network.namespaces;
      assertEquals(namespaces.length, 6);
      await network.exec("cn", ["ping", "-c1", "-W2", "2001:db8:1::1"]);
      await network.exec("access", ["ping", "-c1", "-W2", "203.0.113.1"]);
      assertEquals(await hostNetwork(), before);
    });
    const { stdout } = await runProgram(["ip", "netns", "list"]);
    assertEquals(namespaces.filter((name) => stdout.includes(name)), []);
    assertEquals(await hostNetwork(), before);
  },
);

rootTest("two labs stand side by side", async () => {
  await withNetwork(PAIR, async (one) => {
    await withNetwork(PAIR, async (other) => {
      await Promise.all(
        [one, other].map((network) => network.exec("left", ["ping", "-c1", "-W2", "192.0.2.2"])),
      );
    });
  });
});

rootTest("an interface that is IPv4 only has no IPv6 address", async () => {
  await withNetwork(PAIR, async (network) => {
    assertEquals(await network.ip("right", ["-6", "address", "show", "dev", "eth0"]), "");
    assert((await network.ip("left", ["-6", "address", "show", "dev", "eth0"])).includes("2001:db8::1/64"));
  });
});

rootTest("removing a network ends what runs in it, also what ignores SIGTERM", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await withNetwork(PAIR, async (network) => {
      const stubborn = network.inside("left", [
        "sh",
        "-c",
        "trap '' TERM; echo ready; while :; do sleep 1; done",
      ]);
      const child = new Child("stubborn", stubborn, `${folder}/log`, network.run);
      await child.said("ready", 2000);
      assertEquals((await processesIn(network.namespace("left"))).includes(child.pid), true);
      await network.remove();
      await until("end of the child", 1000, () => !child.running);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

rootTest("a network that cannot be built to its end leaves nothing", async () => {
  const network = new Network(newRun());
  const broken: Topology = { ...PAIR, links: [[["left", "eth0"], ["right", "a-name-that-is-too-long"]]] };
  await assertRejects(() => network.build(broken));
  const made = network.namespaces;
  assertEquals(made.length, 2);
  await network.remove();
  const { stdout } = await runProgram(["ip", "netns", "list"]);
  assertEquals(made.filter((name) => stdout.includes(name)), []);
});

rootTest("a snapshot sees links, addresses, routes, rules and nft tables that come and stay", async () => {
  await withNetwork(PAIR, async (network) => {
    const before = await takeSnapshot(network, "left");
    assertEquals(snapshotDifference(before, await takeSnapshot(network, "left")), []);
    await network.batch("left", [
      "link add left0 type veth peer name left1",
      "address add 192.0.2.77/32 dev eth0",
      "route add 2001:db8:77::/48 via 2001:db8::2",
    ]);
    await network.ip("left", [
      "-6",
      "rule",
      "add",
      "from",
      "2001:db8:77::1",
      "lookup",
      "100",
      "priority",
      "1000",
    ]);
    await network.exec("left", ["nft", "add", "table", "inet", "left"]);
    const left = snapshotDifference(before, await takeSnapshot(network, "left"));
    for (
      const wanted of ["link left0", "192.0.2.77/32", "2001:db8:77::/48", "rule6 1000", "nft table inet left"]
    ) {
      assertEquals(
        left.filter((line) => line.startsWith("+") && line.includes(wanted)).length > 0,
        true,
        wanted,
      );
    }
    await network.ip("left", ["address", "del", "192.0.2.1/24", "dev", "eth0"]);
    const gone = snapshotDifference(before, await takeSnapshot(network, "left"));
    assert(gone.some((line) => line.startsWith("- address 192.0.2.1/24")), gone.join("\n"));
  });
});

Deno.test("nothing but namespaces of labs can be named", async () => {
  const network = new Network("0123abcd");
  assertThrows(() => network.namespace("left"), Error, "no namespace of this lab");
  assertThrows(() => network.inside("left", ["true"]), Error, "no namespace of this lab");
  assertThrows(() => new Network("../etc"), Error, "not the name of a run");
  await assertRejects(() => removeNamespaces(["production"]), Error, "not the namespace of a lab");
});
