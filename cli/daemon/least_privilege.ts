import {
  type Capability,
  capabilitySet,
  permittedCapabilities,
  refuseDumps,
  startAgainWith,
} from "../../ffi/capabilities.ts";
import { readConfigurationText } from "../configuration/configuration_text.ts";
import { folderOf } from "../configuration/path.ts";

/** Needed by every daemon: interfaces, routes, the TUN device; raw sockets. */
export const ALWAYS: readonly Capability[] = ["CAP_NET_ADMIN", "CAP_NET_RAW"];

/** Needed where one of these words stands in the configuration. */
const NEEDED_FOR: readonly (readonly [Capability, RegExp])[] = [
  // dnsmasq on port 67; DHCPv6 on ports 546 and 547; a port that the administrator chooses.
  [
    "CAP_NET_BIND_SERVICE",
    uncommented("mobile_network|request_prefixes|mobile_network_pool|port|local_port"),
  ],
  // The program in the kernel that gives packets to workers (ffi/tun_steering.ts).
  ["CAP_BPF", uncommented("workers")],
];

/**
 * Gives up what this daemon has no use for. Where the process has more capabilities than its configuration needs, the
 * program starts once more in its place with only those: on every thread, and for what it starts. That takes some 20 ms,
 * so this comes before anything else is loaded; who starts the daemon with the right ones (the units in packaging/) does not
 * wait. Core dumps and other processes' looks into its memory are refused in any case.
 *
 * @param config the file as the command line names it; where it cannot be read, its reader says so later
 */
export function keepLeastPrivilege(config: string): void {
  const kept = capabilitySet(neededCapabilities(config));
  const permitted = permittedCapabilities();
  // Root gets back all that is in the bounding set: without the right to change that, nothing is gained.
  const canGiveUp = (permitted & capabilitySet(["CAP_SETPCAP"])) !== 0n || Deno.uid() !== 0;
  if ((permitted & ~kept) !== 0n && canGiveUp) {
    // What has been given up is not asked for, not even at a terminal.
    Deno.env.set("DENO_NO_PROMPT", "1");
    // Nor does the runtime ask the Internet for a newer one of itself, half a second after its start.
    Deno.env.set("DENO_NO_UPDATE_CHECK", "1");
    const argumentsWithName = Deno.readTextFileSync("/proc/self/cmdline").split("\0").slice(0, -1);
    startAgainWith(kept, { program: Deno.execPath(), argumentsWithName });
  }
  refuseDumps();
}

/**
 * What the configuration needs. It errs on the side of one too many: TOML has many ways to write a key, so a word counts
 * wherever it stands, whatever its value; and whoever reads the configuration from a pipe, which cannot be read twice, keeps
 * all.
 */
export function neededCapabilities(config: string): ReadonlySet<Capability> {
  const text = readRegularFile(config);
  if (text === undefined) return new Set([...ALWAYS, ...NEEDED_FOR.map(([capability]) => capability)]);
  const needed = new Set(ALWAYS);
  for (const [capability, words] of NEEDED_FOR) if (words.test(text)) needed.add(capability);
  if (Deno.uid() === 0 && readPaths(config).some(isInClosedFolder)) needed.add("CAP_DAC_READ_SEARCH");
  return needed;
}

/** One of the words, on a line that is no comment. */
function uncommented(words: string): RegExp {
  return new RegExp(String.raw`^(?![ \t]*#).*\b(${words})\b`, "m");
}

/** Undefined where there is none, or one that its reader will refuse. */
function readRegularFile(path: string): string | undefined {
  try {
    return Deno.statSync(path).isFile ? readConfigurationText(path) : undefined;
  } catch {
    return undefined;
  }
}

/** Where this program and what it reads are: the runtime, the program and its cache, the configuration. */
function readPaths(config: string): string[] {
  const program = decodeURIComponent(new URL(Deno.mainModule).pathname);
  return [Deno.execPath(), program, `${Deno.env.get("HOME") ?? ""}/.cache`, config];
}

/**
 * Is it somewhere in a folder of another user that others may not pass, as home folders often are? Root passes by a
 * capability only.
 */
function isInClosedFolder(path: string): boolean {
  try {
    for (let folder = folderOf(Deno.realPathSync(path)); folder !== "/"; folder = folderOf(folder)) {
      const { uid, mode } = Deno.statSync(folder);
      if (uid !== 0 && ((mode ?? 0) & 0o001) === 0) return true;
    }
  } catch {
    // It is not there.
  }
  return false;
}
