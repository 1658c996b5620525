import { FIRST_REFUSAL_STATUS, Ipv4AddressStatusCode } from "../wire/binding_status.ts";
import { findOption, type MobilityOption } from "../wire/mobility_option.ts";
import { sealMobilityHeader } from "./authentication.ts";
import { NAI_SUBTYPE, NO_KEEPALIVE } from "./constants.ts";
import type { Hmac, HomeAgentSettings } from "./settings.ts";
import type { ReceivedUpdate } from "./update_verifier.ts";

/** The mobility header that answers a Binding Update (RFC 6275 10.3.1, RFC 5555 section 4.5), sealed. */
export function bindingAcknowledgement(
  received: ReceivedUpdate,
  answer: { readonly status: number; readonly sequenceNumber: number; readonly lifetimeSeconds: number },
  settings: HomeAgentSettings,
  hmac: Hmac,
): Uint8Array {
  const { homeAddress, careOfAddress, security } = received;
  return sealMobilityHeader(
    {
      kind: "bindingAcknowledgement",
      keyManagementMobility: false,
      // RFC 3963 section 6.2: forwarding for the mobile network stands.
      mobileRouter: received.update.mobileRouter && answer.status < FIRST_REFUSAL_STATUS,
      proxyRegistration: false,
      tlvHeader: false,
      bulk: false,
      ...answer,
      options: optionsOf(received, settings),
    },
    security,
    { careOfAddress, homeAddress },
    hmac,
  );
}

function optionsOf(received: ReceivedUpdate, settings: HomeAgentSettings): MobilityOption[] {
  const { update, path, careOfAddress, identity, timestamp } = received;
  const options: MobilityOption[] = [];
  if (findOption(update.options, "mobileNodeIdentifier")) {
    const identifier = new TextEncoder().encode(identity);
    options.push({ kind: "mobileNodeIdentifier", subtype: NAI_SUBTYPE, identifier });
  }
  const asked = findOption(update.options, "ipv4HomeAddress");
  if (asked) {
    const status = Ipv4AddressStatusCode.administrativelyProhibited;
    options.push({
      kind: "ipv4AddressAcknowledgement",
      status,
      prefixLength: 0,
      homeAddress: asked.homeAddress,
    });
  }
  if (path.kind === "udp" && careOfAddress !== undefined) {
    const refreshSeconds = careOfAddress === path.outer.address ? NO_KEEPALIVE : settings.natRefreshSeconds;
    const forceUdp = settings.forceUdp || (update.forceUdp && settings.acceptForceUdp);
    options.push({ kind: "natDetection", forceUdp, refreshSeconds });
  }
  if (timestamp !== undefined) options.push({ kind: "messageIdentification", timestamp });
  return options;
}
