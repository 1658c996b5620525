import type { MobileNodeAction } from "./action.ts";
import { report } from "./report.ts";
import { isIpv4 } from "../wire/address.ts";
import type { CareOfAddressCandidate } from "./movement/candidate.ts";
import {
  ATTEMPTS_PER_CANDIDATE,
  type ChoiceSettings,
  type ChoiceState,
  NO_CHOICE,
  registrationAnswered,
  registrationUnanswered,
  switchedTo,
  withCandidates,
} from "./movement/care_of_address_choice.ts";
import type { MobileNodeSettings } from "./settings.ts";

/** Our own limit; the least preferred of more are not looked at. */
const MAXIMUM_CANDIDATES = 32;

/** The mobile node's choice among what its egress interfaces offer. */
export class CareOfAddressChoice {
  readonly #settings: MobileNodeSettings;
  #offered: readonly CareOfAddressCandidate[] = [];
  #state: ChoiceState = NO_CHOICE;
  #allSilent = false;

  constructor(settings: MobileNodeSettings) {
    this.#settings = settings;
  }

  /** The best candidate, or undefined where there is none. */
  get chosen(): CareOfAddressCandidate | undefined {
    return this.#offered.find((candidate) => candidate === this.#state.chosen);
  }

  /** Could this be chosen now? */
  offers(candidate: CareOfAddressCandidate): boolean {
    return this.#offered.some((one) => sameCandidate(one, candidate));
  }

  /** The home agent has been silent by every candidate: they take turns, slowly. */
  get allSilent(): boolean {
    return this.#allSilent;
  }

  /** How many Binding Updates without an answer make noteSilence() due. */
  get attempts(): number {
    return this.#allSilent ? 1 : ATTEMPTS_PER_CANDIDATE;
  }

  /** These candidates replace those before; the most preferred interface first. */
  offer(candidates: readonly CareOfAddressCandidate[]): void {
    const usable = candidates.slice(0, MAXIMUM_CANDIDATES).filter((candidate) => this.#isUsable(candidate));
    const known = this.#offered;
    this.#offered = usable;
    if (this.#offered.some((one) => known.every((other) => !sameCandidate(one, other)))) {
      this.#allSilent = false;
    }
    this.#state = withCandidates(this.#state, this.#offered, this.#choiceSettings());
  }

  /** Another family may be preferred from now on. */
  settingsChanged(): void {
    this.#state = withCandidates(this.#state, this.#offered, this.#choiceSettings());
  }

  /** Somebody wants this interface, as long as it has candidates. */
  want(interfaceName: string): void {
    this.#state = switchedTo(this.#state, interfaceName, this.#choiceSettings());
  }

  /**
   * The home agent did not answer by the chosen candidate: the next one is. When none is left, all get another turn, and
   * the home agent fails.
   */
  noteSilence(): MobileNodeAction[] {
    const { chosen } = this;
    const isNews = !this.#allSilent;
    this.#state = registrationUnanswered(this.#state, this.#choiceSettings());
    if (this.#state.unanswered.length === 0) this.#allSilent = true;
    if (!this.#allSilent) return [];
    const details = { address: chosen?.address ?? "", interface: chosen?.interfaceName ?? "" };
    const told = report(
      "warning",
      "the home agent does not answer: dsmip doctor looks for the reason",
      details,
    );
    return [...(isNews ? [told] : []), { kind: "homeAgentFails", failure: "silent" }];
  }

  /** Something came that may be from the home agent: no reason to be slow. */
  noteHint(): void {
    this.#allSilent = false;
  }

  /** The home agent has answered by the chosen candidate. */
  noteAnswer(): void {
    this.#allSilent = false;
    this.#state = registrationAnswered(this.#state, this.#choiceSettings());
  }

  #choiceSettings(): ChoiceSettings {
    const interfaceOrder = [...new Set(this.#offered.map(({ interfaceName }) => interfaceName))];
    return { prefer: this.#settings.prefer, interfaceOrder };
  }

  #isUsable({ address, atHome }: CareOfAddressCandidate): boolean {
    if (!isIpv4(address)) return true;
    const { dsmip, homeAgentIpv4Address } = this.#settings;
    // Nobody returns home over IPv4 (RFC 5555 section 4.4.4).
    return dsmip && homeAgentIpv4Address !== undefined && atHome !== true;
  }
}

/** The same address of the same interface, on the home link or not as before? */
export function sameCandidate(one: CareOfAddressCandidate, other: CareOfAddressCandidate): boolean {
  return one.interfaceName === other.interfaceName && one.address === other.address &&
    (one.atHome === true) === (other.atHome === true);
}
