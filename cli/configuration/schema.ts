import {
  canonicalIpv4,
  canonicalIpv6,
  isRoutableUnicastIpv4,
  isRoutableUnicastIpv6,
  isUnicastIpv4,
  parseIpv4Prefix,
  parseIpv6Prefix,
} from "../../core/wire/address.ts";
import { MAXIMUM_ASSOCIATIONS } from "../../core/control/delegation/constants.ts";
import { DSMIPV6_PORT } from "../../core/wire/constants.ts";
import {
  INITIAL_BINDACK_TIMEOUT_FIRST_REGISTRATION_MS,
  MAX_BINDACK_TIMEOUT_MS,
} from "../../core/control/constants.ts";
import type { IpAddress, Ipv4Address, Ipv4Prefix, Ipv6Address, Ipv6Prefix } from "../../core/wire/address.ts";
import { list, oneOf, text, wholeNumber, yesOrNo } from "./check.ts";
import { DEFAULT_CONTROL_SOCKET } from "./default_socket.ts";
import {
  LONGEST_IPV4_NETWORK,
  parseIpv4HomeAddress,
  parseWantedIpv4HomeAddress,
  SHORTEST_IPV4_PREFIX,
} from "./ipv4_home_address.ts";

/* What may stand in a configuration file. */

const ipv6Address = text(
  "must be a global unicast IPv6 address such as 2001:db8:100::1",
  (value): Ipv6Address | undefined => {
    const address = canonicalIpv6(value);
    return address !== undefined && isRoutableUnicastIpv6(address) ? address : undefined;
  },
  "ipv6",
);

const ipv4Address = text(
  "must be a unicast IPv4 address such as 203.0.113.1",
  (value): Ipv4Address | undefined => {
    const address = canonicalIpv4(value);
    return address !== undefined && isUnicastIpv4(address) ? address : undefined;
  },
  "ipv4",
);

const ipv6Prefix = text(
  "must be an IPv6 prefix such as 2001:db8:100::/64",
  (value): Ipv6Prefix | undefined => {
    const prefix = parseIpv6Prefix(value);
    return prefix !== undefined && prefix.length >= 1 && prefix.length <= 127 ? prefix : undefined;
  },
);

const ipv4Prefix = (longest: number, example: string) =>
  text(
    `must be an IPv4 prefix of ${SHORTEST_IPV4_PREFIX} to ${longest} bits such as ${example}`,
    (value): Ipv4Prefix | undefined => {
      const prefix = parseIpv4Prefix(value);
      const isRight = prefix !== undefined && isRoutableUnicastIpv4(prefix.address) &&
        prefix.length >= SHORTEST_IPV4_PREFIX && prefix.length <= longest;
      return isRight ? prefix : undefined;
    },
  );

const IPV4_HOME_ADDRESS =
  "must be an IPv4 address such as 192.0.2.100, or with the length of the network around it " +
  `(${SHORTEST_IPV4_PREFIX} to ${LONGEST_IPV4_NETWORK}) such as 10.1.0.1/24`;
const ipv4HomeAddress = text(IPV4_HOME_ADDRESS, parseIpv4HomeAddress);
const wantedIpv4HomeAddress = text(
  `${IPV4_HOME_ADDRESS}, or "any" or "any/28", as the home agent likes`,
  parseWantedIpv4HomeAddress,
);

/** RFC 4283 section 3: the option holds 255 octets, one of them the subtype; RFC 4282 section 2.1: user@realm. */
const identity = text(
  "must be a network access identifier such as mn1@example.org, at most 254 octets without white space",
  (value) => {
    const fits = new TextEncoder().encode(value).length <= 254 &&
      /^[^\s@\p{C}]+(@[A-Za-z0-9.-]+)?$/u.test(value);
    return fits ? value : undefined;
  },
);

/** IFNAMSIZ holds 16 octets with its final zero; the kernel refuses the rest (dev_valid_name). */
const interfaceName = text(
  "must be the name of a network interface: 1 to 15 octets, not . or .., no white space, no / : or %",
  (value) => {
    const fits = new TextEncoder().encode(value).length <= 15 && /^[^\s/:%\p{C}]+$/u.test(value);
    return fits && value !== "." && value !== ".." ? value : undefined;
  },
);

