/** Numbers on the wire, each with the document that assigns it. */

/** UDP port of a home agent for binding updates and tunnelled packets (RFC 5555 section 8). */
export const DSMIPV6_PORT = 4191;

/** Protocol of an IPv4 header, next header of an IPv6 header. */
export const Protocol = {
  /** RFC 8200 4.3 */ hopByHopOptions: 0,
  /** RFC 792 */ icmpv4: 1,
  /** RFC 2003 */ ipv4: 4,
  /** RFC 9293 */ tcp: 6,
  /** RFC 768 */ udp: 17,
  /** RFC 4213 */ ipv6: 41,
  /** RFC 8200 4.4 */ routing: 43,
  /** RFC 8200 4.5 */ fragment: 44,
  /** RFC 4303 */ esp: 50,
  /** RFC 4443 */ icmpv6: 58,
  /** RFC 8200 4.7 */ noNextHeader: 59,
  /** RFC 8200 4.6 */ destinationOptions: 60,
  /** RFC 6275 6.1.1 */ mobilityHeader: 135,
} as const;

/** IPv6 options of a hop-by-hop or destination options header. */
export const Ipv6OptionType = {
  /** RFC 8200 4.2 */ pad1: 0,
  /** RFC 8200 4.2 */ padN: 1,
  /** RFC 6275 6.3 */ homeAddress: 201,
} as const;

/** Routing type of a type 2 routing header (RFC 6275 section 6.4). */
export const HOME_ADDRESS_ROUTING_TYPE = 2;

/** Lifetimes and refresh intervals on the wire count units of this many seconds (RFC 6275 6.1.7, 6.2.4). */
export const LIFETIME_UNIT_SECONDS = 4;

/** Refresh time of the NAT detection option that asks for no keepalive (RFC 5555 3.2.2). */
export const NO_KEEPALIVE_REFRESH_SECONDS = 0xffff_ffff;
