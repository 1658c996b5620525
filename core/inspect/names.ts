import { Protocol } from "../wire/constants.ts";

/** EtherTypes that lead on to another layer. */
export const EtherType = {
  ipv4: 0x0800,
  arp: 0x0806,
  vlan: 0x8100,
  ipv6: 0x86dd,
  pppoeSession: 0x8864,
  providerVlan: 0x88a8,
} as const;

/** IEEE 802 numbers that a capture of a home or campus network holds. */
export const etherTypeNames: ReadonlyMap<number, string> = new Map([
  [EtherType.ipv4, "IPv4"],
  [EtherType.arp, "ARP"],
  [EtherType.vlan, "VLAN"],
  [EtherType.ipv6, "IPv6"],
  [0x8847, "MPLS"],
  [0x8863, "PPPoE discovery"],
  [EtherType.pppoeSession, "PPPoE session"],
  [0x888e, "EAPOL"],
  [EtherType.providerVlan, "provider VLAN"],
  [0x88cc, "LLDP"],
  [0x88e5, "MACsec"],
]);

/** RFC 4302; the inspector passes over it. */
export const AUTHENTICATION_HEADER_PROTOCOL = 51;

/** The IANA registry "Assigned Internet Protocol Numbers", as far as people meet it. */
export const ipProtocolNames: ReadonlyMap<number, string> = new Map([
  [Protocol.hopByHopOptions, "Hop-by-Hop Options"],
  [Protocol.icmpv4, "ICMP"],
  [2, "IGMP"],
  [Protocol.ipv4, "IPv4"],
  [Protocol.tcp, "TCP"],
  [Protocol.udp, "UDP"],
  [33, "DCCP"],
  [Protocol.ipv6, "IPv6"],
  [Protocol.routing, "Routing Header"],
  [Protocol.fragment, "Fragment Header"],
  [46, "RSVP"],
  [47, "GRE"],
  [Protocol.esp, "ESP"],
  [AUTHENTICATION_HEADER_PROTOCOL, "AH"],
  [55, "MOBILE"],
  [Protocol.icmpv6, "ICMPv6"],
  [Protocol.noNextHeader, "no next header"],
  [Protocol.destinationOptions, "Destination Options"],
  [88, "EIGRP"],
  [89, "OSPF"],
  [94, "IPIP"],
  [97, "ETHERIP"],
  [103, "PIM"],
  [108, "IPComp"],
  [112, "VRRP"],
  [115, "L2TP"],
  [132, "SCTP"],
  [Protocol.mobilityHeader, "Mobility Header"],
  [136, "UDP-Lite"],
  [139, "HIP"],
  [140, "Shim6"],
]);

/** RFC 2131 4.1. */
export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;