/** The mobile network's stands in the configurations of radvd and dnsmasq: no signs that mean something there. */
const plainInterfaceName = text(
  "must be the name of one network interface: 1 to 15 letters, digits, . _ or -, such as lan0",
  (value) => /^[A-Za-z0-9._-]{1,15}$/.test(value) ? interfaceName.read(value)?.value : undefined,
);

/** A host asks three servers at most, of each family (resolv.conf(5)). */
export const DNS_SERVERS_OF_FAMILY = 3;
const dnsServers = list(
  text(
    "must be a unicast address of a DNS server such as 2001:db8::53 or 192.0.2.53",
    (value): IpAddress | undefined => (ipv6Address.read(value) ?? ipv4Address.read(value))?.value,
  ),
  2 * DNS_SERVERS_OF_FAMILY,
  0,
);

const path = (what: string) =>
  text(`must be ${what}`, (value) => value !== "" && !value.includes("\0") ? value : undefined);

/** Lifetimes travel as 16 bits in units of 4 s (RFC 6275 section 6.1.7); 65535 units are 262140 s. */
const lifetimeSeconds = wholeNumber(4, 262_140, " and a multiple of 4", 4);

const port = wholeNumber(1, 65_535);
/** RFC 4285 section 5.1: 0 to 255 are reserved. */
const spi = wholeNumber(256, 4_294_967_295, " (0 to 255 are reserved)");
const keyFile = path("the name of a file with the shared key in hexadecimal digits");
const algorithm = oneOf('must be "hmac-sha256-128" or "hmac-sha1-96"', ["hmac-sha256-128", "hmac-sha1-96"]);
const authentication = oneOf('must be "mn-ha" (proof of origin, RFC 4285) or "none" (run open)', [
  "mn-ha",
  "none",
]);
const espFile = path("the name of a file with security associations for ESP");
const stateDirectory = path("the path of a folder").default("/var/lib/dsmip");
const controlSocket = path("the path of a Unix socket");
/** Threads that forward packets: each has a queue of the TUN device and sockets of its own. */
const workers = wholeNumber(1, 64).default(1);

/** Linux's conntrack forgets a UDP flow after 30 s; NATKATIMEOUT of RFC 5555 section 6 (110 s) is too late for it. */
const DEFAULT_NAT_REFRESH_SECONDS = 25;
/** The RFCs leave it to the configuration; a lost home agent is noticed within it. */
const DEFAULT_LIFETIME_SECONDS = 420;
/** RFC 4285 section 5.1. */
const DEFAULT_CLOCK_TOLERANCE_SECONDS = 7;

/** A mobile router serves few networks; each of them is an option of 24 octets in its Binding Updates. */
export const MAXIMUM_MOBILE_NETWORKS = 8;
const mobileNetworkPrefixes = list(ipv6Prefix, MAXIMUM_MOBILE_NETWORKS, 0).default([]);
/** Interfaces that may lead to the Internet, at one time or another. */
export const MAXIMUM_EGRESS_INTERFACES = 8;
/** Of each network that a pool gives: 14 hosts; RFC 4862 makes addresses in 64 bits. */
const DEFAULT_IPV4_NETWORK_LENGTH = 28;
const LONGEST_DELEGATED_PREFIX = 64;
/** How soon a router that vanished without a word is missed. */
const DEFAULT_ROUTER_PROBE_MS = 1000;

