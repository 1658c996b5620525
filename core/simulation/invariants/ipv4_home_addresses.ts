import { type Ipv4HomeAddress, ipv4NetworkOf } from "../../control/settings.ts";
import { prefixContains } from "../../wire/address.ts";
import type { MobileHost } from "../mobile_host.ts";
import { InvariantBroken, type Watcher } from "../watcher.ts";
import type { World } from "../world.ts";

const SECOND_MS = 1000;
const LONGEST_BACK_OFF_MS = 32_000;
const ROUND_TRIPS_MS = 8_000;

/** No IPv4 home address of one binding is in that of another, and none is another node's by configuration. */
export function ipv4HomeAddressesAreApart(world: World): Watcher {
  const configured = world.homeAgent.settings.machine.mobileNodes;
  return {
    homeAgentHandled({ after }) {
      const bound = after.flatMap(({ homeAddress, ipv4HomeAddresses }) =>
        ipv4HomeAddresses.map((ipv4) => ({ homeAddress, ipv4 }))
      );
      const owned = configured.flatMap(({ homeAddress, ipv4HomeAddress: ipv4 }) =>
        ipv4 === undefined ? [] : [{ homeAddress, ipv4 }]
      );
      for (const [index, one] of bound.entries()) {
        for (const other of [...bound.slice(index + 1), ...owned]) {
          if (one.homeAddress === other.homeAddress || !overlap(one.ipv4, other.ipv4)) continue;
          const detail = `${text(one.ipv4)} of ${one.homeAddress}, ${
            text(other.ipv4)
          } of ${other.homeAddress}`;
          throw new InvariantBroken("IPv4 home addresses are apart", detail);
        }
      }
    },
  };
}

/**
 * A mobile node that is registered has the IPv4 home address that its home agent has for it; where nothing goes wrong any
 * more, at the latest after its next refresh.
 */
export function bothEndsHaveOneIpv4HomeAddress(world: World, calmSinceMs: () => number): Watcher {
  const apartSinceMs = new Map<MobileHost, number>();
  return {
    afterEvent() {
      for (const host of world.mobileNodes) {
        const status = host.settings.honest && host.tunnel ? host.status() : undefined;
        const binding = status?.state === "registered"
          ? world.homeAgent.bindings().find(({ homeAddress }) => homeAddress === host.homeAddress)
          : undefined;
        const mine = status?.ipv4HomeAddress ? text(status.ipv4HomeAddress) : "";
        if (binding === undefined || mine === binding.ipv4HomeAddresses.map(text).join()) {
          apartSinceMs.delete(host);
          continue;
        }
        const sinceMs = apartSinceMs.get(host) ?? world.nowMs;
        apartSinceMs.set(host, sinceMs);
        const calmMs = world.nowMs - Math.max(sinceMs, calmSinceMs());
        const refreshMs = Math.max((status?.lifetimeSeconds ?? 0) * SECOND_MS, LONGEST_BACK_OFF_MS);
        if (calmMs <= refreshMs + ROUND_TRIPS_MS) continue;
        const theirs = binding.ipv4HomeAddresses.map(text).join();
        const detail = `${host.name}: ${mine || "none"}, at the home agent ${theirs || "none"}`;
        throw new InvariantBroken("both ends have one IPv4 home address", detail);
      }
    },
  };
}

function overlap(one: Ipv4HomeAddress, other: Ipv4HomeAddress): boolean {
  return prefixContains(ipv4NetworkOf(one), other.address) ||
    prefixContains(ipv4NetworkOf(other), one.address);
}

function text({ address, prefixLength }: Ipv4HomeAddress): string {
  return `${address}/${prefixLength}`;
}
