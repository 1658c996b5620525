import { assert, assertEquals } from "@std/assert";
import type { HomeAgentAction, MobileNodeAction, Report, SendPacket } from "../../core/control/action.ts";
import type { HomeAgentEvent } from "../../core/control/event.ts";
import type { HomeAgent } from "../../core/control/home_agent.ts";
import { PrefixDiscovery } from "../../core/control/prefix_discovery.ts";
import { at, careOf, HOME_ADDRESS, HOME_AGENT, newHomeAgent, newMobileNode, ofKind } from "./script.ts";

/** A day over IPv6, with prefix discovery, and all of it sent again. (Over IPv4: test/simulator/replay_test.ts.) */

const CARE_OF = ["2001:db8:a::7", "2001:db8:b::7", "2001:db8:c::7"];
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** So long before the end of the day that its update is still fresh then. */
const LAST_MOVE_MS = 2000;

type Actions = readonly (MobileNodeAction | HomeAgentAction | SendPacket | Report)[];

function packetsOf(actions: Actions): Uint8Array[] {
  return ofKind(actions as readonly SendPacket[], "sendPacket").map(({ packet }) => packet);
}

/** Refreshes as its timers say, another care-of address each hour, off for ten minutes at noon. */
class Day {
  readonly homeAgent = newHomeAgent();
  readonly discovery: PrefixDiscovery;
  readonly toHomeAgent: HomeAgentEvent[] = [];
  readonly toMobileNode: Uint8Array[] = [];
  readonly toDiscovery: Uint8Array[] = [];
  node = newMobileNode();
  nowMs = 0;

  constructor() {
    let identifier = 0;
    const settings = { homeAddress: HOME_ADDRESS, homeAgentAddress: HOME_AGENT };
    this.discovery = new PrefixDiscovery(settings, () => ++identifier % 0x10000 / 0x10000);
  }

  live(): void {
    for (let hour = 0; hour < 24; hour++) {
      const address = CARE_OF[hour % CARE_OF.length];
      this.toNode(careOf(address));
      this.discover({ kind: "registered", careOfAddress: address, isNecessary: hour % 4 === 1 });
      if (hour === 12) {
        this.toNode({ kind: "stop" });
        this.node = newMobileNode();
        this.nowMs += HOUR_MS / 6;
        this.toNode(careOf(address));
      }
      this.run(HOUR_MS * (hour + 1) - (hour === 23 ? LAST_MOVE_MS : 0));
    }
    this.toNode(careOf(CARE_OF[0]));
    this.run(DAY_MS);
  }

  run(endMs: number): void {
    for (;;) {
      const deadlineMs = this.node.nextDeadline() ?? Infinity;
      const discoveryMs = this.discovery.nextDeadline() ?? Infinity;
      const homeAgentMs = this.homeAgent.nextDeadline() ?? Infinity;
      this.nowMs = Math.min(deadlineMs, discoveryMs, homeAgentMs, endMs);
      if (this.nowMs === endMs) return;
      if (this.nowMs === homeAgentMs) this.homeAgent.handle({ kind: "deadline" }, at(this.nowMs));
      else if (this.nowMs === deadlineMs) this.toNode({ kind: "deadline" });
      else this.discover({ kind: "deadline" });
    }
  }

  toNode(event: Parameters<typeof this.node.handle>[0]): void {
    for (const packet of packetsOf(this.node.handle(event, at(this.nowMs)))) {
      this.ask({ kind: "signalling", outer: undefined, packet }, (answer) => {
        this.toMobileNode.push(answer);
        this.toNode({ kind: "signalling", outer: undefined, packet: answer });
      });
    }
  }

  discover(event: Parameters<typeof this.discovery.handle>[0]): void {
    for (const packet of packetsOf(this.discovery.handle(event, at(this.nowMs)))) {
      this.ask({ kind: "discovery", packet }, (answer) => {
        this.toDiscovery.push(answer);
        this.discover({ kind: "discovery", packet: answer });
      });
    }
  }

  ask(event: HomeAgentEvent, take: (answer: Uint8Array) => void): void {
    this.toHomeAgent.push(event);
    for (const answer of packetsOf(this.homeAgent.handle(event, at(++this.nowMs)))) take(answer);
  }
}

function inAnyOrder<Item>(items: readonly Item[]): Item[] {
  const halves = [items.filter((_, index) => index % 2 === 0), items.filter((_, index) => index % 2 === 1)];
  return [...items, ...items.toReversed(), ...halves[1].toReversed(), ...halves[0]];
}

function stateOf(homeAgent: HomeAgent, nowMs: number) {
  return { bindings: homeAgent.bindings(at(nowMs)), deadlineMs: homeAgent.nextDeadline() };
}

Deno.test("replay of a day over IPv6: no binding, no registration and no prefix changes, and a new home agent makes no binding", () => {
  const day = new Day();
  day.live();
  const { homeAgent, node, discovery, toHomeAgent, toMobileNode, toDiscovery } = day;
  const now = at(DAY_MS);
  const enough = toHomeAgent.length > 200 && toMobileNode.length > 200 && toDiscovery.length > 1;
  assert(enough, `${toHomeAgent.length}, ${toMobileNode.length} and ${toDiscovery.length} packets`);

  const before = stateOf(homeAgent, DAY_MS);
  assertEquals(before.bindings.map(({ careOfAddress }) => careOfAddress), [CARE_OF[0]]);
  for (const event of inAnyOrder(toHomeAgent)) homeAgent.handle(event, now);
  assertEquals(stateOf(homeAgent, DAY_MS), before);

  const restarted = newHomeAgent({}, now.unixMs);
  for (const event of inAnyOrder(toHomeAgent)) restarted.handle(event, now);
  assertEquals(stateOf(restarted, DAY_MS), { bindings: [], deadlineMs: undefined });

  const heir = newHomeAgent({}, now.unixMs);
  heir.handle({ kind: "keptUpdates", updates: homeAgent.keptUpdates() }, now);
  assertEquals(stateOf(heir, DAY_MS).bindings, before.bindings);
  for (const event of inAnyOrder(toHomeAgent)) heir.handle(event, now);
  assertEquals(stateOf(heir, DAY_MS).bindings, before.bindings);

  const registered = [node.status(now), node.nextDeadline()];
  for (const packet of inAnyOrder(toMobileNode)) {
    const actions = node.handle({ kind: "signalling", outer: undefined, packet }, now);
    assertEquals(actions.filter(({ kind }) => kind !== "report"), []);
  }
  assertEquals([node.status(now), node.nextDeadline()], registered);

  // An advertisement that nobody has asked for is not taken: it makes the node ask by itself, once (M-410).
  let asked = 0;
  for (const packet of inAnyOrder(toDiscovery)) {
    asked += packetsOf(discovery.handle({ kind: "discovery", packet }, now)).length;
  }
  assert(asked <= 1, `${asked} solicitations`);
});
