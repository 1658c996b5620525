import type { Configuration } from "../configuration/record.ts";
import { findProgram } from "../daemon/find_program.ts";
import { messageOf } from "../output/fault.ts";
import { fault, type Finding, ok, warning } from "./finding.ts";
import { type Probe, probesOfHomeAgent, probesOfMobileNode } from "./firewall_probes.ts";
import { judge, readRuleset, type Ruleset } from "./firewall_rules.ts";

const CHECK = "firewall";

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
    : probesOfMobileNode(configuration);
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
