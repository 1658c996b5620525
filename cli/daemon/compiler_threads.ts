import { SCHED_IDLE, setSchedulingPolicy } from "../../ffi/scheduling.ts";

/** V8's names of its threads (15 octets, as the kernel keeps them): "V8 DefaultWorker". */
const COMPILER_THREAD = /^V8 /;

/**
 * V8 compiles on threads of its own what is called often, in the middle of the first packets and moves. From now on those
 * threads run where nothing else wants to: the kernel lets a thread that has just begun finish its slice, so that a packet
 * waited up to 5 ms behind them where other processors were taken. Nothing waits for what they compile, and they do not collect
 * garbage (--single-threaded-gc).
 */
export function letCompilerThreadsWait(): void {
  for (const { name } of Deno.readDirSync("/proc/self/task")) {
    if (COMPILER_THREAD.test(Deno.readTextFileSync(`/proc/self/task/${name}/comm`))) {
      setSchedulingPolicy(Number(name), SCHED_IDLE);
    }
  }
}