/** [home_agent] */
export const HOME_AGENT_KEYS = {
  ipv6_address: ipv6Address,
  ipv4_address: ipv4Address,
  home_prefix: ipv6Prefix,
  home_link: interfaceName.optional(),
  ipv4_home_prefix: ipv4Prefix(32, "192.0.2.0/24").optional(),
  ipv4_pool: ipv4Prefix(32, "192.0.2.128/25").optional(),
  ipv4_network_pool: ipv4Prefix(LONGEST_IPV4_NETWORK, "10.64.0.0/16").optional(),
  ipv4_network_pool_length: wholeNumber(SHORTEST_IPV4_PREFIX, LONGEST_IPV4_NETWORK).default(
    DEFAULT_IPV4_NETWORK_LENGTH,
  ),
  mobile_network_pool: ipv6Prefix.optional(),
  mobile_network_pool_length: wholeNumber(1, LONGEST_DELEGATED_PREFIX).default(LONGEST_DELEGATED_PREFIX),
  link_mtu: wholeNumber(68, 65_535).optional(),
  preference: wholeNumber(0, 65_535).default(0),
  tun: interfaceName.default("dsmip-ha"),
  workers,
  forwarding: yesOrNo().default(false),
  port: port.default(DSMIPV6_PORT),
  control_socket: controlSocket.default(DEFAULT_CONTROL_SOCKET.homeAgent),
  state_directory: stateDirectory,
  maximum_lifetime_seconds: lifetimeSeconds.default(DEFAULT_LIFETIME_SECONDS),
  nat_refresh_seconds: wholeNumber(0, 3600, " (0 leaves it to the mobile node)").default(
    DEFAULT_NAT_REFRESH_SECONDS,
  ),
  force_udp: yesOrNo().default(false),
  accept_force_udp: yesOrNo().default(true),
  prefix_advertisements: yesOrNo().default(true),
  probe_care_of_address: yesOrNo().default(false),
  authentication: authentication.default("mn-ha"),
  clock_tolerance_seconds: wholeNumber(4, 300).default(DEFAULT_CLOCK_TOLERANCE_SECONDS),
};

/** [[mobile_node]] beside [home_agent] */
export const MOBILE_NODE_ENTRY_KEYS = {
  identity,
  home_address: ipv6Address,
  ipv4_home_address: ipv4HomeAddress.optional(),
  mobile_network_prefixes: mobileNetworkPrefixes,
  spi: spi.optional(),
  key_file: keyFile.optional(),
  esp_file: espFile.optional(),
  algorithm: algorithm.default("hmac-sha256-128"),
  previous_spi: spi.optional(),
  previous_key_file: keyFile.optional(),
  previous_algorithm: algorithm.optional(),
};

/** [mobile_node] */
export const MOBILE_NODE_KEYS = {
  identity,
  home_address: ipv6Address,
  ipv4_home_address: wantedIpv4HomeAddress.optional(),
  home_agent_ipv6_address: ipv6Address.optional(),
  home_agent_ipv4_address: ipv4Address.optional(),
  egress: list(interfaceName, MAXIMUM_EGRESS_INTERFACES),
  manage: yesOrNo().default(true),
  router_probe_ms: wholeNumber(0, 60_000, " (0 asks nobody)").default(DEFAULT_ROUTER_PROBE_MS),
  prefer: oneOf('must be "ipv6", "ipv4" or "keep" (the family in use)', ["ipv6", "ipv4", "keep"]).default(
    "ipv6",
  ),
  dsmip: yesOrNo().default(true),
  mobile_network_prefixes: mobileNetworkPrefixes,
  request_prefixes: wholeNumber(0, MAXIMUM_ASSOCIATIONS, " (0 asks for none)").default(0),
  spi: spi.optional(),
  key_file: keyFile.optional(),
  esp_file: espFile.optional(),
  algorithm: algorithm.default("hmac-sha256-128"),
  authentication: authentication.default("mn-ha"),
  tun: interfaceName.default("dsmip-mn"),
  workers,
  control_socket: controlSocket.default(DEFAULT_CONTROL_SOCKET.mobileNode),
  state_directory: stateDirectory,
  lifetime_seconds: lifetimeSeconds.default(DEFAULT_LIFETIME_SECONDS),
  first_timeout_ms: wholeNumber(100, MAX_BINDACK_TIMEOUT_MS).default(
    INITIAL_BINDACK_TIMEOUT_FIRST_REGISTRATION_MS,
  ),
  force_udp: yesOrNo().default(false),
  keepalive_seconds: wholeNumber(1, 3600).optional(),
  home_agent_port: port.default(DSMIPV6_PORT),
  local_port: wholeNumber(0, 65_535, " (0 takes any free port)").default(DSMIPV6_PORT),
};

/** [mobile_network] beside [mobile_node] */
export const MOBILE_NETWORK_KEYS = {
  interface: plainInterfaceName,
  serve: yesOrNo().default(true),
  dns: dnsServers.default([]),
};
