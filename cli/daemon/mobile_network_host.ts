import { type IpAddress, type IpPrefix, isIpv4 } from "../../core/wire/address.ts";
import { EEXIST, SystemError } from "../../ffi/errno.ts";
import { Netlink } from "../../ffi/netlink.ts";
import { DSMIP_PROTOCOL, type Link, type NewAddress, type NewRoute } from "../../ffi/netlink_record.ts";
import { NetlinkSubscription } from "../../ffi/netlink_subscription.ts";
import { readSysctl } from "../../ffi/sysctl.ts";
import { messageOf } from "../output/fault.ts";
import { FORWARDING } from "./forwarding.ts";
import { ignoringGone } from "./host_leftovers.ts";
import type { Log } from "./log.ts";
import type { MobileNetworkPlan, RouterAddress } from "./mobile_network_plan.ts";
import type { SavedSysctls } from "./saved_sysctls.ts";

export interface MobileNetworkHostOptions {
  /** It need not be there yet, and may go and come back. */
  readonly interfaceName: string;
  readonly sysctls: SavedSysctls;
  readonly log: Log;
}

/** Behind the routes to the links of the mobile network (256 and 0), and before those to everywhere. */
const UNREACHABLE_METRIC = 4191;

/** Values of accept_ra: a host listens to routers, and a router that forwards does, too. */
const LISTENS_AS_HOST = "1";
const LISTENS_ALWAYS = "2";

/** Of addr_gen_mode: the interface has no link-local address, without which nobody can be its router; or the usual one. */
const NO_LINK_LOCAL = "1";
const LINK_LOCAL_BY_HARDWARE = "0";

/**
 * What the mobile router is on the interface of its network: its addresses there, routes that keep packets for nobody from
 * going round between the tunnel and the router, and forwarding. Given again when the interface comes back. The end takes
 * all back but kernel parameters, which are given back with `sysctls`.
 */
export class MobileNetworkHost implements AsyncDisposable {
  readonly #options: MobileNetworkHostOptions;
  readonly #netlink = new Netlink();
  readonly #changes = new NetlinkSubscription(["link"]);
  readonly #following: Promise<void>;
  readonly #addresses = new Map<IpAddress, NewAddress>();
  readonly #routes = new Map<string, NewRoute>();
  #plan: MobileNetworkPlan | undefined;
  /** The interface as it was when it was configured last. */
  #seen: { readonly index: number; readonly up: boolean } | undefined;

  /** @throws SystemError */
  constructor(options: MobileNetworkHostOptions) {
    this.#options = options;
    this.#following = this.#follow();
  }

  /** Puts this in place of what was there. What cannot be is a warning in the log. */
  set(plan: MobileNetworkPlan): void {
    this.#plan = plan;
    this.#attempt("set kernel parameters", () => this.#setSysctls(plan));
    this.#attempt("configure its routes", () => this.#setRoutes(plan.unreachable));
    this.#attempt("configure its addresses", () => this.#setAddresses(plan.addresses));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#changes.close();
    await this.#following;
    this.#attempt("remove its addresses", () => this.#removeAddresses(() => true));
    this.#attempt("remove its routes", () => this.#setRoutes([]));
    this.#netlink.close();
  }

