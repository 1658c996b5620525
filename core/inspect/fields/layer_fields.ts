import { arp } from "../arp.ts";
import {
  authenticationHeader,
  destinationOptions,
  fragmentHeader,
  hopByHopOptions,
  routingHeader,
} from "../extension_header.ts";
import { icmpv4 } from "../icmpv4.ts";
import { icmpv6 } from "../icmpv6.ts";
import { ipv4Layer } from "../ipv4.ts";
import { ipv6Layer } from "../ipv6.ts";
import type { Layer } from "../layer.ts";
import { ethernet, vlan } from "../link_layer.ts";
import { esp } from "../esp.ts";
import { tcp } from "../tcp.ts";
import { udp } from "../udp.ts";
import { again, flag, hex, ipv4, ipv6, linkAddress, number, protocol } from "./field_spec.ts";
import type { Place } from "./field_spec.ts";

/** Fields at fixed places of headers, in tshark's order; a new header is a new line here. */
export const LAYER_PLACES: ReadonlyMap<Layer, readonly Place[]> = new Map<Layer, readonly Place[]>([
  [ethernet, [
    protocol("eth"),
    linkAddress("eth.dst", 0),
    ...again(linkAddress("eth.addr", 0)),
    linkAddress("eth.src", 6),
    ...again(linkAddress("eth.addr", 6)),
    hex("eth.type", 12, 2),
  ]],
  [vlan, [
    protocol("vlan"),
    number("vlan.priority", 0, 2, 0xe000),
    flag("vlan.dei", 0, 0x1000, 2),
    number("vlan.id", 0, 2, 0x0fff),
    hex("vlan.etype", 2, 2),
  ]],
  [arp, [
    protocol("arp"),
    number("arp.opcode", 6, 2),
    linkAddress("arp.src.hw_mac", 8),
    ipv4("arp.src.proto_ipv4", 14),
    linkAddress("arp.dst.hw_mac", 18),
    ipv4("arp.dst.proto_ipv4", 24),
  ]],
  [ipv4Layer, [
    protocol("ip"),
    number("ip.version", 0, 1, 0xf0),
    number("ip.hdr_len", 0, 1, 0x0f, 4),
    hex("ip.dsfield", 1, 1),
    number("ip.dsfield.dscp", 1, 1, 0xfc),
    number("ip.dsfield.ecn", 1, 1, 0x03),
    number("ip.len", 2, 2),
    hex("ip.id", 4, 2),
    hex("ip.flags", 6, 1, 0xe0),
    flag("ip.flags.rb", 6, 0x80),
    flag("ip.flags.df", 6, 0x40),
    flag("ip.flags.mf", 6, 0x20),
    number("ip.frag_offset", 6, 2, 0x1fff, 8),
    number("ip.ttl", 8, 1),
    number("ip.proto", 9, 1),
    hex("ip.checksum", 10, 2),
    ipv4("ip.src", 12),
    ...again(ipv4("ip.addr", 12), ipv4("ip.src_host", 12), ipv4("ip.host", 12)),
    ipv4("ip.dst", 16),
    ...again(ipv4("ip.addr", 16), ipv4("ip.dst_host", 16), ipv4("ip.host", 16)),
  ]],
  [ipv6Layer, [
    protocol("ipv6"),
    number("ipv6.version", 0, 1, 0xf0),
    ...again(number("ip.version", 0, 1, 0xf0)),
    hex("ipv6.tclass", 0, 4, 0x0ff00000),
    number("ipv6.tclass.dscp", 0, 4, 0x0fc00000),
    number("ipv6.tclass.ecn", 0, 4, 0x00300000),
    hex("ipv6.flow", 1, 3, 0x0fffff),
    number("ipv6.plen", 4, 2),
    number("ipv6.nxt", 6, 1),
    number("ipv6.hlim", 7, 1),
    ipv6("ipv6.src", 8),
    ...again(ipv6("ipv6.addr", 8), ipv6("ipv6.src_host", 8), ipv6("ipv6.host", 8)),
    ipv6("ipv6.dst", 24),
    ...again(ipv6("ipv6.addr", 24), ipv6("ipv6.dst_host", 24), ipv6("ipv6.host", 24)),
  ]],
  [hopByHopOptions, [
    protocol("ipv6.hopopts"),
    number("ipv6.hopopts.nxt", 0, 1),
    number("ipv6.hopopts.len", 1, 1),
  ]],
  [destinationOptions, [
    protocol("ipv6.dstopts"),
    number("ipv6.dstopts.nxt", 0, 1),
    number("ipv6.dstopts.len", 1, 1),
  ]],
  [routingHeader, [
    protocol("ipv6.routing"),
    number("ipv6.routing.nxt", 0, 1),
    number("ipv6.routing.len", 1, 1),
    number("ipv6.routing.type", 2, 1),
    number("ipv6.routing.segleft", 3, 1),
  ]],
  [fragmentHeader, [
    protocol("ipv6.fraghdr"),
    number("ipv6.fraghdr.nxt", 0, 1),
    number("ipv6.fraghdr.offset", 2, 2, 0xfff8),
    flag("ipv6.fraghdr.more", 3, 0x01),
    hex("ipv6.fraghdr.ident", 4, 4),
  ]],
  [authenticationHeader, [protocol("ah"), hex("ah.spi", 4, 4), number("ah.sequence", 8, 4)]],
  [esp, [protocol("esp"), hex("esp.spi", 0, 4), number("esp.sequence", 4, 4)]],
  [udp, [
    protocol("udp"),
    number("udp.srcport", 0, 2),
    ...again(number("udp.port", 0, 2)),
    number("udp.dstport", 2, 2),
    ...again(number("udp.port", 2, 2)),
    number("udp.length", 4, 2),
    hex("udp.checksum", 6, 2),
  ]],
  [tcp, [
    protocol("tcp"),
    number("tcp.srcport", 0, 2),
    ...again(number("tcp.port", 0, 2)),
    number("tcp.dstport", 2, 2),
    ...again(number("tcp.port", 2, 2)),
    number("tcp.seq_raw", 4, 4),
    number("tcp.ack_raw", 8, 4),
    number("tcp.hdr_len", 12, 1, 0xf0, 4),
    hex("tcp.flags", 12, 2, 0x0fff),
    flag("tcp.flags.ack", 13, 0x10),
    flag("tcp.flags.push", 13, 0x08),
    flag("tcp.flags.reset", 13, 0x04),
    flag("tcp.flags.syn", 13, 0x02),
    flag("tcp.flags.fin", 13, 0x01),
    number("tcp.window_size_value", 14, 2),
    hex("tcp.checksum", 16, 2),
  ]],
  [icmpv4, [
    protocol("icmp"),
    number("icmp.type", 0, 1),
    number("icmp.code", 1, 1),
    hex("icmp.checksum", 2, 2),
  ]],
  [icmpv6, [
    protocol("icmpv6"),
    number("icmpv6.type", 0, 1),
    number("icmpv6.code", 1, 1),
    hex("icmpv6.checksum", 2, 2),
  ]],
]);

