import { assert, assertEquals } from "@std/assert";
import { startAccessNetworks } from "../../../cli/lab/access/start.ts";
import { configured } from "../../../cli/lab/handover/configured.ts";
import { Air, parsePortChanges } from "../../../cli/lab/access/air.ts";
import { DelayQueue } from "../../../cli/lab/access/delayed_link.ts";
import { buildInternet } from "../../../cli/lab/access/build.ts";
import { CORRESPONDENT, HOME_AGENT_OUTSIDE } from "../../../cli/lab/access/internet.ts";
import { ACCESS_NETWORKS, type Egress, handoverTopology } from "../../../cli/lab/handover/topology.ts";
import { Lab } from "../../../cli/lab/lab.ts";
import { runProgram } from "../../../cli/lab/process.ts";
import { ping } from "../../../cli/lab/traffic.ts";
import { hostNetwork, rootTest } from "../support.ts";

const { r6a, r6b, r4, r4n } = ACCESS_NETWORKS;

/** Builds the network, uses it, removes it, and looks for what is left. */
async function withNetwork(delayMs: number, use: (lab: Lab) => Promise<void>): Promise<void> {
  const before = await hostNetwork();
  const lab = await Lab.open(new AbortController().signal);
  try {
    await buildInternet(lab, handoverTopology(), delayMs);
    await use(lab);
  } finally {
    await lab.close();
  }
  const { stdout } = await runProgram(["ip", "netns", "list"]);
  assertEquals(stdout.split("\n").filter((line) => line.includes(lab.run)), []);
  assertEquals(await hostNetwork(), before);
}

/** Lets the kernel itself configure an egress interface: it solicits routers only where an interface comes up. */
async function letKernelConfigure(lab: Lab, egress: Egress): Promise<void> {
  const folder = `/proc/sys/net/ipv6/conf/${egress}`;
  const script = `echo 2 >${folder}/accept_ra && echo 1 >${folder}/autoconf`;
  await lab.exec("mr", ["sh", "-c", script]);
  await lab.network.batch("mr", [`link set ${egress} down`, `link set ${egress} up`]);
}

/** Asks for a lease as a real client does; the address that it got. */
async function askForLease(lab: Lab, egress: Egress): Promise<string> {
  const said = await runProgram(
    lab.network.inside("mr", [
      ...["udhcpc", "-f", "-q", "-n", "-t", "5", "-T", "1", "-i", egress, "-s", "/bin/true"],
    ]),
  );
  return /lease of ([\d.]+) obtained/.exec(said.stdout + said.stderr)?.[1] ??
    `none: ${said.stdout}${said.stderr}`;
}

rootTest(
  "the handover network gives addresses by radvd and dnsmasq where a port is, and leaves nothing",
  async () => {
    await withNetwork(0, async (lab) => {
      await startAccessNetworks(lab, Object.values(ACCESS_NETWORKS));
      const air = await Air.open(lab);
      await Promise.all([air.cut("eg0"), air.cut("eg1")]);
      const attached = await air.attach("eg0", r6a);
      assert(Math.abs(attached.timeMs - Date.now()) < 2000, `${attached.timeMs} is not now`);
      await letKernelConfigure(lab, "eg0");
      await configured(lab, "eg0", r6a);
      assertEquals(
        (await ping(lab, { from: "mr", to: "ha", address: HOME_AGENT_OUTSIDE }, 2)).received,
        2,
        "from r6a",
      );

      // Moved without a link event.
      const before = air.changes().length;
      await air.attach("eg0", r6b);
      assertEquals(
        air.changes().slice(before).filter(({ network }) => network === undefined).length > 0,
        true,
        "the port leaves one bridge before it enters the other",
      );
      await letKernelConfigure(lab, "eg0");
      await configured(lab, "eg0", r6b);

      await air.attach("eg1", r4);
      const lease = await askForLease(lab, "eg1");
      assert(lease.startsWith(r4.addressesBegin), lease);
      await configured(lab, "eg1", r4);
      await air.cut("eg1");
      await air.attach("eg1", r4n);
      const hidden = await askForLease(lab, "eg1");
      assert(hidden.startsWith(r4n.addressesBegin), hidden);
      await lab.network.batch("mr", [
        `address add ${hidden}/24 dev eg1`,
        `route add default via ${r4n.addressesBegin}1`,
      ]);
      const toHomeAgent = { from: "mr", to: "ha", address: "203.0.113.1" };
      assertEquals((await ping(lab, toHomeAgent, 2)).received, 2, "through the NAT");
    });
  },
);

rootTest("a cable with a delay of 20 ms holds every packet for it, each way", async () => {
  await withNetwork(20, async (lab) => {
    // One at a time: a busy machine is late now and then, but nothing is early.
    const times: number[] = [];
    for (let count = 0; count < 10; count++) {
      const { received, averageMs } = await ping(
        lab,
        { from: "cn", to: "ha", address: HOME_AGENT_OUTSIDE },
        1,
      );
      assertEquals(received, 1);
      times.push(averageMs);
    }
    const leastMs = Math.min(...times);
    assert(leastMs >= 40 && leastMs < 60, `round trips ${times.join(", ")} ms`);
    assertEquals((await ping(lab, { from: "r6a", to: "cn", address: CORRESPONDENT }, 2)).received, 2);
  });
});

Deno.test("a delay queue keeps order, holds frames until they are due, and drops when it is full", () => {
  const queue = new DelayQueue(20, 2);
  assertEquals([queue.dueMs, queue.next(1e9)], [Infinity, undefined]);
  const frame = new Uint8Array([1]);
  assertEquals([queue.add(frame, 100), queue.add(new Uint8Array([2]), 105)], [true, true]);
  assertEquals(queue.add(new Uint8Array([3]), 106), false);
  frame[0] = 9;
  assertEquals([queue.dueMs, queue.next(119.9)], [120, undefined]);
  assertEquals([...queue.next(120)!], [1]);
  assertEquals([queue.next(120), queue.dueMs], [undefined, 125]);
  assertEquals([...queue.next(200)!], [2]);
});

Deno.test("changes of ports are read from what ip monitor says", () => {
  const text =
    `[2026-11-26T22:16:46.445294] 3: eg0@if4: <BROADCAST,UP,LOWER_UP> mtu 1500 master r6a state UP x
    link/ether 16:a4:af:8c:e1:c5 brd ff:ff:ff:ff:ff:ff
[2026-11-26T22:16:46.552961] Deleted 3: eg0@if4: <BROADCAST,UP,LOWER_UP> mtu 1500 master r6a state UP
[2026-11-26T22:16:46.552975] 3: eg0@if4: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default
[2026-11-26T22:16:46.600000] 5: r6a: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP
[2026-11-26T22:16:46.767810] 3: eg0@if4: <NO-CARRIER,UP,LOWER_UP> mtu 1500 master r4 state LOWERLAYERDOWN group
`;
  const changes = parsePortChanges(text);
  assertEquals(changes.map(({ port, network }) => [port, network]), [
    ["eg0", "r6a"],
    ["eg0", undefined],
    ["eg0", undefined],
  ]);
  const start = new Date(2026, 10, 26, 22, 16, 46).getTime();
  assertEquals(Math.round((changes[1].timeMs - start) * 1000), 552975);
});