  async #follow(): Promise<void> {
    const { interfaceName } = this.#options;
    for await (const event of this.#changes) {
      this.#attempt("look at its interface", () => {
        // What each event says, in their order: an interface that was off for an instant has lost its addresses, too.
        if (event.kind === "overrun") this.#handleLink(this.#netlink.link(interfaceName));
        else if (event.kind === "link" && event.link.name === interfaceName) {
          this.#handleLink(event.change === "deleted" ? undefined : event.link);
        }
      });
    }
  }

  /** An interface that has come, or was switched on, has nothing of ours. */
  #handleLink(link: Link | undefined): void {
    const hasCome = link !== undefined && (link.index !== this.#seen?.index || link.up && !this.#seen.up);
    if (hasCome && this.#plan !== undefined) this.set(this.#plan);
    else this.#seen = link;
  }

  #setAddresses(wanted: readonly RouterAddress[]): void {
    const { interfaceName, log } = this.#options;
    if (wanted.length === 0) return this.#removeAddresses(() => true);
    const link = this.#netlink.link(interfaceName);
    const before = this.#seen;
    this.#seen = link;
    if (link === undefined) {
      log.warning("the mobile network's interface is not there: hosts have to wait for it", {
        interface: interfaceName,
      });
      return;
    }
    // The administrator who switches it off later has a reason.
    if (before?.index !== link.index && !link.up) {
      this.#netlink.setLink(link.index, { up: true });
      this.#seen = { ...link, up: true };
    }
    const wants = ({ interfaceIndex, address, prefixLength }: NewAddress) =>
      interfaceIndex === link.index &&
      wanted.some((other) => other.address === address && other.prefixLength === prefixLength);
    this.#removeAddresses((entry) => !wants(entry));
    for (const { address, prefixLength } of wanted) this.#addAddress(link.index, address, prefixLength);
  }

  #addAddress(interfaceIndex: number, address: IpAddress, prefixLength: number): void {
    const entry: NewAddress = {
      interfaceIndex,
      address,
      prefixLength,
      noDad: !isIpv4(address),
      protocol: DSMIP_PROTOCOL,
    };
    try {
      this.#netlink.addAddress(entry);
    } catch (error) {
      // It is there: ours, or the administrator's, who keeps it.
      if (error instanceof SystemError && error.errno === EEXIST) return;
      throw error;
    }
    this.#addresses.set(address, entry);
    const { interfaceName, log } = this.#options;
    log.info("address of the mobile network set", { address, prefixLength, interface: interfaceName });
  }

  #removeAddresses(isMeant: (entry: NewAddress) => boolean): void {
    for (const [address, entry] of [...this.#addresses].filter(([, entry]) => isMeant(entry))) {
      this.#addresses.delete(address);
      ignoringGone(() => this.#netlink.deleteAddress(entry));
    }
  }

  #setRoutes(prefixes: readonly IpPrefix[]): void {
    const wanted = new Map(prefixes.map(({ address, length }): [string, NewRoute] => [
      `${address}/${length}`,
      { destination: address, prefixLength: length, type: "unreachable", metric: UNREACHABLE_METRIC },
    ]));
    for (const [name, route] of [...this.#routes]) {
      if (wanted.has(name)) continue;
      this.#routes.delete(name);
      ignoringGone(() => this.#netlink.deleteRoute(route));
    }
    for (const [name, route] of wanted) {
      this.#routes.set(name, route);
      this.#netlink.replaceRoute(route);
    }
  }

  #setSysctls({ addresses }: MobileNetworkPlan): void {
    const { interfaceName, sysctls } = this.#options;
    const own = `net/ipv6/conf/${interfaceName}`;
    if (addresses.some(({ address }) => !isIpv4(address))) {
      if (this.#netlink.link(interfaceName) !== undefined) {
        // Nobody in its own network is a router for it.
        sysctls.set(`${own}/accept_ra`, "0");
        sysctls.set(`${own}/disable_ipv6`, "0");
        if (valueOf(`${own}/addr_gen_mode`) === NO_LINK_LOCAL) {
          sysctls.set(`${own}/addr_gen_mode`, LINK_LOCAL_BY_HARDWARE);
        }
      }
      this.#forwardIpv6();
    }
    if (addresses.some(({ address }) => isIpv4(address))) sysctls.set(FORWARDING[4], "1");
  }

  /** A router forgets its own default router, and listens to none, but where it is told to listen all the same. */
  #forwardIpv6(): void {
    if (valueOf(FORWARDING[6]) !== "0") return;
    const { sysctls } = this.#options;
    for (const { name } of this.#netlink.links()) {
      const key = `net/ipv6/conf/${name}/accept_ra`;
      if (valueOf(key) === LISTENS_AS_HOST) sysctls.set(key, LISTENS_ALWAYS);
    }
    sysctls.set(FORWARDING[6], "1");
  }

  #attempt(what: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#options.log.warning(`mobile network: cannot ${what}`, {
        interface: this.#options.interfaceName,
        error: messageOf(error),
      });
    }
  }
}

/** Of a kernel parameter; undefined where the kernel has none, of an interface without IPv6 for example. */
function valueOf(key: string): string | undefined {
  try {
    return readSysctl(key);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
