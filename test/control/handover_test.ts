import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { HomeAgentAction, MobileNodeAction } from "../../core/control/action.ts";
import type { HomeAgent } from "../../core/control/home_agent.ts";
import type { MobileNode } from "../../core/control/mobile_node.ts";
import type { TunnelEnd } from "../../core/control/tunnel.ts";
import {
  at,
  candidate,
  careOf,
  HOME_ADDRESS,
  newHomeAgent,
  newMobileNode,
  offer,
  ofKind,
  register,
} from "./script.ts";

/** Networks, each with what the home agent sees of a node in it. */
const PLACES = [
  { candidate: candidate("2001:db8:f::7"), seenAs: undefined },
  { candidate: candidate("2001:db8:e::7", { interfaceName: "eg1" }), seenAs: undefined },
  { candidate: candidate("198.51.100.7"), seenAs: { address: "198.51.100.7", port: 4191 } },
  { candidate: candidate("10.0.0.42"), seenAs: { address: "192.0.2.9", port: 8763 } },
  { candidate: candidate("2001:db8:100::77", { atHome: true }), seenAs: undefined },
];

/** Both ends, and the data path of each as their actions have made it. */
class Pair {
  readonly mobileNode: MobileNode = newMobileNode();
  readonly homeAgent: HomeAgent = newHomeAgent({ homeLink: true });
  tunnel: TunnelEnd | undefined;
  binding: TunnelEnd | undefined;
  intercepted = false;
  ms = 0;

  /** Goes to a place, or off the net; every message arrives if `answered`. */
  moveTo(place: typeof PLACES[number] | undefined, answered: boolean): void {
    this.ms += 1000;
    const event = place === undefined ? offer() : offer(place.candidate);
    let actions: MobileNodeAction[] = this.mobileNode.handle(event, at(this.ms));
    for (let rounds = 0; rounds < 8 && answered; rounds++) {
      this.#perform(actions);
      const [packet] = [...ofKind(actions, "sendPacket"), ...ofKind(actions, "sendSignalling")];
      if (packet === undefined) return;
      const outer = packet.kind === "sendPacket" ? undefined : place?.seenAs;
      this.ms += 1;
      let answer = this.homeAgent.handle({ kind: "signalling", outer, packet: packet.packet }, at(this.ms));
      this.#defend(answer);
      if (ofKind(answer, "probeHomeAddress").length > 0) {
        const probed = { kind: "homeAddressProbed", homeAddress: HOME_ADDRESS, duplicate: false } as const;
        answer = this.homeAgent.handle(probed, at(this.ms));
        this.#defend(answer);
      }
      const [back] = [...ofKind(answer, "sendPacket"), ...ofKind(answer, "sendSignalling")];
      const from = back.kind === "sendPacket" ? undefined : { address: "203.0.113.1", port: 4191 };
      actions = this.mobileNode.handle({ kind: "signalling", outer: from, packet: back.packet }, at(this.ms));
    }
    this.#perform(actions);
  }

  #perform(actions: readonly MobileNodeAction[]): void {
    for (const action of actions) {
      if (action.kind === "setTunnel") this.tunnel = action.tunnel;
      if (action.kind === "clearTunnel") this.tunnel = undefined;
    }
  }

  #defend(actions: readonly HomeAgentAction[]): void {
    for (const action of actions) {
      if (action.kind === "setBinding") this.binding = action.tunnel;
      if (action.kind === "removeBinding") this.binding = undefined;
      if (action.kind === "interceptHomeAddress") this.intercepted = true;
      if (action.kind === "releaseHomeAddress") this.intercepted = false;
    }
  }
}

Deno.test("wherever the mobile node moves, both ends agree on the way and on who has the home address", () => {
  const steps = fc.array(
    fc.record({ place: fc.option(fc.constantFrom(...PLACES), { nil: undefined }), answered: fc.boolean() }),
    { maxLength: 20 },
  );
  fc.assert(fc.property(steps, fc.constantFrom(...PLACES), (moves, last) => {
    const pair = new Pair();
    for (const { place, answered } of moves) pair.moveTo(place, answered);
    pair.moveTo(undefined, true);
    pair.moveTo(last, true);
    const atHome = last.candidate.atHome === true;
    assertEquals(pair.mobileNode.status(at(pair.ms)).state, atHome ? "home" : "registered");
    assertEquals(pair.intercepted, !atHome);
    if (atHome) {
      assertEquals([pair.binding, pair.tunnel], [undefined, undefined]);
      return;
    }
    const { address } = last.candidate;
    const encapsulation = last.seenAs === undefined
      ? "ipv6InIpv6"
      : last.seenAs.address === address
      ? "ipv6InIpv4"
      : "udp";
    assertEquals([pair.binding?.encapsulation, pair.tunnel?.encapsulation], [encapsulation, encapsulation]);
    assertEquals(pair.binding?.address, last.seenAs?.address ?? address);
  }));
});

Deno.test("RFC 6275 11.8: an update that MAX_UPDATE_RATE holds back: the tunnel fits the new link at once", () => {
  const mobileNode = newMobileNode();
  const homeAgent = newHomeAgent();
  for (const [index, address] of ["198.51.100.7", "198.51.100.8", "198.51.100.9"].entries()) {
    register(mobileNode, homeAgent, address, { address, port: 4191 }, 20 * index);
  }
  const actions = mobileNode.handle(careOf("198.51.100.10", 1400), at(100));
  assertEquals(ofKind(actions, "sendSignalling"), []);
  assertEquals(ofKind(actions, "setTunnel").map(({ innerMtu }) => innerMtu), [1380]);
});
