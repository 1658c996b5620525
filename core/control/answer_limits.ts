import type { Ipv6Address } from "../wire/address.ts";
import { AnswerLimiter, type Rate } from "./answer_limiter.ts";
import type { Now } from "./now.ts";
import { pathAddress, type SignallingPath } from "./signalling_path.ts";
import type { Origin } from "./update_verifier.ts";

const PER_NODE: Rate = { burst: 5, perSecond: 2 };
/** Over all mobile nodes: more than over strangers, because only those who have seen their messages can use it up. */
const ALL_NODES: Rate = { burst: 100, perSecond: 100 };

/**
 * How often a home agent answers what proves nothing about its sender. Each kind has a limit of its own: a flood of one keeps
 * nobody from the answers to another.
 */
export class AnswerLimits {
  readonly #refusals = new AnswerLimiter();
  readonly #correctionsByIdentity = new AnswerLimiter(PER_NODE, ALL_NODES);
  readonly #correctionsBySource = new AnswerLimiter(PER_NODE, ALL_NODES);
  readonly #bindingErrors = new AnswerLimiter();
  readonly #discovery = new AnswerLimiter();
  readonly #advertisements = new AnswerLimiter({ burst: 1, perSecond: 1 }, ALL_NODES);

  /**
   * May a Binding Update be refused that anybody may have sent? What is proven and not fresh, because the clock of a mobile
   * node is wrong or somebody replays, is counted apart, by identity and by outer source: so no flood of forged updates
   * keeps a mobile node from having its clock corrected.
   */
  allowRefusal({ kind, received }: Origin & { kind: "unproven" | "stale" }, { monotonicMs }: Now): boolean {
    const source = pathAddress(received.path);
    if (kind === "unproven") return this.#refusals.allow(source, monotonicMs);
    return this.#correctionsByIdentity.allow(received.identity, monotonicMs) &&
      this.#correctionsBySource.allow(source, monotonicMs);
  }

  /** Counted by where it goes to. */
  allowBindingError(path: SignallingPath, { monotonicMs }: Now): boolean {
    return this.#bindingErrors.allow(pathAddress(path), monotonicMs);
  }

  /** Home agent address discovery, counted by who asks. */
  allowDiscovery(source: Ipv6Address, monotonicMs: number): boolean {
    return this.#discovery.allow(source, monotonicMs);
  }

  /** A Mobile Prefix Advertisement to a home address that is bound (RFC 6275 section 6.8). */
  allowAdvertisement(homeAddress: Ipv6Address, monotonicMs: number): boolean {
    return this.#advertisements.allow(homeAddress, monotonicMs);
  }
}
