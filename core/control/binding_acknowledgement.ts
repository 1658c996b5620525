import { FIRST_REFUSAL_STATUS } from "../wire/binding_status.ts";
import { findOption, type MobilityOption } from "../wire/mobility_option.ts";
import { sealMobilityHeader } from "./authentication.ts";
import { NAI_SUBTYPE, NO_KEEPALIVE } from "./constants.ts";
import { confirmIpv4Removal, type Ipv4Answer, refuseIpv4HomeAddresses } from "./ipv4_home_addresses.ts";
import type { Hmac, HomeAgentSettings } from "./settings.ts";
import type { ReceivedUpdate } from "./update_verifier.ts";

/** What the home agent says to a Binding Update. */
export interface Answer {
  readonly status: number;
  readonly sequenceNumber: number;
  /** 0 where no binding stands. */
  readonly lifetimeSeconds: number;
  /** To its IPv4 Home Address options; left out where the update as a whole makes no binding. */
  readonly ipv4?: Ipv4Answer;
}

/** The mobility header that answers a Binding Update (RFC 6275 10.3.1, RFC 5555 section 4.5), sealed. */
export function bindingAcknowledgement(
  received: ReceivedUpdate,
  { ipv4, ...answer }: Answer,
  settings: HomeAgentSettings,
  hmac: Hmac,
): Uint8Array {
  const { homeAddress, careOfAddress, security } = received;
  const isRefusal = answer.status >= FIRST_REFUSAL_STATUS;
  const settleIpv4 = isRefusal ? refuseIpv4HomeAddresses : confirmIpv4Removal;
  const acknowledgements = ipv4?.acknowledgements ?? settleIpv4(received.update.options);
  return sealMobilityHeader(
    {
      kind: "bindingAcknowledgement",
      keyManagementMobility: false,
      // RFC 3963 section 6.2: forwarding for the mobile network stands.
      mobileRouter: received.update.mobileRouter && !isRefusal,
      proxyRegistration: false,
      tlvHeader: false,
      bulk: false,
      ...answer,
      options: optionsOf(received, acknowledgements, settings),
    },
    security,
    { careOfAddress, homeAddress },
    hmac,
  );
}

function optionsOf(
  received: ReceivedUpdate,
  acknowledgements: Ipv4Answer["acknowledgements"],
  settings: HomeAgentSettings,
): MobilityOption[] {
  const { update, path, careOfAddress, identity, timestamp } = received;
  const options: MobilityOption[] = [];
  if (findOption(update.options, "mobileNodeIdentifier")) {
    const identifier = new TextEncoder().encode(identity);
    options.push({ kind: "mobileNodeIdentifier", subtype: NAI_SUBTYPE, identifier });
  }
  options.push(...acknowledgements);
  if (path.kind === "udp" && careOfAddress !== undefined) {
    const refreshSeconds = careOfAddress === path.outer.address ? NO_KEEPALIVE : settings.natRefreshSeconds;
    const forceUdp = settings.forceUdp || (update.forceUdp && settings.acceptForceUdp);
    options.push({ kind: "natDetection", forceUdp, refreshSeconds });
  }
  if (timestamp !== undefined) options.push({ kind: "messageIdentification", timestamp });
  return options;
}
