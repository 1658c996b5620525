import { isIpv4 } from "../wire/address.ts";
import type { BindingAcknowledgement } from "../wire/mobility_message.ts";
import { findOption } from "../wire/mobility_option.ts";
import type { MobileNodeAction } from "./action.ts";
import { NAT_KEEPALIVE_TIMEOUT_SECONDS, NO_KEEPALIVE } from "./constants.ts";
import type { CareOfAddressCandidate } from "./movement/candidate.ts";
import type { Binding, SentUpdate } from "./mobile_node_state.ts";
import type { Now } from "./now.ts";
import { report } from "./report.ts";
import type { MobileNodeSettings } from "./settings.ts";
import type { TunnelEnd } from "./tunnel.ts";

/** A refresh is sent when this part of the lifetime has passed: time for five attempts before the end. */
const REFRESH_AT = 3 / 4;

/** The entry of the Binding Update List that an acceptance of `answered` makes (RFC 6275 section 11.7.3). */
export function grantedBinding(
  acknowledgement: BindingAcknowledgement,
  answered: SentUpdate,
  settings: MobileNodeSettings,
  now: Now,
): Binding {
  const { careOfAddress, timestamp, sentAtMs } = answered;
  const lifetimeSeconds = Math.min(acknowledgement.lifetimeSeconds, settings.lifetimeSeconds);
  const { tunnel, natDetected, keepaliveSeconds } = wayBy(acknowledgement, answered, settings);
  const advice = findOption(acknowledgement.options, "bindingRefreshAdvice")?.refreshIntervalSeconds ||
    Infinity;
  const refreshSeconds = Math.min(lifetimeSeconds * REFRESH_AT, keepaliveSeconds ?? Infinity, advice);
  return {
    careOfAddress,
    timestamp,
    tunnel,
    natDetected,
    keepaliveSeconds,
    lifetimeSeconds,
    expiresAtMs: sentAtMs + lifetimeSeconds * 1000,
    refreshAtMs: sentAtMs + refreshSeconds * 1000,
    registrationMs: now.monotonicMs - sentAtMs,
  };
}

/** What the home agent's answer settles: traffic that waited for a new way goes on. */
export function settled(earlier: Binding | undefined, binding: Binding): MobileNodeAction[] {
  const { careOfAddress, tunnel, natDetected, lifetimeSeconds, registrationMs } = binding;
  const isMoved = earlier?.careOfAddress !== careOfAddress || earlier.natDetected !== natDetected;
  const told = report(isMoved ? "info" : "debug", isMoved ? "registered" : "refreshed", {
    careOfAddress,
    encapsulation: tunnel.encapsulation,
    natDetected,
    lifetimeSeconds,
    registrationMs: Math.round(registrationMs * 100) / 100,
  });
  return earlier !== undefined && isMoved ? [{ kind: "holdTraffic", forMs: 0 }, told] : [told];
}

/** The tunnel to the home agent, as the NAT detection option wants it over IPv4 (RFC 5555 section 4.4.3). */
function wayBy(
  { options }: BindingAcknowledgement,
  { careOfAddress }: SentUpdate,
  settings: MobileNodeSettings,
): Pick<Binding, "tunnel" | "natDetected" | "keepaliveSeconds"> {
  if (!isIpv4(careOfAddress)) {
    return { tunnel: tunnelOverIpv6(settings), natDetected: false, keepaliveSeconds: undefined };
  }
  const nat = findOption(options, "natDetection");
  const natDetected = nat !== undefined && nat.refreshSeconds !== NO_KEEPALIVE;
  return {
    tunnel: tunnelOverIpv4(natDetected || nat?.forceUdp === true, settings),
    natDetected,
    keepaliveSeconds: natDetected
      ? settings.keepaliveSeconds ?? (nat.refreshSeconds || NAT_KEEPALIVE_TIMEOUT_SECONDS)
      : undefined,
  };
}

/**
 * The tunnel from a new care-of address before the home agent has answered. Over IPv4 in UDP: a NAT lets it pass,
 * and without a NAT the home agent takes it all the same. A care-of address that was bound before keeps its tunnel.
 */
export function assumedTunnel(
  { address }: CareOfAddressCandidate,
  binding: Binding,
  settings: MobileNodeSettings,
): TunnelEnd {
  if (binding.careOfAddress === address) return binding.tunnel;
  return isIpv4(address) ? tunnelOverIpv4(true, settings) : tunnelOverIpv6(settings);
}

function tunnelOverIpv6({ homeAgentAddress }: MobileNodeSettings): TunnelEnd {
  return { encapsulation: "ipv6InIpv6", address: homeAgentAddress, port: 0 };
}

function tunnelOverIpv4(
  overUdp: boolean,
  { homeAgentIpv4Address, homeAgentPort }: MobileNodeSettings,
): TunnelEnd {
  if (homeAgentIpv4Address === undefined) throw new Error("An IPv4 care-of address without a way to use it");
  const address = homeAgentIpv4Address;
  return overUdp
    ? { encapsulation: "udp", address, port: homeAgentPort }
    : { encapsulation: "ipv6InIpv4", address, port: 0 };
}
