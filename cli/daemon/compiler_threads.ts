import { SCHED_IDLE, setSchedulingPolicy } from "../../ffi/scheduling.ts";

const THREADS = "/proc/self/task";
/** V8's names of its threads (15 octets, as the kernel keeps them): "V8 DefaultWorker". */
const COMPILER_THREAD = /^V8 /;

/**
 * V8 compiles on threads of its own what is called often, in the middle of the first packets and moves. From now on those
 * threads run where nothing else wants to: the kernel lets a thread that has just begun finish its slice, so that a packet
 * waited up to 5 ms behind them where other processors were taken. No thread of ours waits for what they compile, nor do they
 * collect its garbage (--single-threaded-gc).
 */
export function letCompilerThreadsWait(): void {
  for (const { name } of Deno.readDirSync(THREADS)) {
    if (COMPILER_THREAD.test(threadName(name))) setSchedulingPolicy(Number(name), SCHED_IDLE);
  }
}

/** Empty: the thread has just ended. */
function threadName(thread: string): string {
  try {
    return Deno.readTextFileSync(`${THREADS}/${thread}/comm`);
  } catch {
    return "";
  }
}
