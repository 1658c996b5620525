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

/** One of them, while it is among those of the configuration. */
interface OpenInterface {
  readonly name: string;
  /** Which it is, from 0: tells the routing tables apart. */
  readonly position: number;
  candidates: readonly CareOfAddressCandidate[];
  /** Configured by us, or watched; undefined until it is open. */
  end: Egress | EgressWatch | undefined;
}

/** The egress interfaces of a mobile node: configured by us, or by somebody else while we listen. */
export class Egresses implements AsyncDisposable {
  readonly #options: EgressesOptions;
  readonly #stableSecret: Uint8Array;
  /** The most preferred first. */
  #open: readonly OpenInterface[] = [];
  #hasClosed = false;

  /** @throws SystemError */
  static open(options: EgressesOptions): Egresses {
    const egresses = new Egresses(options);
    for (const name of options.configuration.egress) egresses.#openInterface(name);
    return egresses;
  }

  private constructor(options: EgressesOptions) {
    this.#options = options;
    this.#stableSecret = stableSecretOf(options.configuration);
  }

  /**
   * These are the egress interfaces from now on, the most preferred first.
   * @param moved waits until the mobile node has left what is not offered any more
   * @throws SystemError
   */
  async use(names: readonly string[], moved: () => Promise<void>): Promise<void> {
    for (const name of names) {
      if (this.#open.every((one) => one.name !== name)) this.#openInterface(name);
    }
    const gone = this.#open.filter(({ name }) => !names.includes(name));
    this.#open = names.map((name) => this.#open.find((one) => one.name === name)!);
    this.#tell();
    if (gone.length === 0) return;
    await moved();
    await Promise.all(gone.map(({ end }) => end?.close()));
  }

  #openInterface(name: string): void {
    const taken = new Set(this.#open.map(({ position }) => position));
    let position = 0;
    while (taken.has(position)) position++;
    const opened: OpenInterface = { name, position, candidates: [], end: undefined };
    this.#open = [...this.#open, opened];
    try {
      opened.end = this.#options.configuration.manage ? this.#manage(opened) : this.#watch(opened);
    } catch (error) {
      this.#open = this.#open.filter((one) => one !== opened);
      throw error;
    }
  }

  #manage(opened: OpenInterface): Egress {
    const { sysctls, log, trace, onFailure, configuration: { routerProbeMs, settings } } = this.#options;
    const { name: interfaceName, position } = opened;
    const { homeAddress, homeAgentAddress } = settings;
    const mobileRouter = isMobileRouter(settings);
    // While a home agent is looked for, the home link is a link like others.
    const home = homeAgentAddress === undefined ? undefined : { homeAddress, homeAgentAddress, mobileRouter };
    const stableSecret = this.#stableSecret;
    const machine = new EgressInterface(
      { interfaceName, interfaceIdentifier: "stable", stableSecret, routerProbeMs, home },
      { hmac, random: Math.random },
    );
    const onCandidates = (candidates: readonly CareOfAddressCandidate[]) => this.#take(opened, candidates);
    return new Egress({ interfaceName, position, machine, sysctls, log, trace, onCandidates, onFailure });
  }

  #watch(opened: OpenInterface): EgressWatch {
    const { sysctls, onFailure, configuration: { settings } } = this.#options;
    return new EgressWatch({
      interfaceName: opened.name,
      homeAgent: {
        4: settings.homeAgentIpv4Address,
        6: settings.homeAgentAddress ?? settings.homeAddress,
      },
      homeAddress: settings.homeAddress,
      onCandidates: (candidates) => {
        // There is no rule of ours, and the tunnel has the default route of IPv4 as soon as there is an address.
        const isFiltered = settings.ipv4HomeAddress !== undefined && candidates.length > 0;
        if (isFiltered) loosenReversePathFilter(sysctls, opened.name);
        this.#take(opened, candidates);
      },
      onFailure,
    });
  }

  #take(opened: OpenInterface, candidates: readonly CareOfAddressCandidate[]): void {
    opened.candidates = candidates;
    if (this.#open.includes(opened)) this.#tell();
  }

  #tell(): void {
    if (!this.#hasClosed) this.#options.onCandidates(this.#open.flatMap(({ candidates }) => candidates));
  }

  /** Those that are ours to configure. */
  get #managed(): readonly Egress[] {
    return this.#open.flatMap(({ end }) => end instanceof Egress ? [end] : []);
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
    await Promise.all(this.#open.map(({ end }) => end?.close()));
  }
}
