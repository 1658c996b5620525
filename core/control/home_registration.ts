import { type Ipv6Prefix, isRoutableUnicastIpv6, prefixContains } from "../wire/address.ts";
import { BindingStatusCode } from "../wire/binding_status.ts";
import type { BindingUpdate } from "../wire/mobility_message.ts";
import type { BindingCacheEntry, RegisteredBinding } from "./binding_cache.ts";
import { originOf } from "./kept_updates.ts";
import type { Ipv4Answer } from "./ipv4_home_addresses.ts";
import { grantedPrefixes } from "./mobile_network_prefixes.ts";
import type { Now } from "./now.ts";
import { type HomeAgentSettings, ipv4NetworkOf, isHomeAddress } from "./settings.ts";
import type { TunnelEnd } from "./tunnel.ts";
import { isDeregistration } from "./update_reader.ts";
import type { ReceivedUpdate } from "./update_verifier.ts";

/**
 * A Binding Refresh Request goes out when this part of the lifetime is left: where mobility messages go to the home address
 * through the tunnel. Over IPv6 it would need a type 2 routing header, which is for acknowledgements (RFC 6275 section 6.1).
 */
const REFRESH_REQUEST_AT = 1 / 8;

/**
 * The status code of the first thing that speaks against a proven update, or undefined (RFC 6275 10.3.1, RFC 3963
 * 6.2, RFC 5555 4.5). `entry` is what the binding cache holds for its home address, `delegated` what is delegated to it.
 */
export function reasonToRefuse(
  received: ReceivedUpdate,
  entry: BindingCacheEntry | undefined,
  delegated: readonly Ipv6Prefix[],
  settings: HomeAgentSettings,
): number | undefined {
  const { update, homeAddress, path } = received;
  if (!prefixContains(settings.homePrefix, homeAddress)) return BindingStatusCode.notHomeSubnet;
  if (!isHomeAddress(settings, homeAddress)) return BindingStatusCode.administrativelyProhibited;
  if (update.proxyRegistration) return BindingStatusCode.proxyRegistrationNotEnabled;
  if (!update.homeRegistration) {
    return update.mobileRouter
      ? BindingStatusCode.mobileRouterOperationNotPermitted
      : BindingStatusCode.registrationTypeChangeDisallowed;
  }
  if (isDeregistration(received)) {
    return entry?.kind === "registered" ? undefined : BindingStatusCode.notHomeAgentForThisMobileNode;
  }
  if (path.kind === "udp" && update.forceUdp && !settings.acceptForceUdp) {
    return BindingStatusCode.cannotForceUdp;
  }
  if (!isUsableCareOfAddress(received, settings) || isBehindItself(received, entry, delegated)) {
    return BindingStatusCode.invalidCareOfAddress;
  }
  if (entry?.kind === "registered" && entry.mobileRouter !== update.mobileRouter) {
    return BindingStatusCode.registrationTypeChangeDisallowed;
  }
  const granted = grantedPrefixes(received, delegated, settings);
  return granted.kind === "refused" ? granted.status : undefined;
}

/**
 * Is it meant for a correspondent node? It is refused where it would change a home registration (RFC 6275 section 9.5.1),
 * and from a mobile router (RFC 3963 section 6.2).
 */
export function isForCorrespondent(update: BindingUpdate, entry: BindingCacheEntry | undefined): boolean {
  return !update.homeRegistration && !update.mobileRouter && entry?.kind !== "registered";
}

/**
 * Over IPv4 the mobile node has to name its care-of address. Over IPv6 it has to be one that a packet can be sent
 * to, and without authentication the source, so that nobody can send the traffic to a third party.
 */
function isUsableCareOfAddress(received: ReceivedUpdate, settings: HomeAgentSettings): boolean {
  const { careOfAddress, path, security, protection } = received;
  if (careOfAddress === undefined) return false;
  if (path.kind === "udp") return true;
  if (!isRoutableUnicastIpv6(careOfAddress) || careOfAddress === settings.address) return false;
  return security !== undefined || protection !== undefined || careOfAddress === path.address;
}

/**
 * Is the mobile node said to be behind itself? What goes there would go into the same tunnel again, and again, until it is too
 * long. Behind another mobile node it may be.
 */
function isBehindItself(
  { path, careOfAddress, configuredPrefixes, configuredIpv4HomeAddress: own, update }: ReceivedUpdate,
  entry: BindingCacheEntry | undefined,
  delegated: readonly Ipv6Prefix[],
): boolean {
  const tunnelEnd = path.kind === "udp" ? path.outer.address : careOfAddress;
  if (tunnelEnd === undefined) return false;
  const granted = entry?.kind === "registered" ? entry.ipv4HomeAddresses : [];
  const asked = update.options.some((option) =>
    option.kind === "ipv4HomeAddress" && option.homeAddress === tunnelEnd
  );
  const ipv4 = [...granted, ...(own === undefined ? [] : [own])].map(ipv4NetworkOf);
  return asked ||
    [...configuredPrefixes, ...delegated, ...ipv4].some((prefix) => prefixContains(prefix, tunnelEnd));
}

/** The binding cache entry for an update that nothing speaks against. */
export function bindingFor(
  received: ReceivedUpdate,
  grants: { readonly ipv4: Ipv4Answer; readonly delegated: readonly Ipv6Prefix[] },
  settings: HomeAgentSettings,
  now: Now,
): RegisteredBinding {
  const { update, homeAddress, careOfAddress, identity, path, security, protection, timestamp } = received;
  const lifetimeSeconds = Math.min(update.lifetimeSeconds, settings.maximumLifetimeSeconds);
  const lifetimeMs = lifetimeSeconds * 1000;
  const granted = grantedPrefixes(received, grants.delegated, settings);
  return {
    kind: "registered",
    homeAddress,
    identity,
    path,
    ...wayTo(received, settings),
    careOfAddress,
    mobileRouter: update.mobileRouter,
    linkLocalCompatibility: update.linkLocalCompatibility,
    prefixes: granted.kind === "granted" ? granted.prefixes : [],
    ipv4HomeAddresses: grants.ipv4.granted,
    origin: originOf(received, now),
    spi: security?.spi ?? protection?.spi,
    timestamp,
    sequenceNumber: update.sequenceNumber,
    lifetimeSeconds,
    expiresAtMs: now.monotonicMs + lifetimeMs,
    refreshRequestAtMs: path.kind === "udp"
      ? now.monotonicMs + lifetimeMs * (1 - REFRESH_REQUEST_AT)
      : undefined,
  };
}

/** Compares the care-of address with the outer source: a NAT between them changes it (RFC 5555 section 5.1). */
function wayTo(
  { careOfAddress, path, update }: ReceivedUpdate,
  settings: HomeAgentSettings,
): { readonly tunnel: TunnelEnd; readonly natDetected: boolean } {
  if (path.kind === "ipv6") {
    const address = careOfAddress ?? path.address;
    return { tunnel: { encapsulation: "ipv6InIpv6", address, port: 0 }, natDetected: false };
  }
  const { address, port } = path.outer;
  const natDetected = careOfAddress !== address;
  const overUdp = natDetected || update.forceUdp || settings.forceUdp;
  return {
    tunnel: overUdp
      ? { encapsulation: "udp", address, port }
      : { encapsulation: "ipv6InIpv4", address, port: 0 },
    natDetected,
  };
}
