import { BindingStatusCode, FIRST_REFUSAL_STATUS } from "../wire/binding_status.ts";
import type { BindingAcknowledgement } from "../wire/mobility_message.ts";
import { findOption } from "../wire/mobility_option.ts";
import type { MobilityPacket } from "../wire/mobility_packet.ts";
import { verifyMobilityHeader } from "./authentication.ts";
import type { Exchange, SentUpdate } from "./mobile_node_state.ts";
import type { Hmac, MobileNodeSettings } from "./settings.ts";

/** What a Binding Acknowledgement means for the exchange that waits for one. */
export type AcknowledgementVerdict =
  /** It is not for us, or not to be trusted. */
  | { readonly kind: "dropped"; readonly reason: string; readonly status: number }
  /** "Authentication failed", in an answer that our own key does not prove. */
  | { readonly kind: "keysDiffer" }
  /** The timestamp is refused (RFC 4285 section 6); `timestamp` holds the home agent's time. */
  | {
    readonly kind: "timestampRefused";
    readonly timestamp: bigint;
    readonly answered: SentUpdate;
    /** False: an update that came late, or twice; the latest may be accepted yet. */
    readonly ofLatest: boolean;
  }
  /** Status 135, with the number that the home agent has accepted last. */
  | { readonly kind: "sequenceNumberRefused"; readonly sequenceNumber: number }
  /** The F flag is refused (RFC 5555 section 4.5). */
  | { readonly kind: "forceUdpRefused" }
  /** The R flag is refused, or the mobile network prefixes that go with it (RFC 3963 section 5.4.2). */
  | { readonly kind: "mobileRouterRefused"; readonly status: number; readonly answered: SentUpdate }
  | { readonly kind: "accepted"; readonly answered: SentUpdate }
  | { readonly kind: "refused"; readonly status: number };

const MOBILE_ROUTER_REFUSALS: readonly number[] = [
  BindingStatusCode.mobileRouterOperationNotPermitted,
  BindingStatusCode.invalidPrefix,
  BindingStatusCode.notAuthorizedForPrefix,
  BindingStatusCode.forwardingSetupFailed,
];

export function judgeAcknowledgement(
  packet: MobilityPacket,
  acknowledgement: BindingAcknowledgement,
  { sent }: Exchange,
  settings: MobileNodeSettings,
  hmac: Hmac,
): AcknowledgementVerdict {
  const { status } = acknowledgement;
  const latest = sent.at(-1);
  // Status 135 carries the home agent's number, not ours, and answers the latest as far as we can tell.
  const answered = status === BindingStatusCode.sequenceNumberOutOfWindow
    ? latest
    : sent.find((update) => update.sequenceNumber === acknowledgement.sequenceNumber);
  if (answered === undefined) {
    return { kind: "dropped", reason: "acknowledgement of no outstanding update", status };
  }
  if (!isProven(packet, answered, settings, hmac)) {
    return status === BindingStatusCode.authenticationFailed && answered === latest
      ? { kind: "keysDiffer" }
      : { kind: "dropped", reason: "acknowledgement without proof of origin", status };
  }
  const timestamp = findOption(acknowledgement.options, "messageIdentification")?.timestamp;
  // Status 144 refuses the F flag where the timestamp comes back as it was.
  const refusesForceUdp = answered.forceUdp && timestamp === answered.timestamp;
  if (status === BindingStatusCode.identificationMismatch && timestamp !== undefined && !refusesForceUdp) {
    return { kind: "timestampRefused", timestamp, answered, ofLatest: answered === latest };
  }
  if (settings.security !== undefined && timestamp !== answered.timestamp) {
    return { kind: "dropped", reason: "acknowledgement with another timestamp", status };
  }
  if (status === BindingStatusCode.sequenceNumberOutOfWindow) {
    return { kind: "sequenceNumberRefused", sequenceNumber: acknowledgement.sequenceNumber };
  }
  if (status === BindingStatusCode.cannotForceUdp && answered.forceUdp) return { kind: "forceUdpRefused" };
  if (MOBILE_ROUTER_REFUSALS.includes(status) && answered.mobileRouter) {
    return { kind: "mobileRouterRefused", status, answered };
  }
  return status < FIRST_REFUSAL_STATUS ? { kind: "accepted", answered } : { kind: "refused", status };
}

function isProven(
  packet: MobilityPacket,
  { careOfAddress }: SentUpdate,
  { security, homeAddress }: MobileNodeSettings,
  hmac: Hmac,
): boolean {
  if (security === undefined) return true;
  const addresses = { careOfAddress, homeAddress };
  return verifyMobilityHeader(packet.mobilityHeader, packet.header, security, addresses, hmac);
}
