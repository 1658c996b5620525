import { Protocol } from "../../core/wire/constants.ts";
import type { HomeAgentConfiguration, MobileNodeConfiguration } from "../configuration/record.ts";
import type { ProbePacket } from "./firewall_rules.ts";

/** A packet that dsmip depends on. */
export interface Probe {
  /** "UDP port 4191 from mobile nodes" */
  readonly what: string;
  readonly packet: ProbePacket;
  /** Without it nothing works; otherwise some networks do. */
  readonly isNeeded: boolean;
  /** The rule that lets it through. */
  readonly rule: string;
}

/** @param inInterface where the home agent's IPv4 address is */
export function probesOfHomeAgent(
  { port, tun, settings }: HomeAgentConfiguration,
  inInterface: string | undefined,
): Probe[] {
  const input = { hook: "input", family: 4, connection: "new", inInterface } as const;
  const output = { hook: "output", family: 4, connection: "new", outInterface: inInterface } as const;
  const forwarded = { hook: "forward", family: 6, connection: "new", protocol: Protocol.icmpv6 } as const;
  const hasEsp = settings.mobileNodes.some(({ requiresEsp }) => requiresEsp);
  const hasIpv4 = settings.ipv4HomePrefix !== undefined || settings.ipv4NetworkPool !== undefined;
  return [
    {
      what: `UDP port ${port} from mobile nodes`,
      packet: { ...input, protocol: Protocol.udp, sourcePort: port, destinationPort: port },
      isNeeded: true,
      rule: `udp dport ${port}`,
    },
    ...[Protocol.ipv6, ...(hasIpv4 ? [Protocol.ipv4] : [])].map((protocol) => ({
      what: `protocol ${protocol} from mobile nodes`,
      packet: { ...input, protocol },
      isNeeded: true,
      rule: `meta l4proto ${protocol}`,
    })),
    ...[Protocol.mobilityHeader, Protocol.ipv6, ...(hasEsp ? [Protocol.esp] : [])].map((protocol) => ({
      what: `protocol ${protocol} over IPv6 from mobile nodes`,
      packet: { ...input, family: 6 as const, protocol },
      isNeeded: true,
      rule: `meta l4proto ${protocol}`,
    })),
    {
      what: `UDP port ${port} to mobile nodes`,
      packet: { ...output, protocol: Protocol.udp, sourcePort: port, destinationPort: port },
      isNeeded: true,
      rule: `udp sport ${port}`,
    },
    {
      what: "traffic from mobile nodes that is forwarded",
      packet: { ...forwarded, inInterface: tun, outInterface: inInterface },
      isNeeded: true,
      rule: `iifname ${tun}`,
    },
    {
      what: "traffic to mobile nodes that is forwarded",
      packet: { ...forwarded, inInterface, outInterface: tun },
      isNeeded: false,
      rule: `oifname ${tun}`,
    },
  ];
}

/** On each egress, and between the tunnel and the hosts behind a mobile router. */
export function probesOfMobileNode(configuration: MobileNodeConfiguration): Probe[] {
  const { egress, tun, mobileNetwork } = configuration;
  return [
    ...egress.flatMap((name) => probesOfEgress(configuration, name)),
    ...(mobileNetwork === undefined ? [] : probesOfRouter(tun, mobileNetwork.interfaceName)),
  ];
}

function probesOfRouter(tun: string, interfaceName: string): Probe[] {
  const forwarded = { hook: "forward", family: 6, connection: "new", protocol: Protocol.icmpv6 } as const;
  return [
    {
      what: `traffic from hosts on ${interfaceName} that is forwarded`,
      packet: { ...forwarded, inInterface: interfaceName, outInterface: tun },
      isNeeded: true,
      rule: `oifname ${tun}`,
    },
    {
      what: `traffic to hosts on ${interfaceName} that is forwarded`,
      packet: { ...forwarded, inInterface: tun, outInterface: interfaceName },
      isNeeded: false,
      rule: `iifname ${tun}`,
    },
  ];
}

function probesOfEgress({ settings, localPort }: MobileNodeConfiguration, name: string): Probe[] {
  const { homeAgentPort, dsmip, requiresEsp } = settings;
  const signalling = requiresEsp ? Protocol.esp : Protocol.mobilityHeader;
  const answered = { hook: "input", connection: "established", inInterface: name } as const;
  const sent = { hook: "output", connection: "new", outInterface: name } as const;
  const udpOut = { protocol: Protocol.udp, destinationPort: homeAgentPort, sourcePort: localPort };
  const udpIn = { protocol: Protocol.udp, sourcePort: homeAgentPort, destinationPort: localPort };
  const overIpv4: Probe[] = [
    {
      what: `UDP to the home agent's port ${homeAgentPort}`,
      packet: { ...sent, family: 4, ...udpOut },
      isNeeded: true,
      rule: `udp dport ${homeAgentPort}`,
    },
    {
      what: `UDP from the home agent's port ${homeAgentPort}`,
      packet: { ...answered, family: 4, ...udpIn },
      isNeeded: true,
      rule: `udp sport ${homeAgentPort}`,
    },
    {
      what: "protocol 41 from the home agent",
      packet: { ...answered, connection: "new", family: 4, protocol: Protocol.ipv6 },
      isNeeded: false,
      rule: `meta l4proto ${Protocol.ipv6}`,
    },
  ];
  return [
    ...(dsmip ? overIpv4 : []),
    {
      what: `signalling from the home agent (protocol ${signalling} over IPv6)`,
      packet: { ...answered, family: 6, protocol: signalling },
      isNeeded: true,
      rule: `meta l4proto ${signalling}`,
    },
    {
      what: "protocol 41 over IPv6 from the home agent",
      packet: { ...answered, connection: "new", family: 6, protocol: Protocol.ipv6 },
      isNeeded: true,
      rule: `meta l4proto ${Protocol.ipv6}`,
    },
  ];
}
