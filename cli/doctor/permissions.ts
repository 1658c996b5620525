import { fault, type Finding, ok } from "./finding.ts";

/** Bits of the capability sets in /proc/PID/status (capability.h). */
const CAPABILITIES = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13, CAP_SYS_ADMIN: 21 } as const;
export type Capability = keyof typeof CAPABILITIES;

/** The capabilities that this process has now. */
export function effectiveCapabilities(status: string): ReadonlySet<Capability> {
  const set = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  const names = Object.keys(CAPABILITIES) as Capability[];
  return new Set(names.filter((name) => (set >> BigInt(CAPABILITIES[name]) & 1n) === 1n));
}

/** What the daemons need: interfaces, routes and rules, and raw sockets. */
export function checkPermissions(capabilities: ReadonlySet<Capability>): Finding {
  const missing = (["CAP_NET_ADMIN", "CAP_NET_RAW"] as const).filter((name) => !capabilities.has(name));
  const check = "permissions";
  return missing.length === 0 ? ok(check, "CAP_NET_ADMIN and CAP_NET_RAW are there") : fault(
    check,
    `${missing.join(" and ")} missing: no interfaces, routes and raw sockets without`,
    "run as root, or as a service with AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW",
  );
}
