import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { parseIpv6Prefix } from "../../core/wire/address.ts";
import { until } from "../ffi/in_namespace.ts";
import {
  addressesOf,
  askForLease,
  connect,
  type LanBench,
  programsIn,
  RunningNetwork,
  stateOf,
  testLan,
} from "./mobile_network_bench.ts";

const WHOLE = parseIpv6Prefix("2001:db8:300::/56")!;
const OTHER = parseIpv6Prefix("2001:db8:400::/64")!;
const IPV4 = { address: "192.0.2.1", prefixLength: 24 };
const LIMIT_MS = 10_000;
/** So long dnsmasq asks whether somebody has an address already, where it is not told otherwise. */
const PING_CHECK_MS = 3000;

function hasAddressIn(bench: LanBench, prefix: string): boolean {
  return addressesOf(bench.host).some(({ address, deprecated }) => address.startsWith(prefix) && !deprecated);
}

function pidOf(bench: LanBench, name: string): number | undefined {
  return programsIn(bench.router).find((program) => program.name === name)?.pid;
}

testLan(
  "mobile network: a host gets addresses, routes, MTU and servers of both families, and all is taken back",
  async (bench) => {
    const { router, host, folder, log } = bench;
    router.ip("link", "set", "lan0", "up");
    const before = stateOf(router);
    {
      await using running = new RunningNetwork(bench, { dns: ["2001:db8::53", "192.0.2.53"] });
      running.network.serve({ prefixes: [WHOLE], ipv4HomeAddress: IPV4, mtu: 1420 });
      await until("an address by SLAAC", () => hasAddressIn(bench, "2001:db8:300:0:"), LIMIT_MS);
      host.run("ping", "-c1", "-W2", "2001:db8:300::1");
      const [route] = host.ipJson("-6", "route", "show", "default");
      assertEquals(route.protocol, "ra");
      assertEquals(host.run("cat", "/proc/sys/net/ipv6/conf/eth0/mtu").trim(), "1420");
      assertMatch(host.run("sh", "-c", "ping -c1 -W2 2001:db8:300:55::1 || true"), /No route|unreachable/i);

      const startMs = performance.now();
      const lease = askForLease(host, folder)!;
      const tookMs = performance.now() - startMs;
      assertEquals(lease, {
        ip: lease.ip,
        mask: "24",
        router: "192.0.2.1",
        mtu: "1420",
        dns: "192.0.2.53",
        lease: "300",
      });
      assertMatch(lease.ip, /^192\.0\.2\.\d+$/);
      assertNotEquals(lease.ip, "192.0.2.1");
      assert(tookMs < PING_CHECK_MS, `an answer at once: ${tookMs} ms`);
      assertEquals(
        router.run("sysctl", "-n", "net.ipv6.conf.all.forwarding", "net.ipv4.ip_forward"),
        "1\n1\n",
      );
      assertEquals(Deno.statSync(`${folder}/network`).mode! & 0o777, 0o700);
      assertEquals(Deno.statSync(`${folder}/network/radvd.conf`).mode! & 0o777, 0o600);
      assertEquals(Deno.statSync(`${folder}/network/dnsmasq.conf`).mode! & 0o777, 0o600);
    }
    assertEquals(stateOf(router), before);
    await until("no default route", () => host.ipJson("-6", "route", "show", "default").length === 0);
    assert(hasAddressIn(bench, "2001:db8:300:0:"), "the host keeps its address for a while");
    assertEquals([...Deno.readDirSync(`${folder}/network`)].map(({ name }) => name), ["dnsmasq.leases"]);
    assertEquals(log.of("warning"), []);
  },
);

