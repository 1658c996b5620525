import type {
  HOME_AGENT_KEYS,
  MOBILE_NETWORK_KEYS,
  MOBILE_NODE_ENTRY_KEYS,
  MOBILE_NODE_KEYS,
} from "../configuration/schema.ts";

/*
 * What each key of a configuration file is for, in one line. A key without its line here is a type error. They stand
 * apart from the checks, because the daemons start without them.
 */

/** One line for each key of a table. */
export type DescriptionsOf<Keys> = { readonly [Key in keyof Keys]: string };

export const HOME_AGENT_DESCRIPTIONS: DescriptionsOf<typeof HOME_AGENT_KEYS> = {
  ipv6_address: "The home agent's IPv6 address, inside the home prefix; dsmip puts it on its own interface.",
  ipv4_address: "The IPv4 address of this machine that mobile nodes reach it at.",
  home_prefix: "The prefix of the home addresses; it has to be routed to this machine.",
  home_link:
    "The interface of the home network; left out, the home network is virtual and ends at this machine.",
  ipv4_home_prefix: "The IPv4 side of the home network; it has to be routed to this machine, too.",
  ipv4_pool: "Addresses in ipv4_home_prefix for mobile nodes that have none of their own and ask for any.",
  ipv4_network_pool: "IPv4 networks for mobile routers that ask for any.",
  ipv4_network_pool_length: "The length of each network that ipv4_network_pool gives, in bits.",
  mobile_network_pool: "IPv6 mobile network prefixes, delegated on request (RFC 6276).",
  mobile_network_pool_length: "The length of each prefix that mobile_network_pool gives, in bits.",
  link_mtu: "The largest packet that reaches mobile nodes, in octets; left out, as the interface has it.",
  preference:
    "The preference among the home agents of the home link, as radvd says it there; the higher first.",
  tun: "The name of the tunnel's interface, which leads to the home addresses.",
  workers: "Threads that forward packets, each with a queue and sockets of its own.",
  forwarding: "Switch this host's IP forwarding on while the home agent runs.",
  port: "The UDP port that mobile nodes reach the home agent at (RFC 5555).",
  control_socket: "The Unix socket where the running home agent answers the other commands.",
  state_directory:
    "Where bindings and sequence numbers of ESP are kept across restarts; made when it is not there.",
  maximum_lifetime_seconds: "The longest lifetime of a binding, in seconds.",
  nat_refresh_seconds: "How often a mobile node behind a NAT is to say that it is there, in seconds.",
  force_udp: "Put every mobile node's traffic into UDP, also without a NAT between.",
  accept_force_udp: "Let mobile nodes have UDP without a NAT when they ask for it.",
  prefix_advertisements: "Tell mobile nodes of the home prefix (Mobile Prefix Advertisements, RFC 6275).",
  probe_care_of_address:
    "Let a mobile node show that it is where it moves over IPv4, in one more round trip.",
  authentication: "How a mobile node proves its origin; without proof anybody can take over its traffic.",
  clock_tolerance_seconds:
    "How far a mobile node's clock may be off, in seconds (replay protection, RFC 4285).",
};

export const MOBILE_NODE_ENTRY_DESCRIPTIONS: DescriptionsOf<typeof MOBILE_NODE_ENTRY_KEYS> = {
  identity: "The mobile node's name, as its own file has it.",
  home_address: "The one IPv6 home address that it may claim, inside the home prefix.",
  ipv4_home_address: "The one IPv4 home address that it may claim, perhaps with the network behind it.",
  mobile_network_prefixes: "The networks that may be behind it when it is a mobile router.",
  spi:
    'The number that names the key on the wire, the same at both ends; needed unless authentication = "none".',
  key_file:
    'The shared key, the same at both ends, in a file with mode 0600; needed unless authentication = "none".',
  esp_file:
    "Keys for ESP, the same at both ends, mode 0600: in place of spi and key_file, or beside them (docs/esp.md).",
  algorithm: "How proofs of origin are computed, as at the mobile node.",
  previous_spi:
    "While keys are rolled: the number of the key before, which is still taken. See docs/keys.md.",
  previous_key_file: "While keys are rolled: the key before, in a file with mode 0600.",
  previous_algorithm: "What goes with the key before; left out: as algorithm says.",
};

export const MOBILE_NODE_DESCRIPTIONS: DescriptionsOf<typeof MOBILE_NODE_KEYS> = {
  identity: "The mobile node's name, as the home agent knows it.",
  home_address: "The IPv6 address that stays.",
  ipv4_home_address: "The IPv4 address that stays, perhaps with the network behind it.",
  home_agent_ipv6_address:
    "The home agent's IPv6 address; left out, it is asked for in the /64 of home_address, over an IPv6 network.",
  home_agent_ipv4_address: "The home agent's IPv4 address; left out only with dsmip = false.",
  egress: "The interfaces that may lead to the Internet, the most preferred first.",
  manage:
    "Configure the egress here, by router advertisements and DHCP; false: somebody else does, or you, by hand.",
  router_probe_ms: "How often the default router is asked whether it is still there, in milliseconds.",
  prefer: "The family of the care-of address where both can be had.",
  dsmip: "Use IPv4 networks, too (RFC 5555); false: IPv6 networks only (RFC 6275).",
  mobile_network_prefixes: "The networks behind a mobile router, as at the home agent.",
  request_prefixes: "How many more networks to ask the home agent for (RFC 6276).",
  spi:
    'The number that names the key on the wire, the same at both ends; needed unless authentication = "none".',
  key_file:
    'The shared key, the same at both ends, in a file with mode 0600; needed unless authentication = "none".',
  esp_file:
    "Keys for ESP, the same at both ends, mode 0600: in place of spi and key_file, or beside them (docs/esp.md).",
  algorithm: "How proofs of origin are computed, as at the home agent.",
  authentication: "Whether mobile node and home agent prove who they are.",
  tun: "The name of the tunnel's interface, which holds the home address.",
  workers: "Threads that forward packets, each with a queue and sockets of its own.",
  control_socket: "The Unix socket where the running mobile node answers the other commands.",
  state_directory: "Where sequence numbers of ESP are kept across restarts; made when it is not there.",
  lifetime_seconds: "The lifetime of the binding to ask for, in seconds.",
  first_timeout_ms:
    "How long the first Binding Update waits for its answer before it is sent again, in milliseconds.",
  force_udp: "Ask for UDP also where there is no NAT.",
  keepalive_seconds:
    "How often to send a packet through a NAT, in seconds; left out, as the home agent says.",
  home_agent_port: "The home agent's UDP port, where another one is mapped to it.",
  local_port: "The UDP port on this side.",
};

export const MOBILE_NETWORK_DESCRIPTIONS: DescriptionsOf<typeof MOBILE_NETWORK_KEYS> = {
  interface: "The interface where the hosts behind the mobile router are.",
  serve: "Tell hosts of prefixes and addresses, through radvd and dnsmasq; false: the operator does.",
  dns: "DNS servers that hosts are told of, at most three of each family.",
};
