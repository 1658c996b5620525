import {
  addressField,
  flagField,
  formatText,
  ipv4Field,
  ipv6Field,
  numberField,
  optionalAddressField,
  optionalNumberField,
  restField,
  timestampField,
} from "../field.ts";
import {
  accessTechnologyName,
  dnsUpdateStatusName,
  handoffIndicatorName,
  ipv4HomeAddressReplyStatusName,
  mobileNodeGroupTypeName,
  mobileNodeIdentifierSubtypeName,
} from "../registry_names.ts";
import { option } from "./family.ts";

const PREFIX = { every: 8, plus: 4, repeatable: true } as const;
const ADDRESS = { every: 8, plus: 6 } as const;

function prefixFields(label: string) {
  return { prefixLength: numberField("Prefix Length", 8, 8), prefix: ipv6Field(label, 2) };
}

/** Proxy Mobile IPv6: RFC 5213, RFC 5844 (IPv4), RFC 5845 (GRE keys), RFC 5847 (heartbeats). */
export const PROXY_OPTIONS = {
  homeNetworkPrefix: option(
    22,
    "Home Network Prefix",
    "RFC 5213 8.3",
    [18],
    PREFIX,
    prefixFields("Home Network Prefix"),
  ),
  handoffIndicator: option(23, "Handoff Indicator", "RFC 5213 8.4", [2], {}, {
    handoffIndicator: numberField("HI", 8, 8, { name: handoffIndicatorName }),
  }),
  accessTechnologyType: option(24, "Access Technology Type", "RFC 5213 8.5", [2], {}, {
    accessTechnologyType: numberField("ATT", 8, 8, { name: accessTechnologyName }),
  }),
  mobileNodeLinkLayerIdentifier: option(
    25,
    "Mobile Node Link-layer Identifier",
    "RFC 5213 8.6",
    { atLeast: 3 },
    {},
    { linkLayerIdentifier: restField("Link-layer Identifier", 2, undefined, 1) },
  ),
  linkLocalAddress: option(26, "Link-local Address", "RFC 5213 8.7", [16], ADDRESS, {
    linkLocalAddress: ipv6Field("Link-local Address", 0),
  }),
  timestamp: option(27, "Timestamp", "RFC 5213 8.8", [8], { every: 8, plus: 2 }, {
    timestamp: {
      ...timestampField("Timestamp", 0),
      // 48 bits of seconds, 16 bits of fraction; not NTP's format.
      print: (value: bigint) =>
        `${value >> 16n}.${
          `${Math.floor(Number(value & 0xffffn) * 1e6 / 65_536)}`.padStart(6, "0")
        } s since 1970`,
    },
  }),
  restartCounter: option(28, "Restart Counter", "RFC 5847 3.4", [4], { every: 4, plus: 2 }, {
    restartCounter: numberField("Restart Counter", 0, 32),
  }),
  greKey: option(33, "GRE Key", "RFC 5845 6.1", [2, 6], { every: 4 }, {
    greKey: optionalNumberField("GRE Key Identifier", 2, 32),
  }),
  ipv4HomeAddressRequest: option(
    36,
    "IPv4 Home Address Request",
    "RFC 5844 3.3.1",
    [6],
    { every: 4, repeatable: true },
    { prefixLength: numberField("Prefix-len", 0, 6), homeAddress: ipv4Field("IPv4 home address", 2) },
  ),
  ipv4HomeAddressReply: option(
    37,
    "IPv4 Home Address Reply",
    "RFC 5844 3.3.2",
    [6],
    { every: 4, repeatable: true },
    {
      status: numberField("Status", 0, 8, { name: ipv4HomeAddressReplyStatusName }),
      prefixLength: numberField("Pref-len", 8, 6),
      homeAddress: ipv4Field("IPv4 home address", 2),
    },
  ),
  ipv4DefaultRouterAddress: option(38, "IPv4 Default-Router Address", "RFC 5844 3.3.3", [6], { every: 4 }, {
    defaultRouterAddress: ipv4Field("IPv4 Default-Router Address", 2),
  }),
  ipv4DhcpSupportMode: option(39, "IPv4 DHCP Support Mode", "RFC 5844 3.3.4", [2], {}, {
    server: flagField("S", 15),
  }),
};

