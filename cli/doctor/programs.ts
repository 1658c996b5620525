import { findProgram } from "../daemon/find_program.ts";
import type { MobileNodeConfiguration } from "../configuration/record.ts";
import { fault, type Finding, ok } from "./finding.ts";

/** What [mobile_network] starts, and the Debian packages. */
const PROGRAMS = [
  { program: "radvd", package: "radvd" },
  { program: "dnsmasq", package: "dnsmasq-base" },
  { program: "setpriv", package: "util-linux" },
] as const;

export function checkPrograms({ mobileNetwork }: MobileNodeConfiguration): Finding[] {
  if (mobileNetwork?.serve !== true) return [];
  const check = "mobile network";
  const missing = PROGRAMS.filter(({ program }) => findProgram(program) === undefined);
  if (missing.length === 0) return [ok(check, "radvd, dnsmasq and setpriv are there")];
  const text = `${
    missing.map(({ program }) => program).join(", ")
  } missing: hosts on ${mobileNetwork.interfaceName} are not served`;
  return [
    fault(
      check,
      text,
      `apt-get install --no-install-recommends ${missing.map((one) => one.package).join(" ")}`,
    ),
  ];
}
