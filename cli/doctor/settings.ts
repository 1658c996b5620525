import { forwardedFamilies, FORWARDING } from "../daemon/forwarding.ts";
import type { HomeAgentConfiguration, MobileNodeConfiguration } from "../configuration/record.ts";
import { fault, type Finding, ok } from "./finding.ts";
import type { Machine } from "./machine.ts";

const STRICT = "1";
const LOOSE = "2";

/** A home agent is a router. */
export function checkForwarding(
  { settings, forwarding, file }: HomeAgentConfiguration,
  { readSetting, canSet }: Machine,
): Finding[] {
  return forwardedFamilies(settings).map((family) => {
    const check = `IPv${family} forwarding`;
    const key = FORWARDING[family];
    if (readSetting(key) !== "0") return ok(check, "on");
    if (forwarding && canSet) return ok(check, `off now; dsmip switches it on (${file}: forwarding)`);
    const byHand = `sysctl -w ${key.replaceAll("/", ".")}=1`;
    const text = "off: no packets pass between mobile nodes and other hosts";
    return fault(
      check,
      text,
      forwarding ? `${byHand} (dsmip may not set it here)` : `${byHand}, or forwarding = true in ${file}`,
    );
  });
}

/** What comes to an egress comes from where the tunnel leads: a strict filter would drop it. */
export function checkReversePathFilter(
  { egress, manage, settings }: MobileNodeConfiguration,
  { readSetting, canSet }: Machine,
): Finding[] {
  const check = "reverse path filter";
  // Otherwise no route of ours changes where IPv4 answers leave.
  if (!settings.dsmip || !manage && settings.ipv4HomeAddress === undefined) return [];
  return egress.map((name) => {
    const filters = ["all", name].map((conf) => readSetting(`net/ipv4/conf/${conf}/rp_filter`));
    if (!filters.includes(STRICT) || filters.includes(LOOSE)) {
      return ok(check, `lets the tunnel through on ${name}`);
    }
    if (canSet) return ok(check, `strict on ${name} now; dsmip makes it loose while it runs`);
    const text = `strict on ${name}, and dsmip may not change it: packets of the tunnel are dropped`;
    return fault(check, text, `sysctl -w net.ipv4.conf.${name}.rp_filter=${LOOSE}`);
  });
}

/** Everything that a mobile node does to an interface goes through /proc/sys. */
export function checkSettings({ canSet }: Machine): Finding {
  const check = "kernel parameters";
  if (canSet) return ok(check, "can be set");
  return fault(
    check,
    "cannot be set (/proc/sys is read-only, or this is not root): movement detection needs that",
    "run as root; in a container, mount /proc/sys for writing",
  );
}