/** More of Proxy Mobile IPv6: RFC 6463 (redirection), RFC 6602 (groups), RFC 6705, RFC 7148, RFC 7389, RFC 8278. */
export const PROXY_EXTENSION_OPTIONS = {
  dnsUpdate: option(17, "DNS Update", "RFC 5026 8.1", { atLeast: 2 }, {}, {
    status: numberField("Status", 0, 8, { name: dnsUpdateStatusName }),
    remove: flagField("R", 8),
    identity: restField("MN identity (FQDN)", 2, formatText),
  }),
  transientBinding: option(43, "Transient Binding", "RFC 6058 5.1", [2], {}, {
    latePathSwitch: flagField("L", 7),
    lifetimeMilliseconds: numberField("Lifetime", 8, 8, { scale: 100, unit: "ms" }),
  }),
  redirectCapability: option(46, "Redirect-Capability", "RFC 6463 4.1", [2], { every: 4 }, {
    reserved: numberField("Reserved", 0, 16),
  }),
  redirect: option(47, "Redirect", "RFC 6463 4.2", [6, 18], { every: 4 }, {
    ipv6Present: flagField("K", 0),
    ipv4Present: flagField("N", 1),
    address: addressField("r2LMA Address", 2),
  }),
  loadInformation: option(48, "Load Information", "RFC 6463 4.3", [18], { every: 4 }, {
    priority: numberField("Priority", 0, 16),
    sessionsInUse: numberField("Sessions in Use", 16, 32),
    maximumSessions: numberField("Maximum Sessions", 48, 32),
    usedCapacity: numberField("Used Capacity", 80, 32, { unit: "kB/s" }),
    maximumCapacity: numberField("Maximum Capacity", 112, 32, { unit: "kB/s" }),
  }),
  alternateIpv4CareOfAddress: option(
    49,
    "Alternate IPv4 Care-of Address",
    "RFC 6463 4.4",
    [4],
    { every: 4, plus: 2 },
    { careOfAddress: ipv4Field("Alternate IPv4 Care-of Address", 0) },
  ),
  mobileNodeGroupIdentifier: option(
    50,
    "Mobile Node Group Identifier",
    "RFC 6602 4.3",
    [6],
    { repeatable: true },
    {
      subtype: numberField("Sub-type", 0, 8, { name: mobileNodeGroupTypeName }),
      group: numberField("Mobile Node Group Identifier", 16, 32, {
        name: (value) => value === 1 ? "ALL-SESSIONS" : undefined,
      }),
    },
  ),
  magIpv6Address: option(51, "MAG IPv6 Address", "RFC 6705 11.1", [18], PREFIX, {
    addressLength: numberField("Address Length", 8, 8),
    address: ipv6Field("MAG IPv6 Address", 2),
  }),
  delegatedMobileNetworkPrefix: option(
    55,
    "Delegated Mobile Network Prefix",
    "RFC 7148 4.1",
    [6, 18],
    { every: 8, plus: 2, repeatable: true },
    {
      ipv4: flagField("V", 0),
      prefixLength: numberField("Prefix Length", 8, 8),
      prefix: addressField("Delegated Mobile Network Prefix", 2),
    },
  ),
  lmaUserPlaneAddress: option(
    59,
    "LMA User-Plane Address",
    "RFC 7389 4",
    [2, 6, 18],
    { every: 8, plus: 2, repeatable: true },
    { address: optionalAddressField("LMA User-Plane Address", 2) },
  ),
  magMultipathBinding: option(63, "MAG Multipath-Binding", "RFC 8278 4.1", [4], {}, {
    accessTechnologyType: numberField("If-ATT", 0, 8, { name: accessTechnologyName }),
    label: numberField("If-Label", 8, 8),
    bindingId: numberField("Binding ID", 16, 8),
    bulk: flagField("B", 24),
    overwrite: flagField("O", 25),
  }),
  magIdentifier: option(64, "MAG Identifier", "RFC 8278 4.2", { atLeast: 2 }, {}, {
    subtype: numberField("Subtype", 0, 8, { name: mobileNodeIdentifierSubtypeName }),
    identifier: restField("Identifier", 2, formatText),
  }),
};

/** Distributed mobility management: RFC 8885. */
export const DISTRIBUTED_OPTIONS = {
  anchoredPrefix: option(
    65,
    "Anchored Prefix",
    "RFC 8885 4.3",
    [18],
    PREFIX,
    prefixFields("Anchored Prefix"),
  ),
  localPrefix: option(66, "Local Prefix", "RFC 8885 4.4", [18], PREFIX, prefixFields("Local Prefix")),
  previousMaar: option(67, "Previous MAAR", "RFC 8885 4.5", [34], PREFIX, {
    prefixLength: numberField("Prefix Length", 8, 8),
    previousMaar: ipv6Field("Previous MAAR", 2),
    homeNetworkPrefix: ipv6Field("Home Network Prefix", 18),
  }),
  servingMaar: option(68, "Serving MAAR", "RFC 8885 4.6", [16], ADDRESS, {
    servingMaar: ipv6Field("Serving MAAR", 0),
  }),
  dlifLinkLocalAddress: option(69, "DLIF Link-Local Address", "RFC 8885 4.7", [16], ADDRESS, {
    linkLocalAddress: ipv6Field("DLIF Link-Local Address", 0),
  }),
  dlifLinkLayerAddress: option(70, "DLIF Link-Layer Address", "RFC 8885 4.8", { atLeast: 2 }, {}, {
    linkLayerAddress: restField("DLIF Link-Layer Address", 2),
  }),
};
