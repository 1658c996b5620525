import { assertEquals } from "@std/assert";
import { sealMobilityHeader } from "../../core/control/authentication.ts";
import type { MobileNode } from "../../core/control/mobile_node.ts";
import type { MobilitySecurityAssociation } from "../../core/control/settings.ts";
import type { BindingAcknowledgement } from "../../core/wire/mobility_message.ts";
import { encodeMobilityPacket } from "../../core/wire/mobility_packet.ts";
import {
  at,
  careOf,
  hmac,
  HOME_ADDRESS,
  HOME_AGENT,
  newHomeAgent,
  newMobileNode,
  ofKind,
  registerOverIpv6,
  security,
  updateOverIpv6,
} from "./script.ts";

/** What somebody who does not have the key can make of a Binding Acknowledgement: nothing, and the state stays. */

const CARE_OF = "2001:db8:f::7";
const OTHER = "2001:db8:e::7";
const WRONG_KEY = { ...security, key: new Uint8Array(16).fill(8) };

interface Forgery {
  readonly status?: number;
  readonly lifetimeSeconds?: number;
  /** Added to the number of the update that waits. */
  readonly sequenceNumberOff?: number;
  readonly sealWith?: MobilitySecurityAssociation;
  readonly source?: string;
}

const FORGERIES: readonly Forgery[] = [
  {},
  { sealWith: WRONG_KEY },
  { sealWith: { ...security, spi: 2000 } },
  // Sealed with the right key, but with another timestamp than ours: not an answer to this update.
  { sealWith: security },
  { sealWith: security, lifetimeSeconds: 0 },
  { sealWith: security, sequenceNumberOff: 1 },
  { lifetimeSeconds: 0 },
  { lifetimeSeconds: 262_140 },
  { status: 128 },
  { status: 129, sealWith: WRONG_KEY },
  { status: 134 },
  { status: 135, sequenceNumberOff: 1000 },
  { status: 140 },
  { status: 144 },
  { source: OTHER },
];

function forged(mobileNode: MobileNode, forgery: Forgery) {
  const { status = 0, lifetimeSeconds = 420, sequenceNumberOff = 0, sealWith, source = HOME_AGENT } = forgery;
  const sequenceNumber = mobileNode.status(at(0)).sequenceNumber + sequenceNumberOff;
  const message: BindingAcknowledgement = {
    kind: "bindingAcknowledgement",
    status,
    keyManagementMobility: false,
    mobileRouter: false,
    proxyRegistration: false,
    tlvHeader: false,
    bulk: false,
    sequenceNumber,
    lifetimeSeconds,
    options: [{ kind: "messageIdentification", timestamp: 1n }],
  };
  const mobilityHeader = sealMobilityHeader(message, sealWith, {
    careOfAddress: OTHER,
    homeAddress: HOME_ADDRESS,
  }, hmac);
  const ends = { source, destination: OTHER, routingHomeAddress: HOME_ADDRESS };
  return {
    kind: "signalling",
    outer: undefined,
    packet: encodeMobilityPacket({ ...ends, mobilityHeader }),
  } as const;
}

for (const forgery of FORGERIES) {
  const { sealWith, ...fields } = forgery;
  const proof = sealWith === undefined ? "none" : sealWith === security ? "of another message" : "wrong";
  Deno.test(`a forged Binding Acknowledgement changes nothing: ${JSON.stringify(fields)}, proof: ${proof}`, () => {
    const mobileNode = newMobileNode({ mobileNetworkPrefixes: [] });
    registerOverIpv6(mobileNode, newHomeAgent(), CARE_OF);
    // In any state: registered, and waiting for the answer from a new care-of address.
    for (const move of [false, true]) {
      if (move) mobileNode.handle(careOf(OTHER), at(1000));
      const before = [mobileNode.status(at(2000)), mobileNode.nextDeadline()];
      const actions = mobileNode.handle(forged(mobileNode, forgery), at(2000));
      assertEquals(actions.map(({ kind }) => kind), ["report"]);
      assertEquals([mobileNode.status(at(2000)), mobileNode.nextDeadline()], before);
    }
    const next = mobileNode.handle({ kind: "deadline" }, at(2000));
    assertEquals([updateOverIpv6(next).mobileRouter, ofKind(next, "clearTunnel")], [false, []]);
  });
}
