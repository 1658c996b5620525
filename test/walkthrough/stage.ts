import { isRoot } from "../ffi/in_namespace.ts";
import { Host } from "./host.ts";
import { stepsOf } from "./steps.ts";

/**
 * The network of the pages: an Internet with the home agent, a mobile node and a correspondent node, each with eth0 on a
 * router of its provider's.
 */
export class Stage implements AsyncDisposable {
  readonly #folders = Deno.makeTempDirSync({ prefix: "dsmip-walkthrough-" });
  readonly #hosts = new Map<string, Host>();

  host(name: string): Host {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new Error(`no machine of this page is called ${name}`);
    return host;
  }

  /** Adds machines; the folder of `mn` is called "mobile" by its friends, too. */
  async add(...names: readonly string[]): Promise<void> {
    for (const name of names) this.#hosts.set(name, new Host(name, this.#folders));
    if (names.includes("mn")) Deno.symlinkSync(this.host("mn").folder, `${this.#folders}/mobile`);
    await Promise.all(names.map((name) => this.host(name).ready()));
  }

  /** A cable between two machines, with addresses at its ends; the far end of the first has the default routes. */
  connect(
    [name, interfaceName, ...addresses]: readonly string[],
    [farName, farInterface, ...farAddresses]: readonly string[],
  ): void {
    const [here, there] = [this.host(name).namespace, this.host(farName).namespace];
    here.ip("link", "add", interfaceName, "type", "veth", "peer", "name", farInterface, "netns", there.name);
    for (
      const [machine, device, list] of [[here, interfaceName, addresses], [
        there,
        farInterface,
        farAddresses,
      ]] as const
    ) {
      machine.run("sysctl", "-qw", `net.ipv6.conf.${device}.accept_dad=0`);
      machine.ip("link", "set", device, "up");
      for (const address of list) {
        machine.ip("addr", "add", address, "dev", device, ...(address.includes(":") ? ["nodad"] : []));
      }
    }
    if (addresses.length === 0) return;
    for (const address of farAddresses) {
      here.ip("route", "add", "default", "via", address.split("/")[0]);
    }
  }

  /** Makes a machine a router. */
  route(name: string, ...routes: readonly (readonly [to: string, via: string])[]): void {
    const { namespace } = this.host(name);
    namespace.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
    for (const [to, via] of routes) namespace.ip("route", "add", to, "via", via);
  }

  /** Makes a router give addresses on an interface. */
  async serveDhcp(name: string, interfaceName: string, range: string): Promise<void> {
    await this.host(name).keep(
      `dnsmasq --no-daemon --conf-file=/dev/null --port=0 --no-ping --no-resolv --dhcp-authoritative --bind-dynamic ` +
        `--interface=${interfaceName} --dhcp-range=${range},255.255.255.0,1h --dhcp-leasefile=leases-${interfaceName}`,
      /DHCP, IP range/,
    );
  }

  /** Starts the home agent of quick_start.md, with its key at the mobile node, too. */
  async serveHomeAgent(): Promise<void> {
    for (const step of stepsOf(readPage("quick_start.md"))) {
      if (step.host !== "ha" || step.kind === "commands" && step.text.includes("bindings")) continue;
      await this.host("ha").follow(step, READY);
    }
  }

  /** Does everything that a page says, in its order. @returns what was printed, all together */
  async follow(page: string): Promise<string> {
    let output = "";
    for (const step of stepsOf(readPage(page))) {
      output += await this.host(step.host).follow(step, READY);
    }
    return output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The mobile node first: it says goodbye to its home agent.
    for (const host of [...this.#hosts.values()].reverse()) await host.stop();
    for (const host of this.#hosts.values()) await host[Symbol.asyncDispose]();
    Deno.removeSync(this.#folders, { recursive: true });
  }
}

/** What the logs of daemons and a capture say when they work. */
const READY = /home agent ready|mobile node ready|Capturing/;

export function readPage(name: string): string {
  return Deno.readTextFileSync(new URL(`../../docs/${name}`, import.meta.url));
}

/** The pages that tests follow. */
export const FOLLOWED = new Set<string>();

/** A test as root that follows a page. */
export function walkthrough(page: string, body: (stage: Stage) => Promise<void>): void {
  FOLLOWED.add(page);
  Deno.test({
    name: `docs/${page}: every command works as written (root)`,
    ignore: !isRoot,
    fn: async () => {
      await using stage = new Stage();
      await body(stage);
    },
  });
}
