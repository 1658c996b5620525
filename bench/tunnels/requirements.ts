import { Failure } from "../../cli/output/fault.ts";
import type { RunRequest } from "./options.ts";
import { describeMissing, isThere } from "./tools.ts";
import type { Need, Tunnel } from "./tunnel.ts";

const TUN_DEVICE = "/dev/net/tun";

/** What every measurement needs. */
const BASIC_NEEDS: readonly Need[] = [
  { program: "ip", package: "iproute2" },
  { program: "setsid", package: "util-linux" },
  { program: "gcc", package: "gcc" },
  { program: "/usr/include/linux/if_tun.h", package: "linux-libc-dev" },
  { program: "/usr/include/stdio.h", package: "libc6-dev" },
];

/** What is needed for this request. */
export function needsOf({ metrics, underlay }: Pick<RunRequest, "metrics" | "underlay">): Need[] {
  return [
    ...BASIC_NEEDS,
    ...(metrics.includes("rtt") ? [{ program: "ping", package: "iputils-ping" }] : []),
    ...(metrics.includes("tcp") ? [{ program: "iperf3", package: "iperf3" }] : []),
    ...(underlay !== "veth" ? [{ program: "ethtool", package: "ethtool" }] : []),
  ];
}

/** Throws where nothing can be measured here, with words that say what to do. */
export function checkMachine(request: Pick<RunRequest, "metrics" | "underlay">): void {
  if (Deno.build.os !== "linux") throw new Failure("the measurements need Linux");
  if (Deno.uid() !== 0) {
    throw new Failure("the measurements need root, for network namespaces and TUN devices");
  }
  const missing = describeMissing(needsOf(request));
  if (missing !== undefined) throw new Failure(missing);
  try {
    // Opening alone makes no device.
    Deno.openSync(TUN_DEVICE, { read: true, write: true }).close();
  } catch {
    throw new Failure(
      `${TUN_DEVICE} cannot be opened: modprobe tun (in a container: --device ${TUN_DEVICE})`,
    );
  }
}

/** Throws where the ends cannot have a processor each. */
export function checkProcessors({ pin }: Pick<RunRequest, "pin">, processors: number): void {
  if (!pin || processors > 1) return;
  throw new Failure("--pin gives each end a processor of its own: this machine has one");
}

/** The tunnels whose programs are there; the others are told. Throws when none is left. */
export function availableTunnels(
  tunnels: readonly Tunnel[],
  say: (line: string) => void,
  exists = isThere,
): Tunnel[] {
  const available = tunnels.filter(({ name, needs }) => {
    const missing = describeMissing(needs, exists);
    if (missing !== undefined) say(`${name} is left out: ${missing}`);
    return missing === undefined;
  });
  if (available.length === 0) throw new Failure("no tunnel is left to measure");
  return available;
}
