import { assertEquals } from "@std/assert";
import { ask } from "../../cli/doctor/probe.ts";

const MOST_PACKETS = 1_000_000;

Deno.test("doctor: a home agent that floods us with something else does not keep it for ever", async () => {
  let packets = 0;
  const flood = () => {
    if (packets++ > MOST_PACKETS) throw new Error("it reads on and on");
    return 1;
  };
  assertEquals(await ask(() => undefined, flood, () => false), "silent");
  // Behind much of it, the answer is found.
  packets = 0;
  assertEquals(await ask(() => undefined, flood, () => packets > 2000), "answered");
});
