import { assertEquals } from "@std/assert";
import { BindingStatusCode } from "../../core/wire/binding_status.ts";
import { encodeMobilityHeader } from "../../core/wire/mobility_header.ts";
import type { MobilityMessage } from "../../core/wire/mobility_message.ts";
import { encodeMobilityPacket } from "../../core/wire/mobility_packet.ts";
import { type Ends, ends, outgoing, toAgent, toNode } from "../control/esp/esp_script.ts";
import {
  at,
  candidate,
  careOf,
  HOME_ADDRESS,
  HOME_AGENT,
  HOME_AGENT_IPV4,
  offer,
} from "../control/script.ts";

/* Under ESP, what comes without it counts for nothing (RFC 3776 section 4.1): of every kind, on every way, in every state. */

const CARE_OF = "2001:db8:f::7";
const ELSEWHERE = "2001:db8:e::7";
const PRIVATE = "192.168.1.2";
const FROM_AGENT = { address: HOME_AGENT_IPV4, port: 4191 };

/** All that a home agent says, by somebody who knows the number of the update that waits. */
function messages(sequenceNumber: number): MobilityMessage[] {
  const acknowledgement = (status: number, lifetimeSeconds: number): MobilityMessage => ({
    kind: "bindingAcknowledgement",
    status,
    keyManagementMobility: false,
    mobileRouter: false,
    proxyRegistration: false,
    tlvHeader: false,
    bulk: false,
    sequenceNumber,
    lifetimeSeconds,
    options: [],
  });
  const indication = (trigger: number, ipv4HomeAddressOnly: boolean): MobilityMessage => ({
    kind: "bindingRevocationIndication",
    revocationType: 1,
    trigger,
    sequenceNumber: 1,
    proxyBinding: false,
    ipv4HomeAddressOnly,
    global: false,
    options: [],
  });
  return [
    ...Object.values(BindingStatusCode).flatMap((
      status,
    ) => [acknowledgement(status, 0), acknowledgement(status, 420)]),
    { kind: "bindingRefreshRequest", options: [] },
    indication(1, false),
    indication(2, false),
    indication(1, true),
  ];
}

/** Each of them on each way: in UDP, behind a type 2 routing header, to the home address, to the care-of address. */
function forgeries(both: Ends) {
  const { sequenceNumber } = both.mobileNode.status(at(0));
  return messages(sequenceNumber).map((message) => encodeMobilityHeader(message)).flatMap(
    (mobilityHeader) => {
      const to = (destination: string, routingHomeAddress?: string) =>
        encodeMobilityPacket({ source: HOME_AGENT, destination, routingHomeAddress, mobilityHeader });
      return [
        { packet: to(HOME_ADDRESS), outer: FROM_AGENT },
        { packet: to(HOME_ADDRESS), outer: undefined },
        ...[CARE_OF, ELSEWHERE].flatMap((careOfAddress) => [
          { packet: to(careOfAddress, HOME_ADDRESS), outer: undefined },
          { packet: to(careOfAddress), outer: undefined },
        ]),
      ];
    },
  );
}

function answered(both: Ends, packets: readonly Uint8Array[], nowMs: number): void {
  for (const packet of packets) {
    for (const answer of outgoing(both.homeGate, toAgent(both, packet, at(nowMs)), at(nowMs))) {
      toNode(both, answer, at(nowMs));
    }
  }
}

/** What brings a mobile node into each of its states, from which none of them moves it. */
const STATES: Readonly<Record<string, (both: Ends) => void>> = {
  registering: (both) => void both.mobileNode.handle(careOf(CARE_OF), at(0)),
  "registering over IPv4": (both) => void both.mobileNode.handle(careOf(PRIVATE), at(0)),
  registered: (both) =>
    answered(both, outgoing(both.mobileGate, both.mobileNode.handle(careOf(CARE_OF), at(0)), at(0)), 0),
  moving: (both) => {
    STATES.registered(both);
    both.mobileNode.handle(careOf(ELSEWHERE), at(500));
  },
  returning: (both) => {
    STATES.registered(both);
    both.mobileNode.handle(offer(candidate(HOME_ADDRESS, { atHome: true })), at(500));
  },
  deregistering: (both) => {
    STATES.registered(both);
    both.mobileNode.handle({ kind: "stop" }, at(500));
  },
};

for (const [name, enter] of Object.entries(STATES)) {
  Deno.test(`RFC 3776 4.1: without ESP nothing that a home agent says counts, on no way, for a mobile node: ${name}`, () => {
    const both = ends();
    enter(both);
    const view = () => [both.mobileNode.status(at(1000)), both.mobileNode.nextDeadline()];
    const before = view();
    for (const { packet, outer } of forgeries(both)) {
      assertEquals(toNode(both, packet, at(1000), outer).map(({ kind }) => kind), ["report"]);
      assertEquals(view(), before);
    }
  });
}
