import type { SystemError } from "../../ffi/errno.ts";
import type { TestRegistration } from "./test_registration.ts";

/*
 * How long does a NAT on the way remember a flow that is silent? A home agent of ours sends a Binding Refresh Request when 7/8
 * of a lifetime have passed. Where it arrives, the NAT has remembered for so long. Registrations with ever longer lifetimes
 * find the end of that.
 */

/** The first step, seconds: does the home agent ask at all? */
const SHORTEST_LIFETIME_SECONDS = 4;
/** The part of a lifetime after which our home agent asks. */
const ASKS_AFTER = 7 / 8;
/** Then these parts of the limit. */
const PARTS: readonly number[] = [8, 4, 2, 1];
/** A request that is lost once is no proof. */
const TRIES = 2;
/** A little more than the way there and back, for a machine that is busy. */
const PATIENCE_MS = 100;

/** What was found out of the NAT. */
export type NatTimeout =
  | {
    readonly kind: "measured";
    /** It remembers for so long, seconds. */
    readonly keptSeconds: number;
    /** And not for so long; undefined: that was not reached. */
    readonly forgottenSeconds: number | undefined;
    /** How often a mobile node here keeps its memory fresh. */
    readonly keepaliveSeconds: number;
  }
  /** The home agent sees the care-of address itself. */
  | { readonly kind: "none" }
  /** No request even after the shortest silence: the home agent may send none. */
  | { readonly kind: "untold" }
  | { readonly kind: "refused"; readonly status: number }
  | { readonly kind: "keysDiffer" }
  /** The home agent does not answer; `keptSeconds` > 0: it did before. */
  | { readonly kind: "silent"; readonly keptSeconds: number }
  /** The kernel does not let it go. */
  | { readonly kind: "unsent"; readonly error: SystemError }
  | { readonly kind: "stopped" };

/** The lifetimes to register with, seconds, multiples of 4, growing: the last asks after `limitSeconds` or a little later. */
export function lifetimesUpTo(limitSeconds: number): number[] {
  const lifetimes = PARTS.map((part) => 4 * Math.ceil(limitSeconds / part / ASKS_AFTER / 4));
  return [...new Set([SHORTEST_LIFETIME_SECONDS, ...lifetimes])];
}

/**
 * Registers and is silent, again and again. The caller de-registers, whatever comes.
 * @param limitSeconds how long a silence to look for
 * @param tell is told of each silence before it begins, seconds
 */
export async function measureNatTimeout(
  registration: Pick<TestRegistration, "register" | "awaitRefreshRequest">,
  limitSeconds: number,
  tell: (silenceSeconds: number) => void,
): Promise<NatTimeout> {
  let [keptSeconds, keepaliveSeconds] = [0, 0];
  let tries = 0;
  const lifetimes = lifetimesUpTo(limitSeconds);
  for (let index = 0; index < lifetimes.length;) {
    const asked = lifetimes[index];
    const outcome = await registration.register(asked);
    if (outcome.kind === "silent") return { kind: "silent", keptSeconds };
    if (outcome.kind !== "bound") return outcome;
    const { natDetected, lifetimeSeconds, expiresAtMs, registrationMs } = outcome.binding;
    if (!natDetected) return { kind: "none" };
    keepaliveSeconds = outcome.binding.keepaliveSeconds ?? 0;
    tell(lifetimeSeconds * ASKS_AFTER);
    const untilMs = expiresAtMs + registrationMs + PATIENCE_MS;
    const { arrived, isStopped, silentMs } = await registration.awaitRefreshRequest(untilMs);
    if (isStopped) return { kind: "stopped" };
    if (arrived) {
      keptSeconds = Math.max(keptSeconds, silentMs / 1000);
      tries = 0;
      index++;
      // The home agent grants no more.
      if (lifetimeSeconds < asked) break;
    } else if (++tries === TRIES) {
      // That it still answers is known: the second try began with a registration.
      if (keptSeconds === 0) return { kind: "untold" };
      return { kind: "measured", keptSeconds, forgottenSeconds: silentMs / 1000, keepaliveSeconds };
    }
  }
  return { kind: "measured", keptSeconds, forgottenSeconds: undefined, keepaliveSeconds };
}
