import { MINIMUM_IPV6_MTU } from "../../core/forwarding/limits.ts";
import { type Ipv6Prefix, prefixText, UNSPECIFIED_IPV4 } from "../../core/wire/address.ts";
import type { MobileNetworkConfiguration, MobileNodeConfiguration } from "../configuration/record.ts";
import { messageOf } from "../output/fault.ts";
import { AdvertisedPrefixes } from "./advertised_prefixes.ts";
import { ConfiguredProgram } from "./configured_program.ts";
import { dnsmasqConfiguration } from "./dnsmasq.ts";
import type { Log } from "./log.ts";
import { MobileNetworkHost } from "./mobile_network_host.ts";
import {
  LINK_PREFIX_LENGTH,
  type MobileNetworkGrant,
  type MobileNetworkPlan,
  planMobileNetwork,
} from "./mobile_network_plan.ts";
import { radvdConfiguration, ROUTER_LIFETIME_SECONDS } from "./radvd.ts";
import type { SavedSysctls } from "./saved_sysctls.ts";

export interface MobileNetworkOptions {
  readonly configuration: MobileNetworkConfiguration;
  /** A folder of our own for what the programs need; it is made where it is missing. Leases stay there. */
  readonly folder: string;
  readonly sysctls: SavedSysctls;
  readonly log: Log;
}

/** What hosts of the mobile network are served by. */
export interface MobileNetworkService extends MobileNetworkGrant {
  /** What the tunnel carries of an inner packet, octets. */
  readonly mtu: number;
}

/** The tunnel of most overhead (IPv6 in IPv6, 40 octets) on Ethernet. */
const USUAL_MTU = 1500 - 40;

/**
 * The network behind a mobile router, on one interface: its addresses there and forwarding, and unless the operator does
 * that (`serve = false`) router advertisements by radvd and IPv4 addresses by dnsmasq, which are configured and supervised.
 *
 * What a host is served by lasts: it is taken away when the home agent refuses it or grants something else, not when the
 * mobile router has no tunnel for a time, moves, or is at home. A mobile network is the mobile router's, wherever that is
 * (RFC 3963 section 3), its hosts notice nothing (section 1), and only a refusal ends its advertising (section 5.4.2).
 *
 * Hosts are told the smallest MTU that the tunnel has had so far, from 1460 octets on: on usual networks every kind of
 * tunnel carries that, so that no handover changes it. Where a network carries less, one change is enough, and a larger
 * one afterwards is not worth telling: a host may take some minutes to use it, and the next handover may take it back.
 */
export class MobileNetwork implements AsyncDisposable {
  readonly #options: MobileNetworkOptions;
  readonly #host: MobileNetworkHost;
  readonly #programs = new AsyncDisposableStack();
  readonly #advertiser: ConfiguredProgram | undefined;
  readonly #dhcpServer: ConfiguredProgram | undefined;
  readonly #advertised = new AdvertisedPrefixes(ROUTER_LIFETIME_SECONDS * 1000);
  #service: MobileNetworkService = { prefixes: [], ipv4HomeAddress: undefined, mtu: USUAL_MTU };
  #plan: MobileNetworkPlan = planMobileNetwork(this.#service);
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Changes nothing yet. @throws SystemError; Error: the folder cannot be made */
  constructor(options: MobileNetworkOptions) {
    this.#options = options;
    const { configuration, folder, sysctls, log } = options;
    const { interfaceName, serve } = configuration;
    if (serve) {
      Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
      Deno.chmodSync(folder, 0o700);
      this.#advertiser = this.#programs.use(advertiser(folder, log));
      this.#dhcpServer = this.#programs.use(dhcpServer(folder, log));
    }
    this.#host = new MobileNetworkHost({ interfaceName, sysctls, log });
  }

