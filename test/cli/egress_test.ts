import { assert, assertEquals } from "@std/assert";
import { Egress } from "../../cli/daemon/egress.ts";
import { removeLeftovers } from "../../cli/daemon/host_leftovers.ts";
import { SavedSysctls } from "../../cli/daemon/saved_sysctls.ts";
import type { CareOfAddressCandidate } from "../../core/control/movement/candidate.ts";
import type { EgressAction } from "../../core/control/movement/egress_action.ts";
import type { EgressEvent } from "../../core/control/movement/egress_event.ts";
import { Netlink } from "../../ffi/netlink.ts";
import { testInsideNamespace, type TestNamespace, until } from "../ffi/in_namespace.ts";
import { RecordingLog } from "./recording_log.ts";

/** A machine that notes what it hears and does what it was told to do with it. */
class Script {
  readonly events: EgressEvent[] = [];
  answer: (event: EgressEvent) => readonly EgressAction[] = () => [];

  handle(event: EgressEvent): readonly EgressAction[] {
    this.events.push(event);
    return this.answer(event);
  }

  nextDeadline(): undefined {
    return undefined;
  }

  of<Kind extends EgressEvent["kind"]>(kind: Kind) {
    return this.events.filter((event): event is Extract<EgressEvent, { kind: Kind }> => event.kind === kind);
  }
}

interface Bench {
  readonly script: Script;
  readonly egress: Egress;
  readonly log: RecordingLog;
  readonly candidates: CareOfAddressCandidate[];
  /** Does these as the answer to the next event. */
  perform(...actions: EgressAction[]): void;
  close(): Promise<void>;
}

function open(path: string, interfaceName = "vx", position = 0): Bench {
  const script = new Script();
  const log = new RecordingLog();
  const candidates: CareOfAddressCandidate[] = [];
  const sysctls = new SavedSysctls({ path, log });
  const egress = new Egress({
    interfaceName,
    position,
    machine: script,
    sysctls,
    log,
    onCandidates: (all) => void candidates.splice(0, candidates.length, ...all),
    onFailure: (error) => {
      throw error;
    },
  });
  return {
    script,
    egress,
    log,
    candidates,
    perform: (...actions) => {
      script.answer = () => {
        script.answer = () => [];
        return actions;
      };
      egress.tell({ kind: "doubt" });
    },
    close: async () => {
      await egress.close();
      sysctls[Symbol.dispose]();
    },
  };
}

