import { InvariantBroken, type Watcher } from "../watcher.ts";
import type { World } from "../world.ts";

/** Deadlines that one machine may have passed at one instant before it has to look ahead. */
const MOST_DEADLINES_AT_ONCE = 3;
const MOST_MOBILE_NODE_ACTIONS = 8;
const MOST_HOME_AGENT_ACTIONS = 5;

/** No machine asks again and again for a deadline that has come: that would be a busy loop. */
export function deadlinesLieAhead(): Watcher {
  const stuck = new Map<unknown, number>();
  const look = (
    who: unknown,
    name: string,
    isDeadline: boolean,
    nextMs: number | undefined,
    nowMs: number,
  ) => {
    if (nextMs !== undefined && !Number.isFinite(nextMs)) {
      throw new InvariantBroken("a deadline is an instant", `${name}: ${nextMs}`);
    }
    const again = isDeadline && nextMs !== undefined && nextMs <= nowMs;
    stuck.set(who, again ? (stuck.get(who) ?? 0) + 1 : 0);
    if (stuck.get(who)! > MOST_DEADLINES_AT_ONCE) {
      throw new InvariantBroken("deadlines lie ahead", `${name} wants one at ${nextMs}, and it is ${nowMs}`);
    }
  };
  return {
    homeAgentHandled: ({ event, nextDeadlineMs, now }) =>
      look("home agent", "home agent", event.kind === "deadline", nextDeadlineMs, now.monotonicMs),
    mobileNodeHandled: ({ host, event, nextDeadlineMs, now }) =>
      look(host, host.name, event.kind === "deadline", nextDeadlineMs, now.monotonicMs),
  };
}

/** One event makes no more than a few actions; at the home agent a few for each mobile node whose time has come. */
export function actionsAreFew(world: World): Watcher {
  const name = "one event makes few actions";
  return {
    homeAgentHandled({ event, actions }) {
      const most = MOST_HOME_AGENT_ACTIONS * (event.kind === "deadline" ? world.mobileNodes.length : 1);
      if (actions.length > most) {
        throw new InvariantBroken(name, `home agent, ${event.kind}: ${actions.length}`);
      }
      const sends = actions.filter((action) => action.kind === "sendSignalling").length;
      if (event.kind !== "deadline" && sends > 1) {
        throw new InvariantBroken(name, `home agent sends ${sends} messages`);
      }
    },
    mobileNodeHandled({ host, event, actions }) {
      if (actions.length <= MOST_MOBILE_NODE_ACTIONS) return;
      throw new InvariantBroken(name, `${host.name}, ${event.kind}: ${actions.length}`);
    },
  };
}
