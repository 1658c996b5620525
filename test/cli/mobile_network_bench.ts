import { assertEquals } from "@std/assert";
import { MobileNetwork } from "../../cli/daemon/mobile_network.ts";
import { SavedSysctls } from "../../cli/daemon/saved_sysctls.ts";
import type { IpAddress } from "../../core/wire/address.ts";
import { hasProgram } from "../lab/support.ts";
import { testInsideNamespace, TestNamespace } from "../ffi/in_namespace.ts";
import { RecordingLog } from "./recording_log.ts";

/** Whether these tests have what they need. */
const HAS_PROGRAMS = ["radvd", "dnsmasq", "setpriv", "udhcpc", "tshark"].every(hasProgram);

/** A router with "lan0", and a host behind it whose kernel configures itself. */
export interface LanBench {
  readonly router: TestNamespace;
  readonly host: TestNamespace;
  /** Of the tests' own, empty; the mobile network's is "network" in it. */
  readonly folder: string;
  readonly log: RecordingLog;
}

/** A test inside the router's namespace. */
export function testLan(name: string, body: (bench: LanBench) => Promise<void>): void {
  if (!HAS_PROGRAMS) return Deno.test({ name: `${name} (root, radvd, dnsmasq)`, ignore: true, fn: () => {} });
  testInsideNamespace(name, async (router) => {
    const host = new TestNamespace();
    const folder = Deno.makeTempDirSync({ prefix: "dsmip-test-" });
    try {
      for (const namespace of [router, host]) {
        namespace.run("sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0");
      }
      connect(router, host);
      await body({ router, host, folder, log: new RecordingLog() });
      assertEquals(programsIn(router), [], "no program is left");
    } finally {
      host.remove();
      Deno.removeSync(folder, { recursive: true });
    }
  });
}

/** The cable, new: "lan0" in the router, "eth0" in the host, up there. */
export function connect(router: TestNamespace, host: TestNamespace): void {
  router.ip("link", "add", "lan0", "type", "veth", "peer", "name", "eth0", "netns", host.name);
  host.ip("link", "set", "eth0", "up");
}

/** The class under test, with what belongs to it. */
export class RunningNetwork implements AsyncDisposable {
  readonly network: MobileNetwork;
  readonly #sysctls: SavedSysctls;

  constructor(
    { folder, log }: Pick<LanBench, "folder" | "log">,
    { serve = true, dns = [] }: { readonly serve?: boolean; readonly dns?: readonly IpAddress[] } = {},
  ) {
    this.#sysctls = new SavedSysctls({ path: `${folder}/mn.sysctls`, log });
    const configuration = { interfaceName: "lan0", serve, dns };
    this.network = new MobileNetwork({
      configuration,
      folder: `${folder}/network`,
      sysctls: this.#sysctls,
      log,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.network[Symbol.asyncDispose]();
    this.#sysctls[Symbol.dispose]();
  }
}

/** A program that runs in a namespace. */
export interface Program {
  readonly name: string;
  readonly pid: number;
}

/** What runs in a namespace, but for the tests themselves, and for what a program has forked for itself. */
export function programsIn(namespace: TestNamespace): Program[] {
  const { stdout } = new Deno.Command("ip", { args: ["netns", "pids", namespace.name] }).outputSync();
  const pids = new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "").map(Number);
  const all = pids.filter((pid) => pid !== Deno.pid).flatMap((pid) => {
    try {
      const status = Deno.readTextFileSync(`/proc/${pid}/status`);
      return [{
        pid,
        name: /^Name:\t(.*)$/m.exec(status)![1],
        parent: Number(/^PPid:\t(\d+)$/m.exec(status)![1]),
      }];
    } catch {
      return [];
    }
  });
  const isFork = ({ name, parent }: typeof all[number]) =>
    all.some((other) => other.pid === parent && other.name === name);
  return all.filter((one) => !isFork(one)).map(({ name, pid }) => ({ name, pid }));
}

/** All that a mobile network may change in its router. */
export function stateOf(router: TestNamespace): string {
  const conf = "/proc/sys/net/ipv6/conf";
  return [
    router.ip("-oneline", "addr", "show", "scope", "global"),
    router.ip("-4", "route", "show", "table", "all"),
    router.ip("-6", "route", "show", "table", "all").replaceAll(/^(multicast|local|anycast|fe80).*\n/gm, ""),
    router.run("sh", "-c", `grep . ${conf}/*/accept_ra ${conf}/*/disable_ipv6 ${conf}/*/addr_gen_mode`),
    router.run("sh", "-c", "grep . /proc/sys/net/ipv?/conf/*/forwarding"),
  ].join("\n");
}

export interface HostAddress {
  readonly address: string;
  readonly deprecated: boolean;
}

/** Global IPv6 addresses that the host's kernel has made. */
export function addressesOf(host: TestNamespace): HostAddress[] {
  const [link] = host.ipJson("-6", "addr", "show", "dev", "eth0", "scope", "global");
  return (link?.addr_info ?? []).filter(({ local }: { local?: string }) => local !== undefined)
    .map(({ local, deprecated = false }: { local: string; deprecated?: boolean }) => ({
      address: local,
      deprecated,
    }));
}

/** What udhcpc's script is given. */
type Lease = Readonly<Record<"ip" | "mask" | "router" | "mtu" | "dns" | "lease", string>>;

/** What a DHCP client (udhcpc) is given; undefined when it is given nothing within two seconds. */
export function askForLease(host: TestNamespace, folder: string): Lease | undefined {
  const script = `${folder}/udhcpc.script`;
  Deno.writeTextFileSync(
    script,
    '#!/bin/sh\n[ "$1" = bound ] && echo "ip=$ip mask=$mask router=$router mtu=$mtu dns=$dns lease=$lease"\nexit 0\n',
    { mode: 0o700 },
  );
  const { stdout } = new Deno.Command("ip", {
    args: [
      ...["netns", "exec", host.name, "udhcpc", "-f", "-q", "-n", "-t", "3", "-T", "1"],
      ...["-i", "eth0", "-s", script, "-O", "mtu"],
    ],
  }).outputSync();
  const line = /^ip=.*$/m.exec(new TextDecoder().decode(stdout))?.[0];
  if (line === undefined) return undefined;
  const pairs = [...line.matchAll(/(\w+)=(.*?)(?= \w+=|$)/g)].map(([, key, value]) => [key, value]);
  return Object.fromEntries(pairs);
}