  /** Serves this from now on; what is not named stays as it was. */
  serve(change: Partial<MobileNetworkService>): void {
    const before = this.#service;
    const mtu = Math.max(MINIMUM_IPV6_MTU, Math.min(before.mtu, change.mtu ?? before.mtu));
    this.#service = { ...before, ...change, mtu };
    if (JSON.stringify(this.#service) === JSON.stringify(before)) return;
    this.#plan = planMobileNetwork(this.#service);
    this.#tellOfLimits(before);
    this.#host.set(this.#plan);
    this.#advertised.set(this.#plan.onLink, performance.now());
    this.#configurePrograms();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    await this.#programs.disposeAsync();
    await this.#host[Symbol.asyncDispose]();
  }

  #configurePrograms(): void {
    const { configuration: { interfaceName, dns }, log } = this.#options;
    const { mtu } = this.#service;
    const { dhcp } = this.#plan;
    const nowMs = performance.now();
    const deprecated = this.#advertised.deprecated(nowMs);
    try {
      this.#advertiser?.configure(
        radvdConfiguration({ interfaceName, prefixes: this.#plan.onLink, deprecated, mtu, dns }),
      );
      this.#dhcpServer?.configure(dhcp && dnsmasqConfiguration({ interfaceName, plan: dhcp, mtu, dns }));
    } catch (error) {
      log.error("hosts in the mobile network are not told of a change", { error: messageOf(error) });
    }
    clearTimeout(this.#timer);
    const nextMs = this.#advertised.nextChangeMs(nowMs);
    if (nextMs !== undefined) this.#timer = setTimeout(() => this.#configurePrograms(), nextMs - nowMs);
  }

  /** What is granted, and of no use to hosts. */
  #tellOfLimits(before: MobileNetworkService): void {
    const { log } = this.#options;
    const { prefixes, ipv4HomeAddress } = this.#service;
    const isNew = (prefix: Ipv6Prefix) =>
      !before.prefixes.some((old) => prefixText(old) === prefixText(prefix));
    for (const prefix of prefixes.filter(({ length }) => length > LINK_PREFIX_LENGTH).filter(isNew)) {
      log.warning("hosts cannot make addresses of a prefix longer than 64 bits: give them some by hand", {
        prefix: prefixText(prefix),
      });
    }
    if (ipv4HomeAddress === undefined || ipv4HomeAddress.address === before.ipv4HomeAddress?.address) return;
    if (this.#plan.dhcp === undefined) {
      log.info("the IPv4 home address is the mobile router's own: none are there for hosts", {
        prefix: prefixText({ address: ipv4HomeAddress.address, length: ipv4HomeAddress.prefixLength }),
      });
    }
  }
}

/**
 * The network of this mobile router, served with what the configuration says is its own.
 * @throws SystemError; Error: a folder cannot be made
 */
export function openMobileNetwork(
  configuration: MobileNetworkConfiguration,
  { controlSocket, settings }: MobileNodeConfiguration,
  { sysctls, log }: Pick<MobileNetworkOptions, "sysctls" | "log">,
): MobileNetwork {
  const folder = `${controlSocket}.network`;
  const network = new MobileNetwork({ configuration, folder, sysctls, log });
  const { mobileNetworkPrefixes: prefixes, ipv4HomeAddress } = settings;
  const isOwn = ipv4HomeAddress !== undefined && ipv4HomeAddress.address !== UNSPECIFIED_IPV4;
  network.serve({ prefixes, ipv4HomeAddress: isOwn ? ipv4HomeAddress : undefined });
  return network;
}

function advertiser(folder: string, log: Log): ConfiguredProgram {
  const path = `${folder}/radvd.conf`;
  const args = ["--nodaemon", "--logmethod", "stderr", "--config", path, "--pidfile", `${folder}/radvd.pid`];
  return new ConfiguredProgram({ name: "radvd", packageName: "radvd", args, path, takesNew: "reload", log });
}

/** In the foreground and as this user: another user's program would lose its tie to this process. */
function dhcpServer(folder: string, log: Log): ConfiguredProgram {
  const path = `${folder}/dnsmasq.conf`;
  const args = ["--no-daemon", `--conf-file=${path}`, `--dhcp-leasefile=${folder}/dnsmasq.leases`];
  return new ConfiguredProgram({
    name: "dnsmasq",
    packageName: "dnsmasq-base",
    args,
    path,
    takesNew: "restart",
    log,
  });
}
