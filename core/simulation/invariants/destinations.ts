import type { Ipv6Address } from "../../wire/address.ts";
import { bindingUpdateIn } from "../exchange.ts";
import type { OuterPacket } from "../packet.ts";
import { InvariantBroken, type Watcher } from "../watcher.ts";
import type { World } from "../world.ts";

/** What one address that has proved nothing, and all of them together, may get within a second. */
const MOST_ANSWERS_TO_ONE_ADDRESS = 10;
const MOST_ANSWERS_OVERALL = 200;
const SECOND_MS = 1000;

/**
 * The home agent sends traffic of a home address only to where an authentic Binding Update for it came from, and
 * mobility messages only there, or back to the source of the packet that they answer. What it answers to packets
 * that are not authentic is limited, so that it is no reflector.
 */
export function homeAgentSendsOnlyToAuthenticSources(world: World): Watcher {
  const name = "the home agent sends only to where an authentic update came from";
  const authentic = new Map<Ipv6Address, Set<string>>();
  const isAuthentic = ({ protocol, destination, destinationPort, payload }: OuterPacket) => {
    const homeAddress = payload.kind === "data" ? payload.destination : undefined;
    const place = protocol === "udp" ? `${destination}:${destinationPort}` : destination;
    if (homeAddress !== undefined) return authentic.get(homeAddress)?.has(place) ?? false;
    return [...authentic.values()].some((places) => places.has(place));
  };
  const learn = (packet: OuterPacket) => {
    const update = bindingUpdateIn(packet);
    if (update === undefined || packet.origin.kind !== "mobileNode" || !packet.origin.authentic) return;
    const places = authentic.get(update.homeAddress) ?? new Set();
    authentic.set(update.homeAddress, places.add(packet.source).add(`${packet.source}:${packet.sourcePort}`));
  };
  const answers = new Map<string, number[]>();
  const all: number[] = [];
  return {
    // A home agent that has lost its state may count from zero.
    homeAgentRestarted() {
      answers.clear();
      all.length = 0;
    },
    homeAgentSent(packet, cause) {
      // The update that is being answered counts already.
      if (cause) learn(cause);
      if (isAuthentic(packet)) return;
      if (cause === undefined || packet.destination !== cause.source) {
        throw new InvariantBroken(name, `sent to ${packet.destination}:${packet.destinationPort}`);
      }
      if (cause.protocol === "udp" && packet.destinationPort !== cause.sourcePort) {
        throw new InvariantBroken(
          name,
          `answered to port ${packet.destinationPort} instead of ${cause.sourcePort}`,
        );
      }
      const toOne = answers.get(packet.destination) ?? [];
      answers.set(packet.destination, toOne);
      const counted: readonly (readonly [number[], number, string])[] = [
        [toOne, MOST_ANSWERS_TO_ONE_ADDRESS, packet.destination],
        [all, MOST_ANSWERS_OVERALL, "all addresses"],
      ];
      for (const [times, most, to] of counted) {
        times.push(world.nowMs);
        while (times[0] <= world.nowMs - SECOND_MS) times.shift();
        if (times.length > most) {
          throw new InvariantBroken(
            "answers to what proves nothing are limited",
            `${times.length} within a second to ${to}`,
          );
        }
      }
    },
    // Data follows the binding, which the update that made it has just changed.
    homeAgentHandled({ cause }) {
      if (cause) learn(cause);
    },
  };
}
