import { type Ipv4Address, type Ipv6Address, prefixContains, prefixText } from "../wire/address.ts";
import type { HomeAgentAction } from "./action.ts";
import type { RegisteredBinding } from "./binding_cache.ts";
import { samePrefixes } from "./mobile_network_prefixes.ts";
import { report } from "./report.ts";
import type { HomeAgentSettings, Ipv4HomeAddress } from "./settings.ts";
import { sameTunnelEnd } from "./tunnel.ts";

/* What a home agent does when a binding changes: to the tunnel, and on the home link. */

/** A binding is made, or takes the place of the earlier one of its home address. */
export function bind(
  earlier: RegisteredBinding | undefined,
  binding: RegisteredBinding,
  settings: HomeAgentSettings,
): HomeAgentAction[] {
  const { homeAddress, tunnel, prefixes, ipv4HomeAddresses, sequenceNumber } = binding;
  const way = earlier !== undefined && isSameWay(earlier, binding)
    ? undefined
    : { kind: "setBinding", homeAddress, tunnel, prefixes, ipv4HomeAddresses } as const;
  // What is said of the binding is said when it stands.
  const said = way === undefined
    ? report("debug", "binding refreshed", { homeAddress, sequenceNumber })
    : bound(binding, earlier ? "binding moved" : "binding created");
  return [...(way === undefined ? [] : [way]), ...intercept(earlier, binding, settings), said];
}

/** The home link's part of a binding. */
function intercept(
  earlier: RegisteredBinding | undefined,
  binding: RegisteredBinding,
  settings: HomeAgentSettings,
): HomeAgentAction[] {
  if (!settings.homeLink) return [];
  const { homeAddress, linkLocalCompatibility, mobileRouter } = binding;
  const actions: HomeAgentAction[] = [];
  if (earlier === undefined) {
    actions.push({ kind: "interceptHomeAddress", homeAddress, linkLocalCompatibility, mobileRouter });
  }
  const before = onHomeLink(earlier, settings);
  const after = onHomeLink(binding, settings);
  return [
    ...actions,
    ...before.filter((address) => !after.includes(address)).map(releaseIpv4),
    ...after.filter((address) => !before.includes(address)).map((address) =>
      interceptIpv4(homeAddress, address)
    ),
  ];
}

/** The binding is gone. */
export function unbind(binding: RegisteredBinding, settings: HomeAgentSettings): HomeAgentAction[] {
  const { homeAddress, prefixes } = binding;
  const actions: HomeAgentAction[] = [{ kind: "removeBinding", homeAddress, prefixes }];
  if (!settings.homeLink) return actions;
  actions.push({ kind: "releaseHomeAddress", homeAddress });
  return [...actions, ...onHomeLink(binding, settings).map(releaseIpv4)];
}

/** Addresses that hosts on the home link look for: those of networks behind a mobile router are routed. */
function onHomeLink(
  binding: RegisteredBinding | undefined,
  { ipv4HomePrefix }: HomeAgentSettings,
): string[] {
  const isOnLink = ({ address, prefixLength }: Ipv4HomeAddress) =>
    prefixLength === 32 && ipv4HomePrefix !== undefined && prefixContains(ipv4HomePrefix, address);
  return (binding?.ipv4HomeAddresses ?? []).filter(isOnLink).map(({ address }) => address);
}

function interceptIpv4(homeAddress: Ipv6Address, address: Ipv4Address): HomeAgentAction {
  return { kind: "interceptIpv4HomeAddress", homeAddress, address };
}

function releaseIpv4(address: string): HomeAgentAction {
  return { kind: "releaseIpv4HomeAddress", address };
}

function isSameWay(one: RegisteredBinding, other: RegisteredBinding): boolean {
  return sameTunnelEnd(one.tunnel, other.tunnel) && samePrefixes(one.prefixes, other.prefixes) &&
    ipv4Text(one) === ipv4Text(other);
}

function bound(binding: RegisteredBinding, message: string): HomeAgentAction {
  const { homeAddress, identity, tunnel, path, natDetected, lifetimeSeconds, prefixes } = binding;
  return report("info", message, {
    homeAddress,
    identity,
    careOfAddress: tunnel.address,
    port: path.kind === "udp" ? path.outer.port : 0,
    encapsulation: tunnel.encapsulation,
    natDetected,
    lifetimeSeconds,
    ...(prefixes.length > 0 ? { prefixes: prefixes.map(prefixText).join(" ") } : {}),
    ...(binding.ipv4HomeAddresses.length > 0 ? { ipv4HomeAddress: ipv4Text(binding) } : {}),
  });
}

function ipv4Text({ ipv4HomeAddresses }: RegisteredBinding): string {
  return ipv4HomeAddresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`).join(" ");
}
