import { check } from "./errno.ts";
import { cString } from "./c_string.ts";
import { loadLibc } from "./load_libc.ts";

/** Their numbers, from <linux/capability.h>. */
const CAPABILITIES = {
  CAP_DAC_READ_SEARCH: 2,
  CAP_SETPCAP: 8,
  CAP_NET_BIND_SERVICE: 10,
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_SYS_ADMIN: 21,
  CAP_BPF: 39,
} as const;

export type Capability = keyof typeof CAPABILITIES;

// <linux/capability.h>, <linux/prctl.h>
const LINUX_CAPABILITY_VERSION_3 = 0x20080522;
const LAST_CAPABILITY_NUMBER = 63;
const PR_SET_DUMPABLE = 4;
const PR_CAPBSET_READ = 23;
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_RAISE = 2;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;

// Of their own: a daemon that has nothing to give up loads none of them.
const processCalls = () =>
  loadLibc({
    // int prctl(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4, unsigned long arg5);
    prctl: { parameters: ["i32", "usize", "usize", "usize", "usize"], result: "i32" },
  });

const exchangeCalls = () =>
  loadLibc({
    // int capset(cap_user_header_t hdrp, const cap_user_data_t datap);
    capset: { parameters: ["buffer", "buffer"], result: "i32" },
    // int execv(const char *pathname, char *const argv[]);
    execv: { parameters: ["buffer", "buffer"], result: "i32" },
  });

/** What a process may, as a set of bits: capability number n is bit n. */
export type CapabilitySet = bigint;

export function capabilitySet(capabilities: Iterable<Capability>): CapabilitySet {
  return [...capabilities].reduce((set, name) => set | 1n << BigInt(CAPABILITIES[name]), 0n);
}

/** What this process may have (CapPrm of proc(5)). */
export function permittedCapabilities(): CapabilitySet {
  const line = /^CapPrm:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status"));
  return line === null ? 0n : BigInt(`0x${line[1]}`);
}

/** The process's memory, in which keys are, goes into no core dump, and other processes of this user cannot look at it. */
export function refuseDumps(): void {
  check(processCalls().prctl(PR_SET_DUMPABLE, 0n, 0n, 0n, 0n), "prctl PR_SET_DUMPABLE", "refuse core dumps");
}

/**
 * Starts the program of this process anew in its place, with these capabilities and with no way to get others: in the
 * bounding set too where this process may change that, and no program that it starts gets more. Capabilities belong to
 * threads, and the runtime has several by the time that any code of ours runs: only a new program has them on all.
 *
 * Does not return. @throws SystemError
 * @param command the path of the program, then all its arguments, with that of the name in front
 */
export function startAgainWith(
  kept: CapabilitySet,
  { program, argumentsWithName }: { readonly program: string; readonly argumentsWithName: readonly string[] },
): never {
  const { prctl } = processCalls();
  const { capset, execv } = exchangeCalls();
  const permitted = permittedCapabilities();
  const attempt = "give up capabilities";
  const set = (option: number, name: string, one = 0n, other = 0n) =>
    check(prctl(option, one, other, 0n, 0n), `prctl ${name}`, attempt);

  set(PR_SET_NO_NEW_PRIVS, "PR_SET_NO_NEW_PRIVS", 1n);
  if ((permitted & capabilitySet(["CAP_SETPCAP"])) !== 0n) {
    for (const number of numbersOf(~kept & BOUNDS)) {
      if (prctl(PR_CAPBSET_READ, BigInt(number), 0n, 0n, 0n) !== 1) continue;
      set(PR_CAPBSET_DROP, "PR_CAPBSET_DROP", BigInt(number));
    }
  }
  const left = permitted & kept;
  // struct __user_cap_header_struct; then effective, permitted, inheritable of the low 32 bits, and of the high ones.
  const low = Number(left & 0xffff_ffffn);
  const high = Number(left >> 32n);
  const header = new Uint32Array([LINUX_CAPABILITY_VERSION_3, 0]);
  check(capset(header, new Uint32Array([low, low, low, high, high, high])), "capset", attempt);
  set(PR_CAP_AMBIENT, "PR_CAP_AMBIENT_CLEAR_ALL", BigInt(PR_CAP_AMBIENT_CLEAR_ALL));
  for (const number of numbersOf(left)) {
    set(PR_CAP_AMBIENT, "PR_CAP_AMBIENT_RAISE", BigInt(PR_CAP_AMBIENT_RAISE), BigInt(number));
  }

  const words = argumentsWithName.map(cString);
  const addresses = words.map((word) => BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(word))));
  check(execv(cString(program), new BigUint64Array([...addresses, 0n])), "execv", `start ${program} again`);
  throw new Error("execv has returned");
}

const BOUNDS: CapabilitySet = (1n << BigInt(LAST_CAPABILITY_NUMBER + 1)) - 1n;

function numbersOf(set: CapabilitySet): number[] {
  return Array.from({ length: LAST_CAPABILITY_NUMBER + 1 }, (_, number) => number)
    .filter((number) => (set >> BigInt(number) & 1n) === 1n);
}
