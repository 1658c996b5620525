import { labEnvironment, runProgram } from "./process.ts";

interface Need {
  readonly program: string;
  /** The Debian package that has it. */
  readonly package: string;
}

const NEEDS: readonly Need[] = [
  { program: "ip", package: "iproute2" },
  { program: "nft", package: "nftables" },
  { program: "radvd", package: "radvd" },
  { program: "dnsmasq", package: "dnsmasq-base" },
  { program: "udhcpc", package: "udhcpc" },
  { program: "ping", package: "iputils-ping" },
  { program: "iperf3", package: "iperf3" },
  { program: "tshark", package: "tshark" },
  { program: "tcpdump", package: "tcpdump" },
  { program: "dumpcap", package: "wireshark-common" },
  { program: "setsid", package: "util-linux" },
];

/** How a lab can be run on this machine. */
export type Possibility =
  /** As it is. */
  | { readonly kind: "here" }
  /** In a user namespace that `unshare` makes. */
  | { readonly kind: "userNamespace" }
  /** Not at all; each line says what is missing and how to get it. */
  | { readonly kind: "impossible"; readonly missing: readonly string[] };

/** Set in the environment of a lab that runs in a user namespace of its own. */
export const IN_USER_NAMESPACE = "DSMIP_LAB_USER_NAMESPACE";

const TUN_DEVICE = "/dev/net/tun";

/** Finds out by trying, without leaving anything behind. */
export async function findPossibility(): Promise<Possibility> {
  const missing = [...missingPrograms(), ...missingTun()];
  if (missing.length > 0) return { kind: "impossible", missing };
  if (Deno.uid() === 0 && await canMakeNamespaces(["--net", "--mount"])) return { kind: "here" };
  if (await canMakeNamespaces(["--user", "--map-root-user", "--net", "--mount"])) {
    return { kind: "userNamespace" };
  }
  const why = Deno.uid() === 0
    ? "CAP_SYS_ADMIN: this root may not make network namespaces (in a container: run it with --privileged)"
    : "root, or user namespaces (sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0)";
  return { kind: "impossible", missing: [why] };
}

function missingPrograms(): string[] {
  const needs = NEEDS.filter(({ program }) => !isThere(program));
  if (needs.length === 0) return [];
  const packages = needs.map((need) => need.package).join(" ");
  const programs = needs.map(({ program }) => program).join(", ");
  return [`programs: ${programs}; as root: apt-get install --no-install-recommends ${packages}`];
}

function isThere(program: string): boolean {
  return labEnvironment().PATH.split(":").some((folder) => {
    try {
      return Deno.statSync(`${folder}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

function missingTun(): string[] {
  try {
    // Opening alone makes no interface.
    Deno.openSync(TUN_DEVICE, { read: true, write: true }).close();
    return [];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return [`${TUN_DEVICE}: as root: modprobe tun (in a container: run it with --device ${TUN_DEVICE})`];
    }
    return [`permission to open ${TUN_DEVICE}: as root: chmod 666 ${TUN_DEVICE}, or run this as root`];
  }
}

async function canMakeNamespaces(kinds: readonly string[]): Promise<boolean> {
  const { code } = await runProgram(["unshare", ...kinds, "true"]);
  return code === 0;
}

/** The command that runs a command as root of a user namespace with a /run of its own, where `ip netns` works. */
export function inUserNamespace(command: readonly string[]): string[] {
  const script = 'mount -t tmpfs tmpfs /run && exec "$@"';
  return ["unshare", "--user", "--map-root-user", "--net", "--mount", "sh", "-c", script, "sh", ...command];
}
