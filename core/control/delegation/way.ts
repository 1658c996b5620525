/**
 * How DHCPv6 travels between a mobile router and its home agent (RFC 6276 sections 3.1 and 3.2). Through the tunnel: as
 * the relay agent's in the mobile router, from the home address to the home agent's address. Through the protected tunnel:
 * the same, under ESP between the two (section 4). On the home link: as the client's, from the home address to all servers
 * there.
 */
export type DelegationWay = "tunnel" | "protectedTunnel" | "homeLink";
