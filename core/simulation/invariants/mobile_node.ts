import { ENCAPSULATION_OVERHEAD, sameTunnelEnd } from "../../control/tunnel.ts";
import { bindingUpdateIn } from "../exchange.ts";
import type { MobileHost } from "../mobile_host.ts";
import { InvariantBroken, type Watcher } from "../watcher.ts";
import type { World } from "../world.ts";

/** MAX_UPDATE_RATE of RFC 6275 section 12: updates to one node within a second. */
const MOST_UPDATES_IN_A_SECOND = 3;
const SECOND_MS = 1000;
/** MAX_BINDACK_TIMEOUT: what an exchange that faults have slowed down may wait. */
const LONGEST_BACK_OFF_MS = 32_000;
/** Round trips and corrections that finding out may take beside waiting for a timer. */
const ROUND_TRIPS_MS = 3000;

/** Would a packet between home agent and mobile node get through, both ways, if links carry it? */
export function isReachable(world: World, host: MobileHost): boolean {
  const { tunnel } = host;
  const source = host.publicSource();
  if (tunnel === undefined || source === undefined) return false;
  return sameTunnelEnd(world.homeAgent.table.get(host.homeAddress), {
    encapsulation: tunnel.encapsulation,
    ...source,
  });
}

/**
 * A mobile node that believes it is registered is reachable, or finds out: at the end of its lifetime at the
 * latest, and where nothing goes wrong any more with its next keepalive, or the next attempt of a refresh.
 */
export function believersAreReachable(world: World, calmSinceMs: () => number): Watcher {
  const name = "a mobile node that believes it is registered is reachable or finds out";
  const mistakenSinceMs = new Map<MobileHost, number>();
  return {
    afterEvent() {
      for (const host of world.mobileNodes) {
        // Without a tunnel nobody believes anything; the cheap looks come first.
        const status = host.tunnel && !isReachable(world, host) ? host.status() : undefined;
        if (status?.state !== "registered") {
          mistakenSinceMs.delete(host);
          continue;
        }
        const sinceMs = mistakenSinceMs.get(host) ?? world.nowMs;
        mistakenSinceMs.set(host, sinceMs);
        const lifetimeMs = (status.lifetimeSeconds ?? 0) * SECOND_MS;
        const mistakenMs = world.nowMs - sinceMs;
        const calmMs = world.nowMs - Math.max(sinceMs, calmSinceMs());
        const keepaliveMs = (status.keepaliveSeconds ?? Infinity) * SECOND_MS;
        const nextMs = Math.min(lifetimeMs, Math.max(keepaliveMs, LONGEST_BACK_OFF_MS)) + ROUND_TRIPS_MS;
        if (mistakenMs > lifetimeMs + SECOND_MS || calmMs > nextMs) {
          throw new InvariantBroken(name, `${host.name} has been mistaken for ${mistakenMs / 1000} s`);
        }
      }
    },
  };
}

/** A mobile node never counts on a binding for longer than the home agent keeps it (RFC 6275 11.7.3). */
export function lifetimesEndAtTheMobileNodeFirst(world: World): Watcher {
  return {
    mobileNodeHandled({ host, after }) {
      if (after.state !== "registered" || !isReachable(world, host)) return;
      const binding = world.homeAgent.bindings().find(({ homeAddress }) => homeAddress === host.homeAddress);
      if (binding === undefined || binding.remainingSeconds + 0.001 >= (after.remainingSeconds ?? Infinity)) {
        return;
      }
      throw new InvariantBroken(
        "a mobile node's lifetime ends before the home agent's",
        `${host.name}: ${after.remainingSeconds} s left, ${binding.remainingSeconds} s at the home agent`,
      );
    },
  };
}

/** A mobile node sends to its home agent, from its care-of address, what a home agent can read. */
export function mobileNodesSendWell(world: World): Watcher {
  const name = "a mobile node sends to its home agent from its care-of address";
  return {
    mobileNodeSent(host, packet) {
      if (packet.source !== host.careOfAddress) {
        throw new InvariantBroken(name, `${host.name} sent from ${packet.source}, has ${host.careOfAddress}`);
      }
      if (packet.destination !== world.homeAgent.settings.ipv4Address) {
        throw new InvariantBroken(name, `${host.name} sent to ${packet.destination}`);
      }
      if (packet.payload.kind === "data") return;
      const decoded = packet.payload.decode();
      const kind = decoded.ok && decoded.value.checksumValid ? decoded.value.header.message.kind : undefined;
      if (kind !== "bindingUpdate" && kind !== "bindingRevocationAcknowledgement") {
        throw new InvariantBroken(name, `${host.name} sent what a home agent does not take`);
      }
    },
  };
}

/** A process keeps to MAX_UPDATE_RATE. */
export function updateRateIsKept(world: World): Watcher {
  const sentMs = new Map<string, number[]>();
  return {
    mobileNodeSent(host, packet) {
      if (bindingUpdateIn(packet) === undefined) return;
      const process = `${host.name} ${host.starts}`;
      const times = [...(sentMs.get(process) ?? []), world.nowMs].slice(-1 - MOST_UPDATES_IN_A_SECOND);
      sentMs.set(process, times);
      if (times.length > MOST_UPDATES_IN_A_SECOND && world.nowMs - times[0] < SECOND_MS - 0.001) {
        throw new InvariantBroken(
          "no more updates than MAX_UPDATE_RATE",
          `${host.name}: ${times.join(", ")} ms`,
        );
      }
    },
  };
}

/** Registered means: a tunnel is there and the home agent granted it; without the right key it never happens. */
export function stateAndTunnelAgree(): Watcher {
  return {
    mobileNodeHandled({ host, after }) {
      if (after.state === "registered" && !host.settings.honest) {
        throw new InvariantBroken("no registration without the right key", host.name);
      }
      const hasTunnel = host.tunnel !== undefined;
      if (after.state === "registered" && host.tunnel?.encapsulation !== after.encapsulation) {
        throw new InvariantBroken("registered means that the tunnel is set", host.name);
      }
      if (["refused", "revoked", "finished"].includes(after.state) && hasTunnel) {
        throw new InvariantBroken("no tunnel without a registration", `${host.name} is ${after.state}`);
      }
      if (after.state !== "registered" || host.tunnel === undefined) return;
      const linkMtu = host.network?.settings.linkMtu ?? 0;
      if (host.innerMtu === linkMtu - ENCAPSULATION_OVERHEAD[host.tunnel.encapsulation]) return;
      throw new InvariantBroken(
        "the inner MTU fits the link",
        `${host.name}: ${host.innerMtu} of ${linkMtu}`,
      );
    },
  };
}