function testEgress(
  name: string,
  body: (namespace: TestNamespace, statePath: string) => Promise<void>,
): void {
  testInsideNamespace(name, async (namespace) => {
    const folder = Deno.makeTempDirSync();
    try {
      await body(namespace, `${folder}/mn.sysctls`);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  });
}

function addLink(namespace: TestNamespace): void {
  namespace.ip("link", "add", "vx", "type", "veth", "peer", "name", "vy");
  namespace.ip("link", "set", "vy", "up");
  namespace.ip("link", "set", "vx", "up");
}

/** All that an egress may touch, of addresses only those that are ours. */
function state(namespace: TestNamespace): string {
  return [
    namespace.ip("addr", "show", "scope", "global"),
    namespace.ip("-4", "route", "show", "table", "all"),
    namespace.ip("-6", "route", "show", "table", "all").replaceAll(
      /^(multicast|local|anycast|fe80).*\n/gm,
      "",
    ),
    namespace.ip("-4", "rule", "show"),
    namespace.ip("-6", "rule", "show"),
    namespace.ip("neigh", "show"),
    sysctls(namespace),
  ].join("\n");
}

function sysctls(namespace: TestNamespace, name = "vx"): string {
  const keys = [
    ...["accept_ra", "addr_gen_mode", "router_solicitations"].map((key) => `net.ipv6.conf.${name}.${key}`),
    ...["promote_secondaries", "rp_filter"].map((key) => `net.ipv4.conf.${name}.${key}`),
  ];
  return namespace.run("sysctl", "-n", ...keys).trim().split("\n").join(" ");
}

const IPV6 = "2001:db8:1::7";
const GATEWAY = "fe80::1";
const HARDWARE = new Uint8Array([2, 0, 0, 0, 0, 1]);

const CONFIGURE: readonly EgressAction[] = [
  { kind: "addAddress", address: "fe80::7", prefixLength: 64 },
  { kind: "addAddress", address: IPV6, prefixLength: 64 },
  { kind: "addAddress", address: "192.0.2.7", prefixLength: 24 },
  {
    kind: "setRoutes",
    family: 6,
    routes: [
      { destination: "2001:db8:1::", prefixLength: 64, gateway: undefined },
      { destination: "::", prefixLength: 0, gateway: GATEWAY },
    ],
  },
  {
    kind: "setRoutes",
    family: 4,
    routes: [{ destination: "0.0.0.0", prefixLength: 0, gateway: "198.51.100.1" }],
  },
  { kind: "setNeighbor", address: GATEWAY, hardwareAddress: HARDWARE },
];

testEgress("the machine hears of the link first, and of each change of it", async (namespace, path) => {
  addLink(namespace);
  const bench = open(path);
  const { script } = bench;
  await until("the link", () => script.of("link").length > 0);
  const [first] = script.events;
  assert(first.kind === "link");
  assertEquals([first.up, first.carrier, first.mtu, first.hardwareAddress.length], [true, true, 1500, 6]);
  const expectLink = async (...expected: [boolean, boolean, number]) => {
    await until(`${expected}`, () => {
      const last = script.of("link").at(-1)!;
      return String([last.up, last.carrier, last.mtu]) === String(expected);
    });
  };
  namespace.ip("link", "set", "vy", "down");
  await expectLink(true, false, 1500);
  namespace.ip("link", "set", "vy", "up");
  await expectLink(true, true, 1500);
  namespace.ip("link", "set", "vx", "mtu", "1400");
  await expectLink(true, true, 1400);
  namespace.ip("link", "set", "vx", "down");
  await expectLink(false, false, 1400);
  namespace.ip("link", "set", "vx", "up");
  await expectLink(true, true, 1400);
  for (let round = 0; round < 5; round++) {
    const before = script.of("link").length;
    // In one process, so that the kernel may tell of both at once.
    namespace.run("sh", "-c", "ip link set vy down; ip link set vy up");
    await expectLink(true, true, 1400);
    await until(
      "a link without carrier in between",
      () => script.of("link").slice(before).some(({ carrier }) => !carrier),
    );
  }
  await bench.close();
  assertEquals(script.events.at(-1)?.kind, "stop");
  assertEquals(bench.log.of("warning"), []);
});

testEgress(
  "addresses are ready when the kernel says so, outer packets leave by the egress",
  async (namespace, path) => {
    addLink(namespace);
    const before = state(namespace);
    const bench = open(path);
    bench.perform(...CONFIGURE);
    // The kernel's own link-local address may be ready, too.
    await until(
      "all addresses",
      () => bench.script.of("addressReady").some(({ address }) => address === "192.0.2.7"),
    );
    const ready = bench.script.of("addressReady").map(({ address }) => address);
    for (const address of ["fe80::7", IPV6, "192.0.2.7"]) assert(ready.includes(address), address);
    assertEquals(
      namespace.ip("-6", "route", "show", "table", "main", "2001:db8:1::/64"),
      "",
      "no route beside the tunnel",
    );
    const to = namespace.ipJson("-6", "route", "get", "2001:db8:ffff::1", "from", IPV6)[0];
    assertEquals([to.dev, to.gateway, to.table ?? "41910"], ["vx", GATEWAY, "41910"]);
    assertEquals(
      namespace.ipJson("route", "get", "203.0.113.1", "from", "192.0.2.7")[0].gateway,
      "198.51.100.1",
    );
    assertEquals(namespace.ipJson("route", "get", "203.0.113.1", "oif", "vx")[0].gateway, "198.51.100.1");
    assertEquals(namespace.ipJson("neigh", "show", "to", GATEWAY)[0].lladdr, "02:00:00:00:00:01");
    assertEquals(sysctls(namespace).split(" ").slice(0, 4), ["0", "1", "0", "1"]);

    bench.perform({
      kind: "setRoutes",
      family: 6,
      routes: [{ destination: "::", prefixLength: 0, gateway: "fe80::2" }],
    }, { kind: "removeAddress", address: "192.0.2.7", prefixLength: 24 });
    await until(
      "the new router",
      () => namespace.ip("-6", "route", "show", "table", "41910").includes("fe80::2"),
    );
    assertEquals(namespace.ip("-6", "route", "show", "table", "41910").trim().split("\n").length, 1);
    await until("no IPv4 address", () => namespace.ip("-4", "addr", "show", "dev", "vx") === "");
    assertEquals(namespace.ip("rule", "show", "from", "192.0.2.7"), "");

    await bench.close();
    assertEquals(state(namespace), before);
    assertEquals(namespace.ip("addr", "show", "to", "fe80::7"), "");
    assertEquals(bench.log.of("warning"), []);
  },
);

testEgress("a second IPv4 address of the subnet outlives the first", async (namespace, path) => {
  addLink(namespace);
  const bench = open(path);
  const add = (address: string): EgressAction => ({ kind: "addAddress", address, prefixLength: 24 });
  bench.perform(add("192.0.2.7"), add("192.0.2.8"), {
    kind: "removeAddress",
    address: "192.0.2.7",
    prefixLength: 24,
  });
  await until(
    "both were ready",
    () => bench.script.of("addressReady").some(({ address }) => address === "192.0.2.8"),
  );
  assertEquals(
    namespace.ipJson("-4", "addr", "show", "dev", "vx")[0].addr_info.map(({ local }: { local: string }) =>
      local
    ),
    ["192.0.2.8"],
  );
  await bench.close();
});

testEgress("an address that is there already is used and left there", async (namespace, path) => {
  addLink(namespace);
  namespace.ip("addr", "add", `${IPV6}/64`, "dev", "vx", "nodad");
  const before = state(namespace);
  const bench = open(path);
  await until("the link", () => bench.script.of("link").length > 0);
  bench.script.events.length = 0;
  bench.perform({ kind: "addAddress", address: IPV6, prefixLength: 64 });
  await until("ready", () => bench.script.of("addressReady").some(({ address }) => address === IPV6));
  bench.perform({ kind: "removeAddress", address: IPV6, prefixLength: 64 });
  await bench.close();
  assertEquals(state(namespace), before);
});

testEgress(
  "after switching off and on, the same configuration can be put there again",
  async (namespace, path) => {
    addLink(namespace);
    const bench = open(path);
    bench.perform(...CONFIGURE);
    await until("ready", () => bench.script.of("addressReady").length >= 3);
    namespace.ip("link", "set", "vx", "down");
    namespace.ip("link", "set", "vx", "up");
    await until(
      "up again",
      () => bench.script.of("link").length >= 3 && bench.script.of("link").at(-1)!.carrier,
    );
    bench.script.events.length = 0;
    bench.perform(...CONFIGURE);
    await until("ready again", () => {
      const ready = bench.script.of("addressReady").map(({ address }) => address);
      return [IPV6, "192.0.2.7"].every((address) => ready.includes(address));
    });
    assertEquals(
      namespace.ipJson("-6", "route", "get", "2001:db8:ffff::1", "from", IPV6)[0].gateway,
      GATEWAY,
    );
    assertEquals(bench.log.of("warning"), []);
    await bench.close();
  },
);

testEgress(
  "the interface may be missing at first, go, come back, and be renamed either way",
  async (namespace, path) => {
    const bench = open(path);
    const { script } = bench;
    const last = () =>
      script.events.filter(({ kind }) => kind === "link" || kind === "linkGone").at(-1)?.kind;
    await until("no link", () => last() === "linkGone");
    bench.perform(...CONFIGURE);
    for (let round = 0; round < 2; round++) {
      addLink(namespace);
      await until("the link", () => last() === "link");
      bench.perform(...CONFIGURE);
      await until("configured", () => namespace.ip("addr", "show", "dev", "vx").includes(IPV6));
      namespace.ip("link", "del", "vx");
      await until("no link", () => last() === "linkGone");
    }
    addLink(namespace);
    await until("the link", () => last() === "link");
    bench.perform(...CONFIGURE);
    await until("configured", () => namespace.ip("addr", "show", "dev", "vx").includes(IPV6));
    const managed = sysctls(namespace);
    namespace.ip("link", "set", "vx", "name", "other");
    await until("no link", () => last() === "linkGone");
    assertEquals(namespace.ip("addr", "show", "dev", "other", "to", IPV6), "");
    const given = sysctls(namespace, "other");
    assert(given !== managed);
    namespace.ip("link", "set", "other", "name", "vx");
    await until("the link", () => last() === "link");
    assertEquals(sysctls(namespace), managed);
    await bench.close();
    assertEquals(sysctls(namespace), given);
    assertEquals(bench.log.of("warning"), []);
  },
);

testEgress("a machine's last frame leaves before everything is taken back", async (namespace, path) => {
  addLink(namespace);
  const near = open(path);
  const far = open(`${path}2`, "vy", 1);
  await until("both links", () => near.script.of("link").length > 0 && far.script.of("link").length > 0);
  near.script.answer = ({ kind }) =>
    kind === "stop"
      ? [{
        kind: "sendFrame",
        etherType: 0x0806,
        destinationHardwareAddress: new Uint8Array(6).fill(0xff),
        payload: new Uint8Array(28).fill(7),
      }]
      : [];
  await near.close();
  await until("the frame", () => far.script.of("frame").some(({ payload }) => payload[0] === 7));
  await far.close();
});

testEgress("strict filtering of sources becomes loose, where it is strict", async (namespace, path) => {
  for (const [all, own, managed] of [["0", "0", "0"], ["1", "0", "2"], ["0", "1", "2"], ["2", "1", "1"]]) {
    addLink(namespace);
    namespace.run("sysctl", "-qw", `net.ipv4.conf.all.rp_filter=${all}`, `net.ipv4.conf.vx.rp_filter=${own}`);
    const bench = open(path);
    assertEquals(sysctls(namespace).split(" ")[4], managed);
    await bench.close();
    assertEquals(sysctls(namespace).split(" ")[4], own);
    namespace.ip("link", "del", "vx");
  }
});

testEgress(
  "what a killed run left is removed by the next, kernel parameters too",
  async (namespace, path) => {
    addLink(namespace);
    const before = state(namespace);
    const killed = open(path);
    killed.perform(...CONFIGURE);
    await until("configured", () => killed.script.of("addressReady").length >= 3);
    // As kill -9 would leave it: a copy of what was noted, then everything else is forgotten.
    const noted = Deno.readTextFileSync(path);
    const left = sysctls(namespace);
    await killed.close();
    assertEquals(state(namespace), before);
    const netlink = new Netlink();
    const { index: interfaceIndex } = netlink.requireLink("vx");
    namespace.run(
      "sysctl",
      "-qw",
      ...Object.keys(JSON.parse(noted)).map((key, index) =>
        `${key.replaceAll("/", ".")}=${["0", "1", "0", "1"][index]}`
      ),
    );
    assertEquals(sysctls(namespace), left);
    Deno.writeTextFileSync(path, noted);
    netlink.addAddress({
      interfaceIndex,
      address: IPV6,
      prefixLength: 64,
      noDad: true,
      noPrefixRoute: true,
      protocol: 155,
    });
    netlink.replaceRoute({
      destination: "::",
      prefixLength: 0,
      gateway: GATEWAY,
      interfaceIndex,
      table: 41910,
      isGatewayOnLink: true,
    });
    netlink.addRule({ family: 6, priority: 4191, outputInterface: "vx", table: 41910 });
    netlink.setNeighbor({ interfaceIndex, address: GATEWAY, hardwareAddress: HARDWARE, isProxy: false });
    netlink.setNeighbor({ interfaceIndex, address: "2001:db8:100::100", isProxy: true });

    const log = new RecordingLog();
    removeLeftovers(netlink, { log, tun: "dsmip-mn" });
    new SavedSysctls({ path, log });
    assertEquals(state(namespace), before);
    assertEquals(namespace.ip("-6", "neigh", "show", "proxy"), "");
    assertEquals([log.of("warning"), log.of("info").length], [[], 5 + Object.keys(JSON.parse(noted)).length]);
    assertEquals(
      [...Deno.readDirSync(path.slice(0, path.lastIndexOf("/")))],
      [],
      "nothing is noted any more",
    );
    netlink.close();
  },
);

testEgress("a file of saved parameters that holds something else is no danger", (namespace, path) => {
  const log = new RecordingLog();
  for (
    const text of [
      "",
      "[]",
      "null",
      "7",
      '{"kernel/hostname":"x"}',
      '{"net/ipv6/conf/../../../x/y":"1"}',
      '{"net/ipv6/conf/gone/accept_ra":"1"}',
    ]
  ) {
    Deno.writeTextFileSync(path, text);
    new SavedSysctls({ path, log });
  }
  assert(namespace.run("hostname").trim() !== "x");
  assertEquals(log.of("warning"), []);
  return Promise.resolve();
});
