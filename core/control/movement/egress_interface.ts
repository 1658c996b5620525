import type { Now } from "../now.ts";
import type { CareOfAddressCandidate } from "./candidate.ts";
import type { EgressAction } from "./egress_action.ts";
import type { EgressEvent } from "./egress_event.ts";
import { Ipv4Configuration } from "./ipv4_configuration.ts";
import { Ipv6Configuration } from "./ipv6_configuration.ts";
import type { Ipv6Capabilities, Ipv6Settings } from "./ipv6_settings.ts";

/** Movement detection and configuration of one egress interface: IPv6 and IPv4 at the same time, as in the paper. */
export class EgressInterface {
  readonly #ipv6: Ipv6Configuration;
  readonly #ipv4: Ipv4Configuration;

  constructor(settings: Ipv6Settings, capabilities: Ipv6Capabilities) {
    this.#ipv6 = new Ipv6Configuration(settings, capabilities);
    this.#ipv4 = new Ipv4Configuration(settings, capabilities);
  }

  /** What one family wants stays together; a change of candidates is told once, with those of both. */
  handle(event: EgressEvent, now: Now): EgressAction[] {
    const actions = [...this.#ipv6.handle(event, now), ...this.#ipv4.handle(event, now)];
    const others = actions.filter(({ kind }) => kind !== "candidates");
    if (others.length === actions.length) return actions;
    return [...others, { kind: "candidates", candidates: this.candidates() }];
  }

  nextDeadline(): number | undefined {
    const deadlines = [this.#ipv6.nextDeadline(), this.#ipv4.nextDeadline()].filter((at) => at !== undefined);
    return deadlines.length === 0 ? undefined : Math.min(...deadlines);
  }

  /** All that could be the care-of address now: IPv6 first, the best of each family first. */
  candidates(): readonly CareOfAddressCandidate[] {
    return [...this.#ipv6.candidates(), ...this.#ipv4.candidates()];
  }
}
