import type { Conditions } from "./results.ts";

/** What /proc tells of this machine and its processes. Times are in clock ticks, 100 a second on Linux. */

export const TICKS_PER_SECOND = 100;

/** A kernel thread, which works for everybody; see proc(5), flags. */
const KERNEL_THREAD = 0x0020_0000;

export interface MachineTimes {
  readonly busy: number;
  /** Taken by the hypervisor while this machine wanted to run. */
  readonly steal: number;
  readonly idle: number;
}

export function machineTimes(text = Deno.readTextFileSync("/proc/stat")): MachineTimes {
  const line = text.slice(0, text.indexOf("\n"));
  const [user, nice, system, idle, ioWait, interrupt, softInterrupt, steal] = line.split(/\s+/).slice(1).map(
    Number,
  );
  return { busy: user + nice + system + interrupt + softInterrupt, steal, idle: idle + ioWait };
}

export interface ProcessTimes {
  readonly pid: number;
  /** User and system time of all its threads. */
  readonly ticks: number;
  /** The network namespace, as "net:[4026531833]". */
  readonly network: string;
}

/** All processes but kernel threads and this one. What ends meanwhile is left out. */
export function processes(): ProcessTimes[] {
  return [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === Deno.pid) return [];
    try {
      const fields = statFields(Deno.readTextFileSync(`/proc/${pid}/stat`));
      if (fields.flags & KERNEL_THREAD) return [];
      return [{ pid, ticks: fields.ticks, network: networkOf(pid) }];
    } catch {
      return [];
    }
  });
}

/** What is used of /proc/PID/stat: the name in parentheses may hold anything. */
export function statFields(text: string): { readonly flags: number; readonly ticks: number } {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { flags: Number(fields[6]), ticks: Number(fields[11]) + Number(fields[12]) };
}

/** The network namespace of a process. */
export function networkOf(pid: number): string {
  return Deno.readLinkSync(`/proc/${pid}/ns/net`);
}

/** Resident memory of a process in KB, now and the most so far; zeros when it has ended. */
export function memoryOf(pid: number): { readonly now: number; readonly most: number } {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/status`);
    const field = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(text)?.[1] ?? 0);
    return { now: field("VmRSS"), most: field("VmHWM") };
  } catch {
    return { now: 0, most: 0 };
  }
}

/** Whether the network device is there, where the process is. */
export function hasDevice(pid: number, device: string): boolean {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/net/dev`).split("\n").some((line) =>
      line.trimStart().startsWith(`${device}:`)
    );
  } catch {
    return false;
  }
}

/** The global IPv6 address of a network device, where the process is; see proc_net's if_inet6. */
export function globalAddress(pid: number, device: string): string | undefined {
  try {
    for (const line of Deno.readTextFileSync(`/proc/${pid}/net/if_inet6`).split("\n")) {
      const [digits, _index, _length, scope, _flags, name] = line.trim().split(/\s+/);
      if (name === device && scope === "00") return digits.match(/.{4}/g)!.join(":");
    }
  } catch {
    // The process has ended.
  }
  return undefined;
}

/** Whether somebody listens on the port, where the process is. */
export function isListening(pid: number, protocol: "tcp" | "udp", port: number): boolean {
  const state = protocol === "tcp" ? "0A" : "07";
  const wanted = new RegExp(`:${port.toString(16).toUpperCase().padStart(4, "0")} [0-9A-F]+:0000 ${state} `);
  return [protocol, `${protocol}6`].some((table) => {
    try {
      return wanted.test(Deno.readTextFileSync(`/proc/${pid}/net/${table}`));
    } catch {
      return false;
    }
  });
}

/** What a reader of the results wants to know of the machine. */
export function machineConditions(): Pick<Conditions, "kernel" | "processor" | "processors" | "memoryMb"> {
  const model = /^model name\s*:\s*(.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1];
  return {
    kernel: Deno.osRelease(),
    processor: model?.trim() ?? Deno.build.arch,
    processors: navigator.hardwareConcurrency,
    memoryMb: Math.round(Deno.systemMemoryInfo().total / 2 ** 20),
  };
}
