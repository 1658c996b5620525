import { run, until } from "../ffi/in_namespace.ts";

/** Of systemd's own units, what services need by default: nothing that touches the machine below. */
const OWN_UNITS =
  "sysinit basic multi-user shutdown network network-online network-pre paths slices sockets timers local-fs " +
  "local-fs-pre swap umount final exit";

/**
 * A systemd of its own in namespaces of its own: processes, mounts, network, control groups. Files are those of this machine,
 * with what is written kept in memory; of the kernel's parameters only those of its network can be written.
 */
const SCRIPT = `set -e
mount --make-rprivate /
mount -t proc proc /proc
mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys
mount --bind /proc/sys/net /proc/sys/net; mount -o remount,bind,rw /proc/sys/net
umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup
umount -lR /run/netns 2>/dev/null || true
mount -t tmpfs -o mode=755 run /run
mkdir /run/upper /run/dev /run/netns /run/out; mount -t tmpfs upper /run/upper
for folder in etc usr; do
  mkdir /run/upper/$folder /run/upper/$folder.work
  mount -t overlay overlay -o lowerdir=/$folder,upperdir=/run/upper/$folder,workdir=/run/upper/$folder.work /$folder
done
for folder in lib cache log; do mount -t tmpfs -o mode=755 var /var/$folder; done
mount -t tmpfs -o mode=755 dev /run/dev; cd /run/dev
for device in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
  set -- $device; mknod -m 666 $1 c $2 $3
done
mkdir net pts shm; mknod -m 666 net/tun c 10 200; ln -s /proc/self/fd fd; ln -s pts/ptmx ptmx
mount -t devpts -o newinstance,ptmxmode=666 devpts pts
mount --rbind /run/dev /dev
cp -a /lib/systemd/system /run/units; mount -t tmpfs units /lib/systemd/system
for unit in ${OWN_UNITS}; do cp -a /run/units/$unit.target /lib/systemd/system/; done
mount -t tmpfs generators /lib/systemd/system-generators
mount -t tmpfs units /etc/systemd/system
hostname dsmip-test
cd /
. "$0"
export container=dsmip-test
exec /lib/systemd/systemd --system --unit=basic.target --log-target=null --show-status=no
`;

/** Undefined where one can be had here; otherwise what is missing. */
export function whyNoSystemd(): string | undefined {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "root";
  for (const path of ["/lib/systemd/systemd", "/usr/bin/systemctl", "/usr/bin/nsenter", "/usr/bin/unshare"]) {
    if (!isThere(path)) return path;
  }
  if (!Deno.readTextFileSync("/proc/filesystems").includes("overlay")) return "overlay in the kernel";
  return controlGroups() === undefined ? "control groups of version 2" : undefined;
}

/** Where control groups of version 2 are mounted. */
function controlGroups(): string | undefined {
  return /^\S+ (\S+) cgroup2 rw/m.exec(Deno.readTextFileSync("/proc/mounts"))?.[1];
}

export class SystemdMachine {
  readonly #process: Deno.ChildProcess;
  readonly #group: string;
  readonly #preparation = Deno.makeTempFileSync({ prefix: "dsmip-test-" });
  #init = "";

  /** @param preparation a shell script that is run inside, before systemd: units, files, networks */
  static async start(preparation: string): Promise<SystemdMachine> {
    const machine = new SystemdMachine(preparation);
    try {
      await until("systemd", () => machine.#isUp(), 10_000);
    } catch (error) {
      await machine.stop();
      throw error;
    }
    return machine;
  }

  private constructor(preparation: string) {
    this.#group = `${controlGroups()}/dsmip-test-${Deno.pid}`;
    Deno.mkdirSync(this.#group);
    Deno.writeTextFileSync(this.#preparation, preparation);
    const namespaces = ["--pid", "--mount", "--net", "--cgroup", "--ipc", "--uts", "--fork", "--kill-child"];
    // The group first: the new namespace of control groups begins there.
    const inGroup = 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"';
    this.#process = new Deno.Command("sh", {
      args: [
        "-c",
        inGroup,
        "sh",
        this.#group,
        "unshare",
        ...namespaces,
        "sh",
        "-c",
        SCRIPT,
        this.#preparation,
      ],
      stdin: "null",
      stdout: "null",
    }).spawn();
  }

  /** What a command that is run inside has printed. @throws where it fails */
  run(...command: string[]): string {
    return run("nsenter", "-t", this.#init, "-a", ...command);
  }

  /** A property of a service. */
  property(unit: string, name: string): string {
    return this.run("systemctl", "show", "--property", name, "--value", unit).trim();
  }

  async stop(): Promise<void> {
    // Its child goes with it, and all that is in that one's namespace.
    this.#process.kill("SIGKILL");
    await this.#process.status;
    Deno.removeSync(this.#preparation);
    await until("the end of all of it", () => removeGroups(this.#group), 10_000);
  }

  #isUp(): boolean {
    const { pid } = this.#process;
    this.#init = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim();
    const args = ["-t", this.#init, "-a", "systemctl", "is-active", "basic.target"];
    return this.#init !== "" &&
      new Deno.Command("nsenter", { args, stdout: "null", stderr: "null" }).outputSync().success;
  }
}

/** A group goes when nothing is in it any more, and so those in it first. */
function removeGroups(path: string): boolean {
  for (const { name, isDirectory } of Deno.readDirSync(path)) {
    if (isDirectory && !removeGroups(`${path}/${name}`)) return false;
  }
  try {
    Deno.removeSync(path);
    return true;
  } catch {
    return false;
  }
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
