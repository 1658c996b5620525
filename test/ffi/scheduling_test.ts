import { assert, assertEquals } from "@std/assert";
import { OwnScheduling, SCHED_BATCH, SCHED_OTHER } from "../../ffi/scheduling.ts";
import { policyOf } from "./thread_policies.ts";

const NO_SUCH_POLICY = 77;

Deno.test("scheduling: the kernel has the policy that the calling thread took", () => {
  using scheduling = OwnScheduling.open();
  assert(scheduling !== undefined);
  assert(scheduling.setPolicy(SCHED_BATCH));
  assertEquals(policyOf("/proc/thread-self"), SCHED_BATCH);
  assert(scheduling.setPolicy(SCHED_OTHER));
  assertEquals(policyOf("/proc/thread-self"), SCHED_OTHER);
});

Deno.test("scheduling: a policy that the kernel refuses changes nothing", () => {
  using scheduling = OwnScheduling.open();
  assertEquals(scheduling!.setPolicy(NO_SUCH_POLICY), false);
  assertEquals(policyOf("/proc/thread-self"), SCHED_OTHER);
});

Deno.test("scheduling: how long a thread has waited is what /proc says, and only grows", () => {
  using scheduling = OwnScheduling.open();
  assert(scheduling !== undefined);
  const inProc = () => Number(Deno.readTextFileSync("/proc/thread-self/schedstat").split(" ")[1]) / 1e6;
  for (let time = 0; time < 100; time++) {
    const before = inProc();
    const waited = scheduling.waitedMs();
    assert(before <= waited && waited <= inProc(), `${before} <= ${waited}`);
  }
});
