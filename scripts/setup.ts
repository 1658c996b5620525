/**
 * Makes a fresh Debian machine ready for the lab and the tests: as root it installs the packages that are
 * missing, otherwise it says how. Ends well either way: what needs a missing program says so by itself.
 */

/** A program (or file) and the Debian package that it comes from. */
export interface Need {
  readonly package: string;
  /** A name looked for in PATH and in the system's own places, or an absolute path. */
  readonly program: string;
}

export const NEEDS: readonly Need[] = [
  { package: "dnsmasq-base", program: "dnsmasq" },
  { package: "nftables", program: "nft" },
  { package: "radvd", program: "radvd" },
  { package: "iperf3", program: "iperf3" },
  { package: "tshark", program: "tshark" },
  { package: "iproute2", program: "ip" },
  { package: "iputils-ping", program: "ping" },
  { package: "tcpdump", program: "tcpdump" },
  { package: "python3-scapy", program: "/usr/lib/python3/dist-packages/scapy/__init__.py" },
  { package: "udhcpc", program: "udhcpc" },
  { package: "gcc", program: "gcc" },
  { package: "libc6-dev", program: "/usr/include/stdio.h" },
  { package: "linux-libc-dev", program: "/usr/include/linux/if_tun.h" },
];

/** What only tests need: judges of units, manual pages and completions. `--tests` asks for them, too. */
export const TEST_NEEDS: readonly Need[] = [
  { package: "strace", program: "strace" },
  { package: "man-db", program: "man" },
  { package: "groff-base", program: "groff" },
  { package: "zsh", program: "zsh" },
  { package: "fish", program: "fish" },
  { package: "systemd", program: "systemd-analyze" },
];

/** Where Debian keeps programs, also those that are not in an ordinary user's PATH. */
const SYSTEM_FOLDERS = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** The packages of the needs that this machine does not have. */
export function missingPackages(needs: readonly Need[], path: string, exists = isFile): string[] {
  const folders = new Set([...path.split(":").filter((folder) => folder.startsWith("/")), ...SYSTEM_FOLDERS]);
  const there = (program: string) =>
    program.startsWith("/") ? exists(program) : [...folders].some((folder) => exists(`${folder}/${program}`));
  return needs.filter((need) => !there(need.program)).map((need) => need.package);
}

/** The command that a person would type. */
export function installCommand(packages: readonly string[]): string {
  return `apt-get install --no-install-recommends ${packages.join(" ")}`;
}

/** What setUp needs of the machine; a test gives its own. */
export interface Machine {
  readonly isRoot: boolean;
  readonly hasApt: boolean;
  /** Runs apt-get with these words: its output when it failed, undefined when all is well. */
  readonly aptGet: (...words: string[]) => Promise<string | undefined>;
  readonly say: (line: string) => void;
}

/** Installs the packages where that is possible, and otherwise says what a person can do. */
export async function setUp(
  missing: readonly string[],
  { isRoot, hasApt, aptGet, say }: Machine,
): Promise<void> {
  if (missing.length === 0) return;
  if (isRoot && hasApt) {
    say(`Installing ${missing.join(" ")} ...`);
    const words = ["install", "--no-install-recommends", ...missing];
    // The lists of packages may be fresh enough; only when they are not is the longer way taken.
    if (await aptGet(...words) === undefined) return;
    const failure = await aptGet("update") ?? await aptGet(...words);
    if (failure === undefined) return;
    say(`${failure}\napt-get could not install them.`);
  }
  const how = hasApt
    ? `as root: ${installCommand(missing)}`
    : `the programs of the Debian packages ${missing.join(" ")}`;
  say(`To have everything, install ${how}\nGoing on without; what needs them says so.`);
}

/** apt-get without questions (tshark's package has one) and without waiting for ever for its lock. */
async function runAptGet(...words: string[]): Promise<string | undefined> {
  const command = new Deno.Command("apt-get", {
    args: ["-q", "-y", "-o", "DPkg::Lock::Timeout=120", ...words],
    env: { DEBIAN_FRONTEND: "noninteractive", DEBCONF_NONINTERACTIVE_SEEN: "true" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return success ? undefined : (decoder.decode(stdout) + decoder.decode(stderr)).trimEnd();
}

if (import.meta.main) {
  const needs = Deno.args.includes("--tests") ? [...NEEDS, ...TEST_NEEDS] : NEEDS;
  await setUp(missingPackages(needs, Deno.env.get("PATH") ?? ""), {
    isRoot: Deno.uid() === 0,
    hasApt: isFile("/usr/bin/apt-get"),
    aptGet: runAptGet,
    say: (line) => console.error(line),
  });
}
