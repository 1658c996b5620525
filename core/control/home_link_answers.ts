import type { Ipv6Address } from "../wire/address.ts";
import type { RouterAdvertisement } from "../wire/neighbor_discovery.ts";
import { PREFERRED_LIFETIME_SECONDS, VALID_LIFETIME_SECONDS } from "./constants.ts";
import { answerDiscovery, type HomeLinkFacts } from "./home_agent_discovery.ts";
import { HomeAgentsList } from "./home_agents_list.ts";
import type { HomeAgentSettings } from "./settings.ts";

/** What a home agent tells mobile nodes of its home link: home agents and prefixes (RFC 6275 sections 10.5 and 10.6). */
export class HomeLinkAnswers {
  readonly #settings: HomeAgentSettings;
  readonly #random: () => number;
  readonly #others = new HomeAgentsList();

  constructor(settings: HomeAgentSettings, random: () => number) {
    this.#settings = settings;
    this.#random = random;
  }

  /** A router on the home link, by its link-local address. */
  hear(source: Ipv6Address, advertisement: RouterAdvertisement, nowMs: number): void {
    this.#others.hear(source, advertisement, nowMs);
  }

  /** The whole packet that answers a request; undefined for whatever is not to be answered. */
  answer(
    request: Uint8Array,
    mayAdvertiseTo: HomeLinkFacts["mayAdvertiseTo"],
    nowMs: number,
  ): Uint8Array | undefined {
    const { address, homePrefix: prefix, preference, mobileNodes, prefixAdvertisements } = this.#settings;
    const own = {
      preference,
      mobileRouters: mobileNodes.some(({ mobileNetworkPrefixes }) => mobileNetworkPrefixes.length > 0),
      addresses: [address],
    };
    const lifetimes = { validSeconds: VALID_LIFETIME_SECONDS, preferredSeconds: PREFERRED_LIFETIME_SECONDS };
    return answerDiscovery(request, {
      address,
      homePrefix: prefix,
      homeAgents: (mobileRouters) =>
        this.#others.addresses(own, { mobileRouters, nowMs, random: this.#random }),
      prefixes: [{ prefix, ...lifetimes }],
      mayAdvertiseTo: prefixAdvertisements ? mayAdvertiseTo : () => false,
    });
  }
}
