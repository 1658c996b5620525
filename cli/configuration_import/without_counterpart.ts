/* What UMIP can be told and dsmip cannot, and what that means to somebody who moves from one to the other. */

const ROUTE_OPTIMIZATION = "all traffic goes through the home agent here";
const IPSEC =
  "both ends prove who they are by a shared key (spi, key_file), or by ESP of dsmip's own (esp_file)";
const ADVERTISEMENTS = "when advertisements are sent is not configured here";
const TIMES = "these times are the RFCs' here";

/** Of every kind of node. */
const COMMON: Readonly<Record<string, string>> = {
  include: "not followed: put that file's lines in its place, and import again",
  DebugLevel: "what is logged is said at start: --log-level debug, with a trace of messages",
  DebugLogFile: "the log is on standard error; the service manager keeps it",
  NonVolatileBindingCache: "UMIP ignores it, and it has no counterpart here",
  DoRouteOptimizationCN: ROUTE_OPTIMIZATION,
  CnBindingPolicySet: ROUTE_OPTIMIZATION,
  UseMnHaIPsec: IPSEC,
  IPsecPolicySet: IPSEC,
  KeyMngMobCapability: "there is no key management here: keys stand in files",
  TunnelPayloadForceSANego: "there is no key management here: keys stand in files",
  UseMovementModule: "movement is always detected by dsmip itself",
  UsePolicyModule: "there are no modules here",
};

export const MOBILE_NODE_WITHOUT: Readonly<Record<string, string>> = {
  ...COMMON,
  DoRouteOptimizationMN: ROUTE_OPTIMIZATION,
  MnRoPolicy: ROUTE_OPTIMIZATION,
  UseCnBuAck: ROUTE_OPTIMIZATION,
  MnMaxCnBindingLife: ROUTE_OPTIMIZATION,
  MnDiscardHaParamProb: "ICMPv6 Parameter Problem changes no binding here",
  SendMobPfxSols: "home prefixes are asked for over IPv6 whenever the RFC wants it",
  MobRtrUseExplicitMode: "networks that are configured are always named in Binding Updates (explicit mode)",
  MnRouterProbes: "the router is asked all the time whether it is there: router_probe_ms",
  MnRouterProbeTimeout: "the router is asked all the time whether it is there: router_probe_ms",
  OptimisticHandoff: "the tunnel always changes right behind the Binding Update, before its answer",
  InitialBindackTimeoutReReg: TIMES,
  InitialSolicitTimer: TIMES,
  UseDhcp: "dsmip asks by DHCP itself, on every egress, unless manage = false",
  HomeAgentName: "names are not resolved here; write home_agent_ipv6_address and home_agent_ipv4_address",
  HomePrefix: "the home prefix is the home agent's to know",
  UseAltCoa: "the Alternate Care-of Address option is sent where the RFC wants it",
};

export const HOME_AGENT_WITHOUT: Readonly<Record<string, string>> = {
  ...COMMON,
  SendUnsolMobPfxAdvs: ADVERTISEMENTS,
  MinMobPfxAdvInterval: ADVERTISEMENTS,
  MaxMobPfxAdvInterval: ADVERTISEMENTS,
  HaServedPrefix: "each mobile node has its networks in its own [[mobile_node]]",
  HaAcceptDsmip6: "always so here: IPv4 and NAT traversal are part of the home agent",
  HaAcceptIPv4Traffic:
    "write ipv4_home_address into the [[mobile_node]] that it belongs to, and ipv4_home_prefix into [home_agent]",
};
