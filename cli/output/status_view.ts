import type { Ipv4HomeAddress } from "../../core/control/settings.ts";
import type { IpPrefix } from "../../core/wire/address.ts";
import type { Colours } from "./colours.ts";
import { describeIpv4HomeAddress, describePrefixes } from "./prefix_text.ts";
import { formatRecord, formatTable } from "./table.ts";

/** An answer of a daemon: a JSON object. */
export type DaemonAnswer = Readonly<Record<string, unknown>>;

const BINDING_COLUMNS = [
  { title: "HOME ADDRESS" },
  { title: "IPv4 HOME ADDRESS" },
  { title: "MOBILE NETWORKS" },
  { title: "IDENTITY" },
  { title: "CARE-OF ADDRESS" },
  { title: "TUNNEL" },
  { title: "NAT" },
  { title: "REMAINING", align: "right" },
  { title: "LIFETIME", align: "right" },
  { title: "SEQUENCE", align: "right" },
  { title: "SPI", align: "right" },
] as const;

/** The answer of a home agent, {bindings, counters}, for people. */
export function describeBindings({ bindings, counters }: DaemonAnswer, colours: Colours): string {
  const rows = (Array.isArray(bindings) ? bindings : []).map((binding) => [
    cell(binding.homeAddress),
    ipv4HomeAddresses(binding.ipv4HomeAddresses),
    mobileNetworks(binding.mobileNetworkPrefixes),
    cell(binding.identity),
    cell(binding.careOfAddress),
    tunnel(binding.encapsulation, binding.port),
    cell(binding.natDetected),
    seconds(binding.remainingSeconds),
    seconds(binding.lifetimeSeconds),
    cell(binding.sequenceNumber),
    cell(binding.spi),
  ]);
  const table = rows.length === 0
    ? "No mobile node is bound.\n"
    : formatTable(BINDING_COLUMNS, rows, colours);
  return table + describeCounters(counters, colours);
}

/** The answer of a mobile node, {state, ..., counters}, for people. */
export function describeStatus(status: DaemonAnswer, colours: Colours): string {
  const refusal = status.lastRefusal as
    | { readonly status?: unknown; readonly name?: unknown }
    | null
    | undefined;
  const revocation = status.lastRevocation as
    | { readonly trigger?: unknown; readonly name?: unknown }
    | null
    | undefined;
  const rows: (readonly [string, string])[] = [
    ["state", cell(status.state)],
    ["home address", cell(status.homeAddress)],
    ["IPv4 home address", ipv4HomeAddresses([status.ipv4HomeAddress])],
    ["mobile networks", mobileNetworks(status.mobileNetworkPrefixes)],
    ["home agent", `${cell(status.homeAgentAddress)} at ${cell(status.homeAgentIpv4Address)}`],
    ["care-of address", cell(status.careOfAddress)],
    ["interface", cell(status.interfaceName)],
    ["tunnel", tunnel(status.encapsulation)],
    ["NAT", cell(status.natDetected)],
    ["keepalive", seconds(status.keepaliveSeconds)],
    ["lifetime", seconds(status.lifetimeSeconds)],
    ["remaining", seconds(status.remainingSeconds)],
    ["sequence number", cell(status.sequenceNumber)],
    [
      "registration took",
      typeof status.registrationMs === "number" ? `${status.registrationMs.toFixed(1)} ms` : "-",
    ],
    ...(refusal ? [["last refusal", `${cell(refusal.status)} ${cell(refusal.name)}`] as const] : []),
    ...(revocation
      ? [["last revocation", `${cell(revocation.trigger)} ${cell(revocation.name)}`] as const]
      : []),
  ];
  return formatRecord(rows, colours) + describeCounters(status.counters, colours);
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "-";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value);
}

/** "192.0.2.100, 10.1.0.1/24": the length only of the network around one. */
function ipv4HomeAddresses(value: unknown): string {
  const all: readonly unknown[] = Array.isArray(value) ? value : [];
  const texts = all.filter(isIpv4HomeAddress).map(describeIpv4HomeAddress);
  return texts.join(", ") || "-";
}

function isIpv4HomeAddress(value: unknown): value is Ipv4HomeAddress {
  return typeof value === "object" && value !== null && "address" in value && "prefixLength" in value;
}

/** IPv6 only: the network around an IPv4 home address is told with that. */
function mobileNetworks(value: unknown): string {
  return describePrefixes((Array.isArray(value) ? value : []).filter(isPrefix));
}

function isPrefix(value: unknown): value is IpPrefix {
  return typeof value === "object" && value !== null && "address" in value && "length" in value;
}

function seconds(value: unknown): string {
  return typeof value === "number" ? `${Math.round(value)} s` : "-";
}

function tunnel(encapsulation: unknown, port?: unknown): string {
  if (encapsulation === "udp") return port === undefined ? "UDP" : `UDP port ${cell(port)}`;
  if (encapsulation === "ipv6InIpv6") return "IPv6";
  return encapsulation === "ipv6InIpv4" ? "protocol 41" : cell(encapsulation);
}

/** Counters that are not zero, nested names joined with a point; nothing at all when none is. */
function describeCounters(counters: unknown, colours: Colours): string {
  const rows = flatten(counters, "").filter(([, count]) => count !== "0");
  return rows.length === 0 ? "" : "\n" + formatRecord(rows, colours);
}

function flatten(value: unknown, name: string): (readonly [string, string])[] {
  if (typeof value !== "object" || value === null) return name === "" ? [] : [[name, String(value)]];
  return Object.entries(value).flatMap(([key, inner]) =>
    flatten(inner, name === "" ? key : `${name}.${key}`)
  );
}
