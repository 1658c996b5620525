/** Rows that have the same fate. */
export interface RowGroup {
  readonly why: string;
  /** "M-041-043 M-050": ranges and single rows. */
  readonly rows: string;
}

/** Rows that no test shows, and why not. */
export const REASONS: readonly RowGroup[] = [
  // RFC 5555
  {
    why: "the home agent is configured by its addresses; nothing is looked up",
    rows: "D-001-002",
  },
  {
    why: "an address of a pool is leased for as long as its binding stands, and kept for the node afterwards",
    rows: "D-026",
  },
  { why: "a heading: other rows say what it asks for", rows: "D-072" },
  {
    why:
      "security associations are given by hand, for signalling: there is no IKE, and no ESP around the payload",
    rows: "D-071 D-126 D-129-130 D-138-143 D-145-147",
  },
  { why: "may, and is not done: the mobile node asks for prefixes over IPv6 only", rows: "D-004-005" },
  { why: "may: UDP is forced by configuration, not by guessing from losses", rows: "D-077" },
  { why: "the port of the daemon's socket; the lab's NAT scenario shows it on the wire", rows: "D-023" },
  { why: "states what is so, and asks nothing of a node", rows: "D-124 D-131" },
  { why: "route optimisation: nothing is registered with correspondent nodes", rows: "D-132" },

  // RFC 6275
  {
    why:
      "security associations are given by hand, and protect signalling: there is no key management, no AH, no ESP around payload",
    rows: "M-285 M-326 M-372-373 M-466 M-508-509",
  },
  { why: "the operator's: shared secrets are random and given by hand", rows: "M-007" },
  {
    why: "route optimisation: return routability and what correspondent nodes do",
    rows:
      "M-008-019 M-036 M-043-044 M-053-054 M-129-130 M-132-140 M-159 M-170 M-176-177 M-167 M-181 M-193-205 M-210-216 M-221-225 " +
      "M-230 M-232 M-238 M-241 M-245 M-248-249 M-256 M-330-334 M-363 M-367-368 M-382-386 M-389-391 M-402-404 " +
      "M-442-457 M-481-483 M-485-490 M-493 M-495-496 M-506 M-510-512 M-520",
  },
  {
    why: "multicast: the tunnel carries unicast only, and there is no multicast group membership",
    rows: "M-160-161 M-178 M-325 M-327 M-377-381",
  },
  {
    why: "Router Advertisements on the home link are those of its routers; dsmip sends none",
    rows: "M-097-102 M-105-106 M-108-110 M-112-113 M-115 M-117-126 M-141-146 M-156 M-522",
  },
  {
    why: "a heading: other rows say what it asks for",
    rows: "M-127-128 M-168 M-217 M-257 M-523-526",
  },
  { why: "the kernel's: it routes what the home agent sends like any packet of this host", rows: "M-355" },
  { why: "for nodes that do not know the option: the kernel's", rows: "M-068-069" },
  { why: "the home address is a global one by configuration", rows: "M-075" },
  { why: "prefixes are asked for without options", rows: "M-085" },
  { why: "nothing but Router Advertisements comes to the Home Agents List", rows: "M-114" },
  { why: "the kernel's: it answers Neighbor Solicitations for its addresses", rows: "M-436" },
  { why: "should: the binding is removed at the end, and lasts as long as is configured", rows: "M-469" },
  { why: "nothing is ever sent back along a routing header", rows: "M-078" },
  { why: "the home agent sends no refresh advice", rows: "M-065 M-288-289" },
  { why: "a home agent has one address, and one binding cache for it", rows: "M-179" },
  {
    why: "dsmip ha serve is a home agent: there is no node that is not configured to be one",
    rows: "M-264-265",
  },
  { why: "the home prefix is configured and has no lifetime", rows: "M-277-279 M-283 M-356" },
  {
    why:
      "the home prefix is configured and stays while the home agent runs: no Mobile Prefix Advertisement is due unasked",
    rows: "M-087 M-294 M-345-349",
  },
  {
    why: "the home address is given by the operator, at both ends: a change of its prefix is told in the log",
    rows: "M-174 M-412",
  },
  {
    why:
      "on purpose: the home address is the only one, and anybody on the home link can answer a probe for it: after status 134 " +
      "it is asked for again once a minute, and the home agent looks for duplicates each time",
    rows: "M-479",
  },
  {
    why:
      "should: bindings last for minutes (420 s by default), and when a care-of address ends, the next one is registered at once",
    rows: "M-468",
  },
  {
    why:
      "should: link-local addresses are made by RFC 7217, whose interface identifiers are no home address's; with those of " +
      "hardware addresses L stays clear, too, and the home agent then defends the home address alone",
    rows: "M-464",
  },
  {
    why: "the kernel's: it gives link-local packets to nobody, and answers by its own rules",
    rows: "M-321",
  },
  {
    why: "the kernel's: it chooses source addresses, and the home address stands on the TUN device",
    rows: "M-361-362 M-369",
  },
  {
    why: "row M-418 instead: optimistic duplicate address detection (RFC 4429) does not delay",
    rows: "M-417 M-419",
  },
  { why: "a mobile node has one home address", rows: "M-477 M-480" },
  {
    why: "should: a refused registration is tried again once a minute, since an administrator may mend it",
    rows: "M-505",
  },

  {
    why: "should: what is malformed may come from anybody, and is not answered by an ICMP error",
    rows: "M-188-189 M-191",
  },

  // RFC 3963
  { why: "a heading: other rows say what it asks for", rows: "N-003 N-030 N-047" },
  { why: "implicit mode is for home agents; our mobile router names its prefixes", rows: "N-008-012" },
  {
    why: "the daemon ends a mobile node, which de-registers, before it begins one with the next home agent",
    rows: "N-007",
  },
  {
    why: "should: the home address is registered alone, so that the mobile router itself stays reachable",
    rows: "N-017",
  },
  {
    why: "the operator's: what is advertised on other links than the mobile network's, and routing protocols",
    rows: "N-021-022 N-028 N-052 N-054-056",
  },
  {
    why: "the kernel's: neighbour discovery on visited links, and multicast groups of routers",
    rows: "N-023 N-025 N-053",
  },

  // RFC 4285
  { why: "there is no MN-AAA option", rows: "A-002 A-012" },

  // RFC 4877 and RFC 3776
  {
    why: "route optimisation: there is no return routability procedure to protect",
    rows: "K-004 K-017 K-019-020 K-027 S-007-008 S-014 S-017-018 S-026-027",
  },
  {
    why: "tunnelled packets go without ESP",
    rows: "K-010 K-022-024 S-011 S-029-031",
  },
  {
    why: "security associations are given by hand: there is no key exchange",
    rows: "K-009 K-025 K-028-037 S-024 S-033-035",
  },
  {
    why:
      "on purpose: sequence numbers are kept across restarts, so that keys by hand protect from replay, too",
    rows: "S-032",
  },
];
