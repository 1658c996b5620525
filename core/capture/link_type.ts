/** The link types that the inspector knows, from the LINKTYPE_ registry of tcpdump.org. */
export const LinkType = {
  null: 0,
  ethernet: 1,
  ppp: 9,
  /** What BSD writes into the file for DLT_RAW. */
  rawBsd: 12,
  rawOpenBsd: 14,
  pppHdlc: 50,
  pppOverEthernet: 51,
  raw: 101,
  loop: 108,
  linuxCooked: 113,
  ipv4: 228,
  ipv6: 229,
  linuxCookedV2: 276,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map([
  [LinkType.null, "BSD loopback"],
  [LinkType.ethernet, "Ethernet"],
  [LinkType.ppp, "PPP"],
  [LinkType.rawBsd, "raw IP"],
  [LinkType.rawOpenBsd, "raw IP"],
  [LinkType.pppHdlc, "PPP with HDLC framing"],
  [LinkType.pppOverEthernet, "PPP over Ethernet"],
  [LinkType.raw, "raw IP"],
  [LinkType.loop, "OpenBSD loopback"],
  [LinkType.linuxCooked, "Linux cooked v1"],
  [LinkType.ipv4, "raw IPv4"],
  [LinkType.ipv6, "raw IPv6"],
  [LinkType.linuxCookedV2, "Linux cooked v2"],
]);

/** "Ethernet"; "link type 147" for what the inspector does not know. */
export function linkTypeName(linkType: number): string {
  return NAMES.get(linkType) ?? `link type ${linkType}`;
}