/** Fields of ICMP messages, by layer and type, from the start of the message. */
export const ICMP_PLACES: ReadonlyMap<Layer, ReadonlyMap<number, readonly Place[]>> = new Map([
  [
    icmpv4,
    new Map([
      [0, [number("icmp.ident", 4, 2), number("icmp.seq", 6, 2)]],
      [5, [ipv4("icmp.redir_gw", 4)]],
      [8, [number("icmp.ident", 4, 2), number("icmp.seq", 6, 2)]],
    ]),
  ],
  [
    icmpv6,
    new Map([
      [2, [number("icmpv6.mtu", 4, 4)]],
      [4, [number("icmpv6.pointer", 4, 4)]],
      [128, [hex("icmpv6.echo.identifier", 4, 2), number("icmpv6.echo.sequence_number", 6, 2)]],
      [129, [hex("icmpv6.echo.identifier", 4, 2), number("icmpv6.echo.sequence_number", 6, 2)]],
      [134, [
        number("icmpv6.nd.ra.cur_hop_limit", 4, 1),
        hex("icmpv6.nd.ra.flag", 5, 1),
        flag("icmpv6.nd.ra.flag.m", 5, 0x80),
        flag("icmpv6.nd.ra.flag.o", 5, 0x40),
        flag("icmpv6.nd.ra.flag.h", 5, 0x20),
        number("icmpv6.nd.ra.router_lifetime", 6, 2),
        number("icmpv6.nd.ra.reachable_time", 8, 4),
        number("icmpv6.nd.ra.retrans_timer", 12, 4),
      ]],
      [135, [ipv6("icmpv6.nd.ns.target_address", 8)]],
      [136, [
        flag("icmpv6.nd.na.flag.r", 4, 0x80),
        flag("icmpv6.nd.na.flag.s", 4, 0x40),
        flag("icmpv6.nd.na.flag.o", 4, 0x20),
        ipv6("icmpv6.nd.na.target_address", 8),
      ]],
      [137, [ipv6("icmpv6.nd.rd.target_address", 8), ipv6("icmpv6.rd.na.destination_address", 24)]],
      [144, [number("icmpv6.mip6.identifier", 4, 2)]],
      [145, [number("icmpv6.mip6.identifier", 4, 2)]],
      [146, [number("icmpv6.mip6.identifier", 4, 2)]],
      [147, [
        number("icmpv6.mip6.identifier", 4, 2),
        hex("icmpv6.mip6.flag", 6, 2),
        flag("icmpv6.mip6.flag.m", 6, 0x80),
        flag("icmpv6.mip6.flag.o", 6, 0x40),
        number("icmpv6.mip6.flag.rsv", 6, 2, 0x3fff),
      ]],
    ]),
  ],
]);

/** Of a home agent address discovery reply: every address from octet 8 on. */
export const HOME_AGENT_ADDRESS = ipv6("icmpv6.mip6.home_agent_address", 0);
/** Of the options of Hop-by-Hop and Destination Options headers, and of a type 2 routing header. */
export const IPV6_OPTION_TYPE = hex("ipv6.opt.type", 0, 1);
export const IPV6_OPTION_LENGTH = number("ipv6.opt.length", 1, 1);
export const HOME_ADDRESS_OPTION = ipv6("ipv6.opt.mipv6.home_address", 2);
export const ROUTING_HOME_ADDRESS = ipv6("ipv6.routing.mipv6.home_address", 8);
