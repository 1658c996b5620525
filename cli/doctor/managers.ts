import { type Finding, ok, warning } from "./finding.ts";

/** A program that configures interfaces. */
interface Manager {
  /** As /proc/PID/comm has it: 15 octets at most. */
  readonly process: string;
  readonly name: string;
  /** How to make it leave an interface alone. */
  readonly leave: (interfaceName: string) => string;
}

const MANAGERS: readonly Manager[] = [
  {
    process: "NetworkManager",
    name: "NetworkManager",
    leave: (name) => `nmcli device set ${name} managed no`,
  },
  {
    process: "systemd-network",
    name: "systemd-networkd",
    leave: (name) =>
      `write "[Match] Name=${name} [Link] Unmanaged=yes" into /etc/systemd/network/00-dsmip.network`,
  },
  {
    process: "dhcpcd",
    name: "dhcpcd",
    leave: (name) => `write "denyinterfaces ${name}" into /etc/dhcpcd.conf`,
  },
  {
    process: "dhclient",
    name: "dhclient",
    leave: (name) => `take ${name} out of /etc/network/interfaces: ifdown ${name}`,
  },
  {
    process: "udhcpc",
    name: "udhcpc",
    leave: (name) => `take ${name} out of /etc/network/interfaces: ifdown ${name}`,
  },
  {
    process: "connmand",
    name: "ConnMan",
    leave: (name) => `write "NetworkInterfaceBlacklist=${name}" into /etc/connman/main.conf`,
  },
];

/** What there is to know of a machine's programs; a test gives its own. */
export interface ProgramsSource {
  /** Names of the processes in this network namespace, and of those that may be in it. */
  readonly processes: ReadonlySet<string>;
  /** Asks NetworkManager, whether it has the interface; undefined where that cannot be asked. */
  readonly isManagedByNetworkManager: (interfaceName: string) => boolean | undefined;
}

/** Does somebody else configure the egress, and is that what the configuration says? */
export function checkManagers(
  { egress, manage }: { readonly egress: readonly string[]; readonly manage: boolean },
  { processes, isManagedByNetworkManager }: ProgramsSource,
): Finding[] {
  const check = "other programs";
  const running = MANAGERS.filter(({ process }) => processes.has(process));
  return egress.map((name) => {
    const others = running.filter(({ process }) =>
      process !== "NetworkManager" || isManagedByNetworkManager(name) !== false
    );
    const names = others.map((one) => one.name).join(", ");
    if (manage && others.length > 0) {
      const advice = `${others.map(({ leave }) => leave(name)).join("; ")}; or set manage = false`;
      return warning(check, `${names} may configure ${name}, too: addresses and routes come and go`, advice);
    }
    return ok(check, others.length === 0 ? `none configures ${name}` : `${names} configures ${name}`);
  });
}

/** Reads /proc; processes of other network namespaces do not count. */
export function readPrograms(): ProgramsSource {
  const own = namespaceOf("self");
  const processes = new Set<string>();
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const namespace = namespaceOf(name);
    // Where this user may not see it, it may be this one.
    if (namespace !== undefined && namespace !== own) continue;
    try {
      processes.add(Deno.readTextFileSync(`/proc/${name}/comm`).trim());
    } catch {
      // It has ended in the meantime.
    }
  }
  return { processes, isManagedByNetworkManager };
}

function namespaceOf(process: string): string | undefined {
  try {
    return Deno.readLinkSync(`/proc/${process}/ns/net`);
  } catch {
    return undefined;
  }
}

function isManagedByNetworkManager(interfaceName: string): boolean | undefined {
  try {
    const { success, stdout } = new Deno.Command("nmcli", {
      args: ["-t", "-f", "GENERAL.STATE", "device", "show", interfaceName],
      stdin: "null",
      stderr: "null",
    }).outputSync();
    // "GENERAL.STATE:10 (unmanaged)"
    return success ? !/^GENERAL\.STATE:10\b/m.test(new TextDecoder().decode(stdout)) : undefined;
  } catch {
    return undefined;
  }
}
