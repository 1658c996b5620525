import { cString } from "./c_string.ts";
import { dataPathCalls } from "./data_path_calls.ts";
import { loadLibc } from "./load_libc.ts";

const calls = loadLibc({
  // int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param);  pid: a thread, or 0 for the caller
  setScheduler: { name: "sched_setscheduler", parameters: ["i32", "i32", "buffer"], result: "i32" },
  // int open(const char *pathname, int flags);
  open: { parameters: ["buffer", "i32"], result: "i32" },
  // ssize_t pread(int fd, void *buf, size_t count, off_t offset);
  pread: { parameters: ["i32", "pointer", "usize", "i64"], result: "i32" },
});

// <linux/sched.h>
/** As every thread: interrupts one that has run for longer. */
export const SCHED_OTHER = 0;
/** Interrupts no other thread: it waits until that sleeps, or has used up its slice. */
export const SCHED_BATCH = 3;

// <fcntl.h>
const O_RDONLY = 0;
const O_CLOEXEC = 0o2000000;

/** struct sched_param { int sched_priority; }, which is 0 for these policies. */
const NO_PRIORITY = new Int32Array(1);
const CALLING_THREAD = 0;
/**
 * Three numbers of 20 digits at most, two spaces and a line feed. As C's size_t and off_t these are bigint: a number there costs
 * V8 the optimised code of whoever calls, each time.
 */
const SCHEDSTAT_OCTETS = 63n;
const FROM_THE_START = 0n;
const SPACE = 0x20;
const DIGIT_ZERO = 0x30;

/** The thread that opens it, as the scheduler sees it. To be used by that thread only. */
export class OwnScheduling implements Disposable {
  readonly #file: number;
  readonly #text = new Uint8Array(Number(SCHEDSTAT_OCTETS));
  readonly #textPointer = Deno.UnsafePointer.of(this.#text);

  private constructor(file: number) {
    this.#file = file;
  }

  /** Undefined where the kernel does not say how long a thread has waited (CONFIG_SCHED_INFO, /proc). */
  static open(): OwnScheduling | undefined {
    const file = calls.open(cString("/proc/thread-self/schedstat"), O_RDONLY | O_CLOEXEC);
    return file < 0 ? undefined : new OwnScheduling(file);
  }

  /** Changes its policy (sched(7)). False where that is not allowed, by seccomp for example. */
  setPolicy(policy: number): boolean {
    return calls.setScheduler(CALLING_THREAD, policy, NO_PRIORITY) === 0;
  }

  /** Milliseconds in which this thread could have run and had no processor, ever since it began (proc_pid_schedstat(5)). */
  waitedMs(): number {
    const octets = calls.pread(this.#file, this.#textPointer, SCHEDSTAT_OCTETS, FROM_THE_START);
    let at = 0;
    while (at < octets && this.#text[at] !== SPACE) at++;
    let nanoseconds = 0;
    for (at++; at < octets && this.#text[at] !== SPACE; at++) {
      nanoseconds = nanoseconds * 10 + this.#text[at] - DIGIT_ZERO;
    }
    return nanoseconds / 1_000_000;
  }

  [Symbol.dispose](): void {
    dataPathCalls.close(this.#file);
  }
}
