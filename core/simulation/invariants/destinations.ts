import type { Ipv6Address } from "../../wire/address.ts";
import { bindingUpdateIn } from "../exchange.ts";
import type { OuterPacket } from "../packet.ts";
import { InvariantBroken, type Watcher } from "../watcher.ts";
import type { World } from "../world.ts";

/** What one address that has proved nothing, and all of them together, may get of one kind within a second. */
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
  /** When they were sent, by kind, and by kind and address. */
  const answers = new Map<string, number[]>();
  return {
    // A home agent that has lost its state may count from zero.
    homeAgentRestarted() {
      answers.clear();
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
      const kind = kindOf(packet);
      const limits: readonly (readonly [string, number])[] = [
        [`${kind} to ${packet.destination}`, MOST_ANSWERS_TO_ONE_ADDRESS],
        [`${kind} to all addresses`, MOST_ANSWERS_OVERALL],
      ];
      for (const [counted, most] of limits) {
        const times = answers.get(counted) ?? [];
        answers.set(counted, times);
        times.push(world.nowMs);
        while (times[0] <= world.nowMs - SECOND_MS) times.shift();
        if (times.length > most) {
          throw new InvariantBroken(
            "answers to what proves nothing are limited",
            `${times.length} within a second: ${counted}`,
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

/** Each has a limit of its own: refusals of one status, Binding Errors. */
function kindOf({ payload }: OuterPacket): string {
  const decoded = payload.kind === "signalling" ? payload.decode() : undefined;
  if (!decoded?.ok) return "data";
  const { message } = decoded.value.header;
  return message.kind === "bindingAcknowledgement" ? `status ${message.status}` : message.kind;
}
