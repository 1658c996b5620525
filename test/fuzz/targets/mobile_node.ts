import type { HomeAgentAction, MobileNodeAction } from "../../../core/control/action.ts";
import type { HomeAgentEvent, MobileNodeEvent } from "../../../core/control/event.ts";
import { HomeAgent } from "../../../core/control/home_agent.ts";
import { MobileNode } from "../../../core/control/mobile_node.ts";
import { candidate } from "../../control/script.ts";
import { MachineClock } from "../engine/machine_clock.ts";
import { repair } from "../engine/packets.ts";
import { type FuzzTarget, InputReader } from "../engine/target.ts";
import {
  checkSent,
  nodeOf,
  noHmac,
  openHomeAgent,
  OUTER_SOURCES,
  PREFIXES,
  signalling,
} from "./registration.ts";

const MOST_EVENTS = 24;
const random = () => 0.5;
const IPV4 = candidate("198.51.100.7");
const IPV6 = candidate("2001:db8:7::7", { interfaceName: "eg1" });
const AT_HOME = candidate(nodeOf("host").homeAddress, { atHome: true, interfaceName: "eg2" });
/** What the egress interfaces may offer. */
const OFFERS = [[IPV4], [IPV6], [], [IPV6, IPV4], [IPV4, IPV6], [AT_HOME], [AT_HOME, IPV4]];
const INTERFACES = ["eg0", "eg1", "eg2", ""];

/**
 * A mobile node for which every message is authentic: the first octet says which, then come events: what its interfaces
 * offer, mobility packets (their checksums made right), time, prefixes, wishes.
 */
export const mobileNode: FuzzTarget = {
  name: "mobile_node",
  maximumOctets: 2048,
  seeds: () =>
    (["host", "router"] as const).flatMap((kind) => OFFERS.map((_, index) => conversation(kind, index))),
  run(input) {
    const reader = new InputReader(input);
    const settings = nodeOf((reader.octet() & 1) === 0 ? "host" : "router");
    const machine = new MobileNode(settings, { hmac: noHmac, random });
    const clock = clockOf(machine);
    for (let events = 0; events < MOST_EVENTS && !reader.isAtEnd; events++) {
      const kind = reader.octet() & 7;
      if (kind === 3) clock.pass(reader);
      else clock.handle(eventOf(kind, reader));
      machine.status(clock.now);
    }
  },
};

function clockOf(machine: MobileNode) {
  return new MachineClock<MobileNodeEvent, MobileNodeAction>(machine, { kind: "deadline" }, (action) => {
    checkSent(action);
    if (action.kind === "setTunnel" && !(action.innerMtu >= 1280)) throw new Error(`MTU ${action.innerMtu}`);
    if (action.kind === "holdTraffic" && !(action.forMs >= 0 && action.forMs < 60_000)) {
      throw new Error(`traffic is held for ${action.forMs} ms`);
    }
  });
}

function eventOf(kind: number, reader: InputReader): MobileNodeEvent {
  switch (kind) {
    case 1:
      return { kind: "careOfAddresses", candidates: reader.pick(OFFERS) };
    case 2:
      return { kind: "switchTo", interfaceName: reader.pick(INTERFACES) };
    case 4:
      return { kind: "delegatedPrefixes", prefixes: PREFIXES.slice(reader.octet() % 3) };
    case 5:
      return { kind: "stop" };
    default:
      return { kind: "signalling", outer: reader.pick(OUTER_SOURCES), packet: repair(reader.octets()) };
  }
}

/** With a home agent, from the first registration to the last. */
function conversation(kind: "host" | "router", offer: number): Uint8Array {
  const node = clockOf(new MobileNode(nodeOf(kind), { hmac: noHmac, random }));
  const agent = new HomeAgent(openHomeAgent(), { hmac: noHmac, startedUnixMs: 0, random });
  const program: number[] = [kind === "host" ? 0 : 1];
  const play = (event: MobileNodeEvent) => {
    for (const action of node.handle(event)) {
      if (action.kind !== "sendSignalling" && action.kind !== "sendPacket") continue;
      const outer = action.kind === "sendSignalling" ? OUTER_SOURCES[2] : undefined;
      const update: HomeAgentEvent = { kind: "signalling", outer, packet: action.packet };
      for (const answer of agent.handle(update, node.now) satisfies HomeAgentAction[]) {
        if (answer.kind !== "sendSignalling" && answer.kind !== "sendPacket") continue;
        const from = answer.kind === "sendSignalling" ? OUTER_SOURCES[0] : undefined;
        program.push(...signalling(from, answer.packet));
        play({ kind: "signalling", outer: from, packet: answer.packet });
      }
    }
  };
  program.push(1, offer);
  play({ kind: "careOfAddresses", candidates: OFFERS[offer] });
  program.push(3, 15, 1, 0, 3, 4, 2, 0, 4, 1, 5);
  return Uint8Array.from(program);
}
