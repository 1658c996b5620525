import { type Ipv6Address, isIpv4 } from "../../core/wire/address.ts";
import type { MobileNodeConfiguration } from "../configuration/record.ts";
import type { DaemonAnswer } from "../output/status_view.ts";
import { failed, fault, type Finding, ok, warning } from "./finding.ts";
import { type Machine, usableAddresses } from "./machine.ts";
import { type ProbeFrom, probeIpv4, probeIpv6, type ProbeResult } from "./probe.ts";

const OVER_IPV4 = "home agent over IPv4";
const OVER_IPV6 = "home agent over IPv6";
const TUNNEL = "protocol 41";

/** A home agent says nothing to an identity or a key number that it does not know: from here that looks like a firewall. */
function adviceFor(state: unknown, isRefused: boolean): string {
  if (isRefused) {
    return "compare the configurations of both ends: identity, home_address, prefixes, key, algorithm";
  }
  if (state !== "registering") return "see its log: --log-level debug";
  return "stop it and run dsmip doctor again, which then tries the way to the home agent; where that is in order, compare " +
    "identity and spi with the home agent's";
}

/** What the running mobile node says of its home agent: better than any probe. */
export function describeRegistration(status: DaemonAnswer): Finding[] {
  const check = "registration";
  const { state, careOfAddress, encapsulation, natDetected, keepaliveSeconds, lastRefusal } = status;
  const refusal = lastRefusal as { readonly status?: unknown; readonly name?: unknown } | null | undefined;
  if (state !== "registered" && state !== "home") {
    const why = refusal ? `, the home agent refuses: ${refusal.status} ${refusal.name}` : "";
    return [
      fault(
        check,
        `dsmip mn up runs and is not registered (${state})${why}`,
        adviceFor(state, refusal != null),
      ),
    ];
  }
  const findings = [ok(check, `dsmip mn up runs: ${state}, from ${careOfAddress ?? "home"}`)];
  if (natDetected === true) {
    const how = `traffic goes in UDP, and a packet every ${keepaliveSeconds} s keeps the NAT's memory fresh`;
    findings.push(ok("NAT", how));
  } else if (encapsulation === "udp") findings.push(ok("NAT", "none; UDP was asked for"));
  else if (state === "registered") findings.push(ok("NAT", "none"));
  return findings;
}

/** Asks the home agent from each address of each egress. */
export async function checkReachability(
  { settings, egress, localPort }: MobileNodeConfiguration,
  machine: Machine,
): Promise<Finding[]> {
  const { homeAgentAddress, homeAgentIpv4Address, homeAgentPort, homeAddress, dsmip } = settings;
  if (homeAgentAddress === undefined) {
    const text = "not tried: home_agent_ipv6_address is left out, and found only when dsmip runs";
    return [warning("home agent", text)];
  }
  const questions = egress.flatMap((interfaceName) => {
    const usable = usableAddresses(interfaceName, machine);
    const from = { interfaceName, homeAddress, homeAgentAddress };
    const ipv4 = usable.find(isIpv4);
    const ipv6 = usable.find((address) => !isIpv4(address));
    return [
      ...(dsmip && homeAgentIpv4Address !== undefined && ipv4 !== undefined
        ? [askOverIpv4({ ...from, address: ipv4, localPort, homeAgentIpv4Address, homeAgentPort })]
        : []),
      ...(ipv6 === undefined ? [] : [askOverIpv6(from, ipv6)]),
    ];
  });
  if (questions.length > 0) return (await Promise.all(questions)).flat();
  const text = "not tried: no egress has an address; with manage = true dsmip gets one when it runs";
  return [warning("home agent", text, "start dsmip mn up, and run dsmip doctor again")];
}

async function askOverIpv4(probe: Parameters<typeof probeIpv4>[0]): Promise<Finding[]> {
  const where = `${probe.homeAgentIpv4Address} port ${probe.homeAgentPort}`;
  try {
    const { udp, protocol41 } = await probeIpv4(probe);
    if (udp !== "answered") {
      return [unanswered(OVER_IPV4, udp, where, probe.interfaceName, adviceOver(probe))];
    }
    const answered = ok(OVER_IPV4, `${where} answers over ${probe.interfaceName}`);
    return [answered, tunnelFinding(protocol41, probe.interfaceName)];
  } catch (error) {
    return [failed(OVER_IPV4, error)];
  }
}

function tunnelFinding(result: ProbeResult, interfaceName: string): Finding {
  if (result === "answered") return ok(TUNNEL, `passes from ${interfaceName} to the home agent`);
  const why = result === "silent" ? "no answer" : result.error;
  const text =
    `${why} over ${interfaceName}: normal behind a NAT, where UDP is used; otherwise something drops it`;
  return warning(TUNNEL, text, "without a NAT: let protocol 41 through on the way, or set force_udp = true");
}

async function askOverIpv6(from: ProbeFrom, address: Ipv6Address): Promise<Finding> {
  const { interfaceName, homeAgentAddress } = from;
  try {
    const result = await probeIpv6({ ...from, address });
    if (result === "answered") return ok(OVER_IPV6, `${homeAgentAddress} answers over ${interfaceName}`);
    const advice =
      "is dsmip ha serve running, its home prefix routed to it, and protocol 135 let through on the way?";
    return unanswered(OVER_IPV6, result, homeAgentAddress, interfaceName, advice);
  } catch (error) {
    return failed(OVER_IPV6, error);
  }
}

function unanswered(
  check: string,
  result: Exclude<ProbeResult, "answered">,
  where: string,
  interfaceName: string,
  advice: string,
): Finding {
  const why = result === "silent" ? `no answer from ${where} over ${interfaceName}` : result.error;
  return fault(check, why, advice);
}

function adviceOver({ homeAgentPort }: { readonly homeAgentPort: number }): string {
  return `is dsmip ha serve running there, and UDP port ${homeAgentPort} open in its firewall and its provider's?`;
}
