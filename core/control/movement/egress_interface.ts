import type { Now } from "../now.ts";
import type { CareOfAddressCandidate } from "./candidate.ts";
import type { EgressAction } from "./egress_action.ts";
import type { EgressEvent } from "./egress_event.ts";
import { Ipv4Configuration } from "./ipv4_configuration.ts";
import { Ipv6Configuration } from "./ipv6_configuration.ts";
import type { Ipv6Capabilities, Ipv6Settings } from "./ipv6_settings.ts";

/** Of both families: IPv4 needs nothing that IPv6 does not. */
export type EgressSettings = Ipv6Settings;
export type EgressEnvironment = Ipv6Capabilities;

/**
 * One egress interface, both families side by side: each hears of everything and takes what is its own. Pure: events
 * and the time go in, actions come out.
 */
export class EgressInterface {
  readonly #ipv6: Ipv6Configuration;
  readonly #ipv4: Ipv4Configuration;

  constructor(settings: EgressSettings, environment: EgressEnvironment) {
    this.#ipv6 = new Ipv6Configuration(settings, environment);
    this.#ipv4 = new Ipv4Configuration(settings, environment);
  }

  /** Takes what happened, and returns what is to be done, in this order. Nothing after `stop`. */
  handle(event: EgressEvent, now: Now): EgressAction[] {
    const had = this.#families();
    const actions = [...this.#ipv6.handle(event, now), ...this.#ipv4.handle(event, now)];
    // The link may be another one now, though its carrier stood: the half that waits need not find out by itself.
    if (event.kind === "frame" || event.kind === "deadline") {
      const has = this.#families();
      const doubt = { kind: "doubt" } as const;
      if (had.ipv6 && !has.ipv6) actions.push(...this.#ipv4.handle(doubt, now));
      if (had.ipv4 && !has.ipv4) actions.push(...this.#ipv6.handle(doubt, now));
    }
    return withOneAnnouncement(actions, this.candidates());
  }

  /** Of which families are there candidates? */
  #families(): { readonly ipv6: boolean; readonly ipv4: boolean } {
    return { ipv6: this.#ipv6.candidates().length > 0, ipv4: this.#ipv4.candidates().length > 0 };
  }

  /** When handle() wants a "deadline" event, on the monotonic clock in milliseconds. */
  nextDeadline(): number | undefined {
    const ipv6 = this.#ipv6.nextDeadline();
    const ipv4 = this.#ipv4.nextDeadline();
    if (ipv6 === undefined || ipv4 === undefined) return ipv6 ?? ipv4;
    return Math.min(ipv6, ipv4);
  }

  /** All addresses that could be the care-of address now: those of IPv6, the best first, then that of IPv4. */
  candidates(): CareOfAddressCandidate[] {
    return [...this.#ipv6.candidates(), ...this.#ipv4.candidates()];
  }
}

/** Each half announces its own candidates: the first announcement says all of both instead, the second goes. */
function withOneAnnouncement(
  actions: readonly EgressAction[],
  candidates: readonly CareOfAddressCandidate[],
): EgressAction[] {
  const announcement = actions.find(({ kind }) => kind === "candidates");
  return actions.flatMap((action): EgressAction[] => {
    if (action.kind !== "candidates") return [action];
    return action === announcement ? [{ kind: "candidates", candidates }] : [];
  });
}
