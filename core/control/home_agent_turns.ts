import type { Ipv6Address } from "../wire/address.ts";

/**
 * Why a home agent does not serve: it answers by no care-of address, refuses the registration, or would serve us as a mobile
 * node but not as a mobile router (RFC 3963 section 5.4.2).
 */
export type HomeAgentFailure = "silent" | "refused" | "mobileRouterRefused";

/**
 * The home agents of the home network that a mobile node knows, of which it registers with one at a time (RFC 6275 sections
 * 11.4.1 and 11.7.1, RFC 3963 section 5.4.2). After the last one the first has its turn again.
 */
export class HomeAgentTurns {
  readonly #homeAgents: readonly Ipv6Address[];
  readonly #refuseMobileRouter = new Set<Ipv6Address>();
  #turn = 0;

  /** @param homeAgents the most preferred first, at least one */
  constructor(homeAgents: readonly Ipv6Address[]) {
    this.#homeAgents = homeAgents;
  }

  /** Whose turn it is. */
  get current(): Ipv6Address {
    return this.#homeAgents[this.#turn];
  }

  /** None takes us for a mobile router: none is asked to any more (RFC 3963 section 5.4.2). */
  get allRefuseMobileRouter(): boolean {
    return this.#refuseMobileRouter.size === this.#homeAgents.length;
  }

  /**
   * The current one does not serve. A home agent that refuses the mobile router for the second time is still better than
   * others that do the same, or are silent: the mobile node stays with it.
   * @returns whether to go on with the next one
   */
  fails(failure: HomeAgentFailure): boolean {
    if (failure !== "mobileRouterRefused") return this.#homeAgents.length > 1;
    const isNew = !this.#refuseMobileRouter.has(this.current);
    this.#refuseMobileRouter.add(this.current);
    return isNew && !this.allRefuseMobileRouter;
  }

  goOn(): void {
    this.#turn = (this.#turn + 1) % this.#homeAgents.length;
  }
}
