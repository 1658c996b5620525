import type { HomeAgentAction } from "../../../core/control/action.ts";
import type { HomeAgentEvent } from "../../../core/control/event.ts";
import { HomeAgent } from "../../../core/control/home_agent.ts";
import { MobileNode } from "../../../core/control/mobile_node.ts";
import type { NeighborDiscoveryMessage } from "../../../core/wire/neighbor_discovery.ts";
import { decodeNeighborDiscoveryPacket } from "../../../core/wire/neighbor_discovery.ts";
import { at, careOf, HOME_ADDRESS } from "../../control/script.ts";
import { MachineClock } from "../engine/machine_clock.ts";
import { repair } from "../engine/packets.ts";
import { type FuzzTarget, InputReader, withLength } from "../engine/target.ts";
import { advertisement, routerA } from "../../control/movement/ipv6_network.ts";
import { ipv6 } from "../../forwarding/packets.ts";
import {
  checkSent,
  nodeOf,
  noHmac,
  openHomeAgent,
  OUTER_SOURCES,
  PREFIXES,
  ROUTER_ADDRESS,
  signalling,
} from "./registration.ts";

const MOST_EVENTS = 24;
const ENCAPSULATIONS = ["udp", "ipv6InIpv4", "ipv6InIpv6"] as const;
const CARE_OF_ADDRESSES = ["198.51.100.7", "2001:db8:7::7", "198.51.100.99"];
const random = () => 0.5;

/**
 * A home agent for which every message is authentic: the first octet says how it is configured, then come events: mobility
 * packets (their checksums made right), traffic without a binding, discovery, time, answers of the home link.
 */
export const homeAgent: FuzzTarget = {
  name: "home_agent",
  maximumOctets: 2048,
  seeds: () =>
    (["host", "router"] as const).flatMap((kind) => [0, 1].map((octet) => conversation(kind, octet))),
  run(input) {
    const reader = new InputReader(input);
    const octet = reader.octet();
    const machine = new HomeAgent(settingsOf(octet), { hmac: noHmac, startedUnixMs: 0, random });
    const clock = new MachineClock<HomeAgentEvent, HomeAgentAction>(machine, { kind: "deadline" }, checkSent);
    for (let events = 0; events < MOST_EVENTS && !reader.isAtEnd; events++) {
      const kind = reader.octet() & 7;
      if (kind === 3) clock.pass(reader);
      else {
        const event = eventOf(kind, reader);
        if (event !== undefined) clock.handle(event);
      }
      checkBindings(machine, clock.now);
    }
  },
};

function settingsOf(octet: number) {
  return openHomeAgent({
    homeLink: (octet & 1) !== 0,
    requireAuthentication: (octet & 2) === 0,
    forceUdp: (octet & 4) !== 0,
    acceptForceUdp: (octet & 8) === 0,
  });
}

function eventOf(kind: number, reader: InputReader): HomeAgentEvent | undefined {
  switch (kind) {
    case 0:
    case 7:
      return { kind: "signalling", outer: reader.pick(OUTER_SOURCES), packet: repair(reader.octets()) };
    case 1: {
      const outer = reader.pick(OUTER_SOURCES) ?? { address: "2001:db8:7::7", port: 0 };
      return {
        kind: "unboundTraffic",
        outer,
        encapsulation: reader.pick(ENCAPSULATIONS),
        packet: reader.octets(),
      };
    }
    case 2:
      return { kind: "discovery", packet: repair(reader.octets()) };
    case 4: {
      const homeAddress = reader.pick([HOME_ADDRESS, ROUTER_ADDRESS]);
      const result = reader.octet();
      if (result === 2) return { kind: "bindingFailed", homeAddress };
      return { kind: "homeAddressProbed", homeAddress, duplicate: result === 1 };
    }
    case 5:
      return {
        kind: "delegatedPrefixes",
        homeAddress: reader.pick([HOME_ADDRESS, ROUTER_ADDRESS]),
        prefixes: PREFIXES.slice(reader.octet() % 3),
      };
    default:
      return routerAdvertised(repair(reader.octets()));
  }
}

function routerAdvertised(packet: Uint8Array): HomeAgentEvent | undefined {
  const decoded = decodeNeighborDiscoveryPacket(packet);
  const message: NeighborDiscoveryMessage | undefined = decoded.ok ? decoded.value.message : undefined;
  if (!decoded.ok || message?.kind !== "routerAdvertisement") return undefined;
  return { kind: "routerAdvertised", source: decoded.value.source, advertisement: message };
}

function checkBindings(machine: HomeAgent, now: Parameters<HomeAgent["bindings"]>[0]): void {
  const known = [HOME_ADDRESS, ROUTER_ADDRESS];
  for (const { homeAddress, remainingSeconds, lifetimeSeconds } of machine.bindings(now)) {
    if (!known.includes(homeAddress) && machine.hasBinding(homeAddress) && lifetimeSeconds <= 0) {
      throw new Error(`${homeAddress} is bound for ${lifetimeSeconds} s`);
    }
    if (!(remainingSeconds >= 0 && remainingSeconds <= 420)) {
      throw new Error(`${homeAddress} is bound for ${remainingSeconds} s more`);
    }
  }
}

/** What a mobile node sends to such a home agent in three networks, and other events. */
function conversation(kind: "host" | "router", configuration: number): Uint8Array {
  const node = new MobileNode(nodeOf(kind), { hmac: noHmac, random });
  const { homeAddress } = nodeOf(kind);
  const program: number[] = [configuration];
  for (const [index, careOfAddress] of CARE_OF_ADDRESSES.entries()) {
    const outer = careOfAddress.includes(":") ? undefined : OUTER_SOURCES[2 + index % 2];
    for (const action of node.handle(careOf(careOfAddress), at(1000 * index))) {
      if (action.kind === "sendSignalling" || action.kind === "sendPacket") {
        program.push(...signalling(outer, action.packet));
      }
    }
    if (configuration === 1) program.push(4, homeAddress === HOME_ADDRESS ? 0 : 1, 0);
    program.push(3, 15);
  }
  for (const action of node.handle({ kind: "stop" }, at(5000))) {
    if (action.kind === "sendSignalling") program.push(...signalling(OUTER_SOURCES[3], action.packet));
  }
  const traffic = ipv6({ source: homeAddress });
  const router = advertisement(routerA);
  if (router.kind === "frame") program.push(6, ...withLength(router.payload));
  program.push(1, 2, 0, ...withLength(traffic), 5, 1, 1, 3, 6);
  return Uint8Array.from(program);
}
