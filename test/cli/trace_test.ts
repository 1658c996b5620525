import { assertEquals, assertThrows } from "@std/assert";
import { openTrace } from "../../cli/daemon/trace.ts";
import { Failure } from "../../cli/output/fault.ts";

const unexpected = (error: unknown) => {
  throw error;
};

Deno.test("trace: a JSON array of events, with microseconds since 1970, and a name for each row", () => {
  const path = Deno.makeTempFileSync();
  const before = Date.now();
  const startMs = performance.now();
  {
    using trace = openTrace(path, unexpected);
    trace.note("mobile node", "sendPacket", { destination: "2001:db8::1" });
    trace.span("data path", "setSockets", startMs);
    trace.note("mobile node", "setTunnel");
  }
  const events = JSON.parse(Deno.readTextFileSync(path));
  Deno.removeSync(path);
  const named = events.filter(({ name }: { name: string }) => name === "thread_name");
  assertEquals(named.map((event: { args: unknown }) => event.args), [
    { name: "mobile node" },
    { name: "data path" },
  ]);
  const [sent, span, set] = events.filter(({ ph }: { ph: string }) => ph !== "M");
  assertEquals([sent.name, sent.ph, sent.args], ["sendPacket", "i", { destination: "2001:db8::1" }]);
  assertEquals([span.name, span.ph, span.dur >= 0 && span.dur < 1e6], ["setSockets", "X", true]);
  assertEquals([set.tid, span.tid], [sent.tid, sent.tid + 1]);
  assertEquals(Math.abs(sent.ts / 1000 - before) < 1000 && set.ts >= sent.ts, true);
});

Deno.test("trace: what a killed daemon leaves is the array without its end", () => {
  const path = Deno.makeTempFileSync();
  using trace = openTrace(path, unexpected);
  trace.note("mobile node", "useCareOfAddress");
  const events = JSON.parse(Deno.readTextFileSync(path) + "]");
  assertEquals(events.at(-1).name, "useCareOfAddress");
  Deno.removeSync(path);
});

Deno.test("trace: a path that cannot be opened is a failure, a full disk is told once", () => {
  const error = assertThrows(() => openTrace("/nonexistent/trace.json", unexpected), Failure);
  assertEquals(error.message.startsWith("trace file /nonexistent/trace.json: "), true);
  const faults: unknown[] = [];
  using trace = openTrace("/dev/full", (error) => faults.push(error));
  trace.note("mobile node", "one");
  trace.note("mobile node", "two");
  assertEquals(faults.length, 1);
});
