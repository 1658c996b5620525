import { Protocol } from "../../core/wire/constants.ts";
import type {
  Configuration,
  HomeAgentConfiguration,
  MobileNodeConfiguration,
} from "../configuration/record.ts";
import { findProgram } from "../daemon/find_program.ts";
import { messageOf } from "../output/fault.ts";
import { fault, type Finding, ok, warning } from "./finding.ts";
import { judge, type ProbePacket, readRuleset, type Ruleset } from "./firewall_rules.ts";

const CHECK = "firewall";

interface Probe {
  /** "UDP port 4191 from mobile nodes" */
  readonly what: string;
  readonly packet: ProbePacket;
  /** Without it nothing works; otherwise some networks do. */
  readonly isNeeded: boolean;
  /** The rule that lets it through. */
  readonly rule: string;
}

/** Do this machine's own rules drop what dsmip receives and sends? */
export async function checkFirewall(
  configuration: Configuration,
  ingress: string | undefined,
): Promise<Finding[]> {
  const nft = findProgram("nft");
  if (nft === undefined) {
    const text = "not looked at: the program nft is missing";
    return [warning(CHECK, text, "apt-get install --no-install-recommends nftables")];
  }
  let ruleset: Ruleset;
  try {
    ruleset = readRuleset(await readRules(nft));
  } catch (error) {
    return [warning(CHECK, `not looked at: ${messageOf(error)}`, "run dsmip doctor as root")];
  }
  const probes = configuration.kind === "homeAgent"
    ? probesOfHomeAgent(configuration, ingress)
    : configuration.egress.flatMap((name) => probesOfMobileNode(configuration, name));
  const findings = probes.flatMap((probe) => judged(ruleset, probe));
  return [
    ...(findings.length === 0 ? [ok(CHECK, "nftables lets everything through that dsmip needs")] : findings),
    ...legacy(),
  ];
}

function judged(ruleset: Ruleset, { what, packet, isNeeded, rule }: Probe): Finding[] {
  const verdict = judge(ruleset, packet);
  if (verdict.kind === "passed") return [];
  const advice = `before it: nft insert rule ${tableAndChain(verdict.by)} ${rule} accept`;
  if (verdict.kind === "maybe") {
    return [
      warning(
        CHECK,
        `${what} may be dropped by ${verdict.by}: it has conditions that are not judged here`,
        advice,
      ),
    ];
  }
  const text = `${what} is dropped by ${verdict.by}`;
  return [isNeeded ? fault(CHECK, text, advice) : warning(CHECK, text, advice)];
}

/** "inet filter input" of "table inet filter chain input rule handle 4". */
function tableAndChain(place: string): string {
  const found = /table (\S+) (\S+) chain (\S+)/.exec(place);
  return found === null ? "" : `${found[1]} ${found[2]} ${found[3]}`;
}

function probesOfHomeAgent(
  { port, tun, settings }: HomeAgentConfiguration,
  inInterface: string | undefined,
): Probe[] {
  const input = { hook: "input", family: 4, connection: "new", inInterface } as const;
  const output = { hook: "output", family: 4, connection: "new", outInterface: inInterface } as const;
  const forwarded = { hook: "forward", family: 6, connection: "new", protocol: Protocol.icmpv6 } as const;
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
    ...[Protocol.mobilityHeader, Protocol.ipv6].map((protocol) => ({
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

function probesOfMobileNode({ settings, localPort }: MobileNodeConfiguration, name: string): Probe[] {
  const { homeAgentPort, dsmip } = settings;
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
      what: "mobility messages from the home agent (protocol 135 over IPv6)",
      packet: { ...answered, family: 6, protocol: Protocol.mobilityHeader },
      isNeeded: true,
      rule: `meta l4proto ${Protocol.mobilityHeader}`,
    },
    {
      what: "protocol 41 over IPv6 from the home agent",
      packet: { ...answered, connection: "new", family: 6, protocol: Protocol.ipv6 },
      isNeeded: true,
      rule: `meta l4proto ${Protocol.ipv6}`,
    },
  ];
}

async function readRules(nft: string): Promise<string> {
  const command = new Deno.Command(nft, { args: ["--json", "--numeric", "list", "ruleset"], stdin: "null" });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr).split("\n")[0]);
  return decoder.decode(stdout);
}

/** Rules of the older tables are the kernel's own, apart from nftables. */
function legacy(): Finding[] {
  const used = ["ip_tables_names", "ip6_tables_names"].filter((name) => {
    try {
      return Deno.readTextFileSync(`/proc/net/${name}`).trim() !== "";
    } catch {
      return false;
    }
  });
  if (used.length === 0) return [];
  const text = "rules of iptables-legacy are there, and are not judged here";
  return [warning(CHECK, text, "see iptables-legacy-save and ip6tables-legacy-save, or move to nftables")];
}
