/**
 * The forwarder's numbers. AssemblyScript compiles this file too: plain constants only.
 */

/** Every IPv6 link carries this much (RFC 8200 section 5); a smaller tunnel has to fragment (RFC 2473 7.1). */
export const MINIMUM_IPV6_MTU = 1280;
/** What an outer IPv6 header leaves of that: inner packets of so many octets never need outer fragments. */
export const SMALLEST_WHOLE_OCTETS = 1240;
/** Octets of the first of two outer fragments behind its headers. In IPv6 every link carries them: 1280 - 40 - 8. */
export const OUTER_FRAGMENT_OCTETS = 1232;
/** The most that stands in front of an inner packet: an IPv6 header and a Fragment header. */
export const MAXIMUM_OUTER_HEADERS_OCTETS = 48;
/** The longest IPv4 packet (RFC 791 section 3.1). */
export const MAXIMUM_IPV4_OCTETS = 65535;
/** Every IPv4 host takes this much (RFC 791 section 3.2): an ICMP error quotes no more (RFC 1812 section 4.3.2.3). */
export const MINIMUM_IPV4_DATAGRAM = 576;
/** What fits into UDP over IPv4: 65535 - 20 - 8. */
export const MAXIMUM_INNER_MTU = 65507;
/** Outer time to live: the tunnel is one hop for what it carries (RFC 2473 6.3, RFC 4213 3.3). */
export const OUTER_TIME_TO_LIVE = 64;
export const OUTER_HOP_LIMIT = 64;

/** Mobile network prefixes of one mobile router, and lengths that all prefixes of a home agent have. Our own limits. */
export const MAXIMUM_MOBILE_NETWORK_PREFIXES = 16;
export const MAXIMUM_PREFIX_LENGTHS = 8;

/** Extension headers that are walked in search of the upper layer. Our own limit. */
export const MAXIMUM_EXTENSION_HEADERS = 8;
/** Segments that one packet may be cut into, and the octets of their headers. Our own limits. */
export const MAXIMUM_SEGMENTS = 2048;
export const MAXIMUM_SEGMENT_HEADERS_OCTETS = 262144;
/** The longest inner packet that goes up to control: 2,048 octets of mobility header and room for what precedes it. */
export const SIGNALLING_MAXIMUM_OCTETS = 4032;
/** How much of a packet without a binding goes up to control. */
export const UNBOUND_REPORT_OCTETS = 128;

/** Packet Too Big messages, over all sources (RFC 4443 section 2.4 (f)). */
export const PACKET_TOO_BIG_BURST = 200;
export const PACKET_TOO_BIG_PER_SECOND = 1000;
/** Reports of traffic without a binding, over all sources. */
export const UNBOUND_REPORT_BURST = 16;
export const UNBOUND_REPORTS_PER_SECOND = 50;
