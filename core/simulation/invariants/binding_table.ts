import { sameTunnelEnd } from "../../control/tunnel.ts";
import { findOption } from "../../wire/mobility_option.ts";
import { InvariantBroken, type Watcher } from "../watcher.ts";
import type { World } from "../world.ts";

/** At most one binding for a home address, and none for one whose mobile node has not proved itself. */
export function oneBindingForEachHomeAddress(world: World): Watcher {
  const mayBind = new Set(
    world.mobileNodes.filter((host) => host.settings.honest).map((host) => host.homeAddress),
  );
  return {
    homeAgentHandled({ after }) {
      const seen = new Set<string>();
      for (const { homeAddress } of after) {
        if (seen.has(homeAddress)) {
          throw new InvariantBroken("one binding for each home address", homeAddress);
        }
        if (!mayBind.has(homeAddress)) {
          throw new InvariantBroken("no binding without the right key", `${homeAddress} is bound`);
        }
        seen.add(homeAddress);
      }
    },
  };
}

/** Whose bindings were revoked has none before the configuration is loaded again. */
export function revokedStaysUnbound(world: World): Watcher {
  return {
    homeAgentHandled({ after }) {
      const bound = after.find(({ identity }) => world.homeAgent.revoked.has(identity));
      if (bound !== undefined) throw new InvariantBroken("no binding for who is revoked", bound.identity);
    },
  };
}

/** What the actions have put into the data path is what the home agent says it has. */
export function dataPathHoldsTheBindings(world: World): Watcher {
  const name = "the data path holds the home agent's bindings";
  return {
    homeAgentHandled({ after }) {
      const { table } = world.homeAgent;
      if (table.size !== after.length) {
        throw new InvariantBroken(
          name,
          `${table.size} in the data path, ${after.length} in the binding cache`,
        );
      }
      for (const { homeAddress, careOfAddress, port, encapsulation } of after) {
        const tunnel = { encapsulation, address: careOfAddress, port: encapsulation === "udp" ? port : 0 };
        if (!sameTunnelEnd(table.get(homeAddress), tunnel)) {
          throw new InvariantBroken(name, `${homeAddress} goes elsewhere than to ${careOfAddress}:${port}`);
        }
      }
    },
  };
}

/**
 * An accepted Binding Update binds the home address to the outer address and port that it came from, over UDP
 * where that differs from the care-of address in it or either side forces UDP, and otherwise over protocol 41
 * (RFC 5555 sections 4.5 and 5.2.1).
 */
export function bindingsPointToWhereTheUpdateCameFrom(world: World): Watcher {
  const settings = world.homeAgent.settings.machine;
  return {
    homeAgentHandled({ accepted }) {
      if (accepted === undefined || accepted.lifetimeSeconds === 0) return;
      const { update, outer, homeAddress } = accepted;
      const careOfAddress = findOption(update.options, "ipv4CareOfAddress")?.careOfAddress;
      const overUdp = careOfAddress !== outer.address || update.forceUdp || settings.forceUdp;
      const expected = overUdp
        ? { encapsulation: "udp" as const, ...outer }
        : { encapsulation: "ipv6InIpv4" as const, address: outer.address, port: 0 };
      const actual = world.homeAgent.table.get(homeAddress);
      if (!sameTunnelEnd(actual, expected)) {
        throw new InvariantBroken(
          "a binding points to where its update came from",
          `${homeAddress}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`,
        );
      }
    },
  };
}

/** Sequence numbers of accepted updates increase, modulo 2^16, as long as the binding lasts (RFC 6275 9.5.1). */
export function acceptedSequenceNumbersIncrease(): Watcher {
  return {
    homeAgentHandled({ accepted, before }) {
      if (accepted === undefined) return;
      const bound = before.find((binding) => binding.homeAddress === accepted.homeAddress);
      if (bound === undefined || bound.remainingSeconds <= 0) return;
      const ahead = (accepted.update.sequenceNumber - bound.sequenceNumber + 0x10000) % 0x10000;
      if (ahead === 0 || ahead >= 0x8000) {
        throw new InvariantBroken(
          "accepted sequence numbers increase",
          `${accepted.homeAddress}: ${accepted.update.sequenceNumber} accepted after ${bound.sequenceNumber}`,
        );
      }
    },
  };
}

/** No binding is used longer than the lifetime that the last acknowledgement granted, from when it was sent. */
export function bindingsEndWithTheirLifetime(world: World): Watcher {
  const endsAtMs = new Map<string, number>();
  const graceMs = world.homeAgent.settings.timerLatenessMs + 1;
  return {
    homeAgentRestarted: () => endsAtMs.clear(),
    homeAgentHandled({ accepted }) {
      if (accepted) endsAtMs.set(accepted.homeAddress, world.nowMs + accepted.lifetimeSeconds * 1000);
    },
    afterEvent() {
      for (const homeAddress of world.homeAgent.table.keys()) {
        const endMs = endsAtMs.get(homeAddress) ?? -Infinity;
        if (world.nowMs > endMs + graceMs) {
          throw new InvariantBroken(
            "a binding ends with its lifetime",
            `${homeAddress} is still bound ${(world.nowMs - endMs) / 1000} s later`,
          );
        }
      }
    },
  };
}
