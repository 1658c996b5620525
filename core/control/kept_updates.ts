import type { Ipv6Address } from "../wire/address.ts";
import { encodeMobilityPacket } from "../wire/mobility_packet.ts";
import type { HomeAgentAction } from "./action.ts";
import type { BindingCacheEntry } from "./binding_cache.ts";
import type { SignallingEvent } from "./event.ts";
import type { Now } from "./now.ts";
import type { KeptUpdate, UpdateOrigin } from "./update_origin.ts";
import type { ReceivedUpdate } from "./update_verifier.ts";

/** Undefined under ESP, whose security associations count anew after a start. */
export function originOf(received: ReceivedUpdate, { unixMs }: Now): UpdateOrigin | undefined {
  const { packet, path, protection } = received;
  if (protection !== undefined) return undefined;
  return {
    outer: path.kind === "udp" ? path.outer : undefined,
    source: packet.source,
    homeAddressOption: packet.homeAddressOption,
    // What it is a view into may be used again.
    mobilityHeader: packet.mobilityHeader.slice(),
    receivedUnixMs: unixMs,
  };
}

/**
 * What the next start can make these bindings of again. What was delegated is not known to it: mobile routers that have some
 * of that register anew, and ask.
 */
export function keptUpdatesOf(
  entries: readonly BindingCacheEntry[],
  { homeAgent, hasDelegated }: {
    readonly homeAgent: Ipv6Address;
    readonly hasDelegated: (homeAddress: Ipv6Address) => boolean;
  },
): KeptUpdate[] {
  return entries.flatMap((entry) => {
    if (entry.kind !== "registered" || entry.origin === undefined || hasDelegated(entry.homeAddress)) {
      return [];
    }
    const { outer, source, homeAddressOption, mobilityHeader, receivedUnixMs } = entry.origin;
    const packet = encodeMobilityPacket({
      source,
      destination: homeAgent,
      homeAddressOption,
      mobilityHeader,
    });
    return [{ outer, packet, receivedUnixMs }];
  });
}

/**
 * It comes once more, at the instant at which it came, and is not answered: it was then. From the future nothing comes: the
 * clock was set back.
 */
export function comeAgain(
  { outer, packet, receivedUnixMs }: KeptUpdate,
  now: Now,
  receive: (event: SignallingEvent, then: Now) => readonly HomeAgentAction[],
): HomeAgentAction[] {
  const ageMs = now.unixMs - receivedUnixMs;
  if (!(ageMs >= 0)) return [];
  const then = { monotonicMs: now.monotonicMs - ageMs, unixMs: receivedUnixMs };
  return receive({ kind: "signalling", outer, packet }, then)
    .filter(({ kind }) => kind !== "sendSignalling" && kind !== "sendPacket");
}