testLan("mobile network: tshark reads the advertisement, with servers, MTU and lifetimes", async (bench) => {
  bench.router.ip("link", "set", "lan0", "up");
  await using running = new RunningNetwork(bench, { dns: ["2001:db8::53", "2001:db8::54"] });
  running.network.serve({ prefixes: [WHOLE], mtu: 1400 });
  await until("an address by SLAAC", () => hasAddressIn(bench, "2001:db8:300:0:"), LIMIT_MS);
  const fields = [
    ...["icmpv6.opt.rdnss", "icmpv6.opt.mtu", "icmpv6.opt.prefix", "icmpv6.opt.prefix.preferred_lifetime"],
    ...["icmpv6.opt.prefix.valid_lifetime", "icmpv6.nd.ra.router_lifetime"],
  ].flatMap((field) => ["-e", field]);
  const sniffer = new Deno.Command("ip", {
    args: [
      ...["netns", "exec", bench.host.name, "tshark", "-n", "-i", "eth0", "-c", "1", "-a", "duration:30"],
      ...["-f", "icmp6 and ip6[40] == 134", "-T", "fields", ...fields],
    ],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  // Any change is told at once.
  const timer = setInterval(() => running.network.serve({ mtu: 1380 }), 1500);
  const { stdout } = await sniffer.output();
  clearInterval(timer);
  const [servers, ...rest] = new TextDecoder().decode(stdout).split("\n")[0].split("\t");
  assertEquals(servers.split(","), ["2001:db8::53", "2001:db8::54"]);
  assertEquals(rest, ["1380", "2001:db8:300::", "300", "900", "90"]);
});

testLan(
  "mobile network: another prefix is there at once and the old one is left, in IPv4, too",
  async (bench) => {
    const { router, host, folder } = bench;
    await using running = new RunningNetwork(bench);
    running.network.serve({ prefixes: [WHOLE], ipv4HomeAddress: IPV4 });
    await until("an address by SLAAC", () => hasAddressIn(bench, "2001:db8:300:0:"), LIMIT_MS);
    assertEquals(askForLease(host, folder)?.router, "192.0.2.1");
    const radvd = pidOf(bench, "radvd");

    running.network.serve({
      prefixes: [OTHER],
      ipv4HomeAddress: { address: "198.51.100.9", prefixLength: 29 },
    });
    await until("an address of the other prefix", () => hasAddressIn(bench, "2001:db8:400:"), 2000);
    await until("the old one is deprecated", () => !hasAddressIn(bench, "2001:db8:300:"), 2000);
    assertEquals(pidOf(bench, "radvd"), radvd, "radvd has read its configuration again");
    assertEquals(router.ip("addr", "show", "to", "2001:db8:300::/56"), "");
    assertEquals(
      router.ip("-6", "route", "show", "type", "unreachable", "metric", "4191").match(/2001\S+/g),
      [
        "2001:db8:400::/64",
      ],
    );
    assertEquals(router.ip("-4", "route", "show", "type", "unreachable").match(/\S+\/\d+/g), [
      "198.51.100.8/29",
    ]);
    await until(
      "a lease of the other prefix",
      () => askForLease(host, folder)?.router === "198.51.100.9",
      LIMIT_MS,
    );

    running.network.serve({ prefixes: [], ipv4HomeAddress: undefined });
    await until("nothing preferred", () => !addressesOf(host).some(({ deprecated }) => !deprecated), 2000);
    await until("no default route", () => host.ipJson("-6", "route", "show", "default").length === 0, 2000);
    await until("no DHCP server", () => pidOf(bench, "dnsmasq") === undefined);
    assertEquals(router.ip("addr", "show", "dev", "lan0", "scope", "global"), "");
    assertEquals(bench.log.of("warning"), []);
  },
);

testLan("mobile network: hosts hear of a smaller MTU, and not of a larger one", async (bench) => {
  const { host } = bench;
  await using running = new RunningNetwork(bench);
  const isMtu = (mtu: number) => host.run("cat", "/proc/sys/net/ipv6/conf/eth0/mtu").trim() === `${mtu}`;
  running.network.serve({ prefixes: [OTHER] });
  await until("1460, from the start", () => isMtu(1460), LIMIT_MS);
  running.network.serve({ mtu: 1412 });
  await until("1412", () => isMtu(1412));
  running.network.serve({ mtu: 1480 });
  assert(Deno.readTextFileSync(`${bench.folder}/network/radvd.conf`).includes("AdvLinkMTU 1412;"));
  running.network.serve({ mtu: 1000 });
  await until("no less than 1280", () => isMtu(1280));
});

testLan(
  "mobile network: programs that are killed are started again, and leases outlive that",
  async (bench) => {
    const { host, folder, log } = bench;
    await using running = new RunningNetwork(bench);
    running.network.serve({ prefixes: [OTHER], ipv4HomeAddress: IPV4 });
    await until("an address by SLAAC", () => hasAddressIn(bench, "2001:db8:400:"), LIMIT_MS);
    const address = askForLease(host, folder)?.ip;
    assertNotEquals(address, undefined);
    for (const name of ["radvd", "dnsmasq"]) {
      const pid = pidOf(bench, name)!;
      Deno.kill(pid, "SIGKILL");
      await until(`${name} again`, () => ![undefined, pid].includes(pidOf(bench, name)));
    }
    assertEquals(log.of("warning").map(({ details }) => [details.program, details.how]), [
      ["radvd", "SIGKILL"],
      ["dnsmasq", "SIGKILL"],
    ]);
    host.ip("link", "set", "eth0", "down");
    host.ip("link", "set", "eth0", "up");
    await until("an address again", () => hasAddressIn(bench, "2001:db8:400:"), LIMIT_MS);
    await until("the same lease", () => askForLease(host, folder)?.ip === address, LIMIT_MS);
    assert(Deno.readTextFileSync(`${folder}/network/dnsmasq.leases`).includes(address!));
  },
);

testLan("mobile network: serve = false: addresses, routes and forwarding, and no program", async (bench) => {
  const { router } = bench;
  const before = stateOf(router);
  {
    await using running = new RunningNetwork(bench, { serve: false });
    running.network.serve({ prefixes: [WHOLE], ipv4HomeAddress: IPV4 });
    const addresses = router.ip("addr", "show", "dev", "lan0", "scope", "global").match(/inet6? \S+/g);
    assertEquals(addresses, ["inet 192.0.2.1/24", "inet6 2001:db8:300::1/64"]);
    assertEquals(router.run("sysctl", "-n", "net.ipv6.conf.all.forwarding"), "1\n");
    assertEquals(programsIn(router), []);
    assertEquals([...Deno.readDirSync(bench.folder)].map(({ name }) => name), ["mn.sysctls"]);
  }
  assertEquals(stateOf(router), before);
});

testLan(
  "mobile network: an interface that comes later, goes, comes back or is switched off and on is served",
  async (bench) => {
    const { router, host, folder, log } = bench;
    router.ip("link", "del", "lan0");
    await using running = new RunningNetwork(bench);
    running.network.serve({ prefixes: [OTHER], ipv4HomeAddress: IPV4 });
    assertEquals(log.of("warning").length, 1);
    for (let round = 0; round < 2; round++) {
      connect(router, host);
      await until("an address by SLAAC", () => hasAddressIn(bench, "2001:db8:400:"), 20_000);
      await until("a lease", () => askForLease(host, folder) !== undefined, LIMIT_MS);
      if (round === 0) router.ip("link", "del", "lan0");
    }
    router.ip("link", "set", "lan0", "down");
    await until("no address", () => router.ip("addr", "show", "to", "2001:db8:400::1") === "");
    assertEquals(router.ip("link", "show", "lan0").includes("UP,"), false, "it stays off");
    router.ip("link", "set", "lan0", "up");
    await until("the address again", () => router.ip("addr", "show", "to", "2001:db8:400::1") !== "");
    host.ip("link", "set", "eth0", "down");
    host.ip("link", "set", "eth0", "up");
    await until("a lease again", () => askForLease(host, folder) !== undefined, LIMIT_MS);
    await until("an address by SLAAC again", () => hasAddressIn(bench, "2001:db8:400:"), 20_000);
  },
);

testLan(
  "mobile network: forwarding does not cost this host its own default router, and another's address stays",
  async (bench) => {
    const { router } = bench;
    router.ip("link", "add", "eg0", "type", "veth", "peer", "name", "eg1");
    for (const name of ["lan0", "eg0", "eg1"]) router.ip("link", "set", name, "up");
    router.ip("addr", "add", "2001:db8:400::1/64", "dev", "lan0", "nodad");
    router.ip(
      "-6",
      "route",
      "add",
      "default",
      "via",
      "fe80::7",
      "dev",
      "eg0",
      "proto",
      "ra",
      "expires",
      "1000",
    );
    const before = stateOf(router);
    const isListening = (value: string) =>
      assertEquals(router.run("sysctl", "-n", "net.ipv6.conf.eg0.accept_ra"), `${value}\n`);
    {
      await using running = new RunningNetwork(bench, { serve: false });
      running.network.serve({ prefixes: [OTHER] });
      isListening("2");
      assertEquals(router.ipJson("-6", "route", "show", "default").length, 1);
    }
    isListening("1");
    assertEquals(stateOf(router), before);
    assertEquals(bench.log.of("warning"), []);
  },
);
