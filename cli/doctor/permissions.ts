import { type Capability, type CapabilitySet, capabilitySet } from "../../ffi/capabilities.ts";
import { fault, type Finding, ok } from "./finding.ts";

export function hasCapability(set: CapabilitySet, name: Capability): boolean {
  return (set & capabilitySet([name])) !== 0n;
}

/** @param needed what the daemon goes on with, see least_privilege.ts */
export function checkPermissions(permitted: CapabilitySet, needed: ReadonlySet<Capability>): Finding {
  const check = "permissions";
  const missing = [...needed].filter((name) => !hasCapability(permitted, name));
  const names = [...needed].join(", ");
  return missing.length === 0 ? ok(check, `${names}: all there`) : fault(
    check,
    `${missing.join(", ")} missing: no interfaces, routes and sockets as dsmip needs them`,
    `run as root, or as a service with AmbientCapabilities=${[...needed].join(" ")}`,
  );
}
