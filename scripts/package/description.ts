/** What the program is, in a line, for those who list packages. */
export const DESCRIPTION = "Dual Stack Mobile IPv6 (RFC 5555): home agent, mobile node and tools";
