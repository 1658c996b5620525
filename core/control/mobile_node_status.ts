import type { IpAddress, Ipv4Address, Ipv6Address, Ipv6Prefix } from "../wire/address.ts";
import { bindingStatusName } from "../wire/binding_status.ts";
import type { HomeGrants } from "./home_grants.ts";
import { bindingOf, candidateOf, type MobileNodeState } from "./mobile_node_state.ts";
import { describeTrigger } from "./revocation_answers.ts";
import type { Now } from "./now.ts";
import type { Ipv4HomeAddress, MobileNodeSettings } from "./settings.ts";
import type { Encapsulation } from "./tunnel.ts";

/** What `dsmip mn status` shows. */
export interface MobileNodeStatus {
  readonly state: MobileNodeState["kind"];
  readonly identity: string;
  readonly homeAddress: Ipv6Address;
  readonly homeAgentAddress: Ipv6Address;
  readonly homeAgentIpv4Address: Ipv4Address | null;
  readonly careOfAddress: IpAddress | null;
  /** The interface of the care-of address. */
  readonly interfaceName: string | null;
  readonly encapsulation: Encapsulation | null;
  readonly natDetected: boolean | null;
  readonly keepaliveSeconds: number | null;
  readonly lifetimeSeconds: number | null;
  readonly remainingSeconds: number | null;
  readonly sequenceNumber: number;
  readonly registrationMs: number | null;
  /** Those that the home agent forwards here. */
  readonly mobileNetworkPrefixes: readonly Ipv6Prefix[];
  readonly ipv4HomeAddress: Ipv4HomeAddress | null;
  readonly lastRefusal: { readonly status: number; readonly name: string } | null;
  /** Why the home agent has revoked the last binding; null once there is another. */
  readonly lastRevocation: { readonly trigger: number; readonly name: string } | null;
}

export function mobileNodeStatus(
  state: MobileNodeState,
  { settings, sequenceNumber, grants, lastRefusal, lastRevocation }: {
    readonly settings: MobileNodeSettings;
    readonly sequenceNumber: number;
    readonly grants: HomeGrants;
    readonly lastRefusal: number | undefined;
    readonly lastRevocation: number | undefined;
  },
  now: Now,
): MobileNodeStatus {
  const binding = bindingOf(state);
  const candidate = candidateOf(state);
  const refreshing = state.kind === "registering" && binding?.careOfAddress === state.candidate.address;
  return {
    state: refreshing ? "registered" : state.kind === "replacing" ? "registering" : state.kind,
    identity: settings.identity,
    homeAddress: settings.homeAddress,
    homeAgentAddress: settings.homeAgentAddress,
    homeAgentIpv4Address: settings.homeAgentIpv4Address ?? null,
    careOfAddress: candidate?.address ?? null,
    interfaceName: candidate?.interfaceName ?? null,
    encapsulation: binding?.tunnel.encapsulation ?? null,
    natDetected: binding?.natDetected ?? null,
    keepaliveSeconds: binding?.keepaliveSeconds ?? null,
    lifetimeSeconds: binding?.lifetimeSeconds ?? null,
    remainingSeconds: binding ? Math.max(0, (binding.expiresAtMs - now.monotonicMs) / 1000) : null,
    sequenceNumber,
    registrationMs: binding?.registrationMs ?? null,
    mobileNetworkPrefixes: binding ? grants.networks : [],
    ipv4HomeAddress: binding ? grants.ipv4HomeAddress ?? null : null,
    lastRefusal: lastRefusal === undefined
      ? null
      : { status: lastRefusal, name: bindingStatusName(lastRefusal) },
    lastRevocation: lastRevocation === undefined
      ? null
      : { trigger: lastRevocation, name: describeTrigger(lastRevocation) },
  };
}
