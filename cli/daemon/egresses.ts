import { isMobileRouter } from "../../core/control/settings.ts";
import type { Ipv4Address } from "../../core/wire/address.ts";
import { EgressInterface } from "../../core/control/movement/egress_interface.ts";
import type { CareOfAddressCandidate } from "../../core/control/movement/candidate.ts";
import type { MobileNodeConfiguration } from "../configuration/record.ts";
import { Egress } from "./egress.ts";
import { EgressWatch } from "./egress_watch.ts";
import { hmac } from "./hmac.ts";
import { stableSecretOf } from "./stable_secret.ts";
import type { Log } from "./log.ts";
import { loosenReversePathFilter } from "./reverse_path_filter.ts";
import type { SavedSysctls } from "./saved_sysctls.ts";
import type { Trace } from "./trace.ts";

export interface EgressesOptions {
  readonly configuration: MobileNodeConfiguration;
  readonly sysctls: SavedSysctls;
  readonly log: Log;
  readonly trace?: Trace;
  /** Those of all interfaces, the most preferred interface first; at each change. */
  readonly onCandidates: (candidates: readonly CareOfAddressCandidate[]) => void;
  readonly onFailure: (error: unknown) => void;
}

/** The egress interfaces of a mobile node: configured by us, or by somebody else while we listen. */
export class Egresses implements AsyncDisposable {
  readonly #options: EgressesOptions;
  readonly #cleanup = new AsyncDisposableStack();
  /** Those that are ours to configure. */
  readonly #managed: Egress[] = [];
  readonly #candidates: (readonly CareOfAddressCandidate[])[];
  #hasClosed = false;

  /** @throws SystemError */
  static open(options: EgressesOptions): Egresses {
    const egresses = new Egresses(options);
    const { configuration } = options;
    if (configuration.manage) egresses.#manage(configuration);
    else egresses.#watch(configuration);
    return egresses;
  }

  private constructor(options: EgressesOptions) {
    this.#options = options;
    this.#candidates = options.configuration.egress.map(() => []);
  }

  #manage({ egress, routerProbeMs, settings }: MobileNodeConfiguration): void {
    const { sysctls, log, trace, onFailure } = this.#options;
    const stableSecret = stableSecretOf(settings);
    const { homeAddress, homeAgentAddress } = settings;
    const mobileRouter = isMobileRouter(settings);
    // While a home agent is looked for, the home link is a link like others.
    const home = homeAgentAddress === undefined ? undefined : { homeAddress, homeAgentAddress, mobileRouter };
    for (const [position, interfaceName] of egress.entries()) {
      const machine = new EgressInterface(
        { interfaceName, interfaceIdentifier: "stable", stableSecret, routerProbeMs, home },
        { hmac, random: Math.random },
      );
      const onCandidates = (candidates: readonly CareOfAddressCandidate[]) =>
        this.#take(position, candidates);
      const options = { interfaceName, position, machine, sysctls, log, trace, onCandidates, onFailure };
      this.#managed.push(this.#cleanup.use(new Egress(options)));
    }
  }

  #watch({ egress, settings }: MobileNodeConfiguration): void {
    const { sysctls, onFailure } = this.#options;
    for (const [position, interfaceName] of egress.entries()) {
      this.#cleanup.use(
        new EgressWatch({
          interfaceName,
          homeAgent: {
            4: settings.homeAgentIpv4Address,
            6: settings.homeAgentAddress ?? settings.homeAddress,
          },
          homeAddress: settings.homeAddress,
          onCandidates: (candidates) => {
            // There is no rule of ours, and the tunnel has the default route of IPv4 as soon as there is an address.
            const isFiltered = settings.ipv4HomeAddress !== undefined && candidates.length > 0;
            if (isFiltered) loosenReversePathFilter(sysctls, interfaceName);
            this.#take(position, candidates);
          },
          onFailure,
        }),
      );
    }
  }

  #take(position: number, candidates: readonly CareOfAddressCandidate[]): void {
    this.#candidates[position] = candidates;
    if (!this.#hasClosed) this.#options.onCandidates(this.#candidates.flat());
  }

  /** The care-of address from now on, at home the home address; resolves when its interface is ready to send from it. */
  async choose(candidate: CareOfAddressCandidate | undefined): Promise<void> {
    await Promise.all(
      this.#managed.map(async (egress) => {
        const address = egress.interfaceName === candidate?.interfaceName ? candidate.address : undefined;
        await egress.tell({ kind: "chosen", address });
        if (address !== undefined && candidate?.atHome) await egress.untilReady(address);
      }),
    );
  }

  /** On the home link of this interface the home address is an address like others. */
  async takeHomeAddress(
    { interfaceName, detectDuplicates }: {
      readonly interfaceName: string;
      readonly detectDuplicates: boolean;
    },
  ): Promise<void> {
    const egress = this.#managed.find((one) => one.interfaceName === interfaceName);
    await egress?.tell({ kind: "home", detectDuplicates });
  }

  /** Tells the link that this IPv4 address is here. */
  announce(interfaceName: string, address: Ipv4Address): void {
    this.#managed.find((one) => one.interfaceName === interfaceName)?.announce(address);
  }

  /** The home agent does not answer by this interface. */
  doubt(interfaceName: string): void {
    for (const egress of this.#managed) {
      if (egress.interfaceName === interfaceName) void egress.tell({ kind: "doubt" });
    }
  }

  /** No candidates are told any more, and nothing of the interfaces changes. */
  quiet(): void {
    this.#hasClosed = true;
  }

  /** Leaves the interfaces as they were found. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.quiet();
    await this.#cleanup.disposeAsync();
  }
}
