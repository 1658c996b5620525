import { assertEquals } from "@std/assert";
import { type Benchmark, runBenchmark } from "../../bench/command_line.ts";
import { UsageError } from "../../cli/output/fault.ts";

/** How long the signal may take. */
const LIMIT_MS = 10_000;

/** A benchmark that ends as its one word says. */
const BENCHMARK: Benchmark<string> = {
  name: "bench:example",
  usage: "Usage: deno task bench:example WORD",
  parse: ([word]) => {
    if (word === "--unknown") throw new UsageError("there is no such option");
    return word;
  },
  run: async (word, signal) => {
    if (word === "fail") throw new Error("it failed");
    if (word !== "interrupt") return;
    const interrupted = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => interrupted.reject(signal.reason));
    const limit = setTimeout(() => interrupted.resolve(), LIMIT_MS);
    Deno.kill(Deno.pid, "SIGTERM");
    await interrupted.promise.finally(() => clearTimeout(limit));
  },
};

Deno.test("benchmarks: the exit status says how it ended", async () => {
  assertEquals(await runBenchmark(BENCHMARK, ["measure"]), 0);
  assertEquals(await runBenchmark(BENCHMARK, []), 0);
  assertEquals(await runBenchmark(BENCHMARK, ["fail"]), 1);
  assertEquals(await runBenchmark(BENCHMARK, ["--unknown"]), 2);
  assertEquals(await runBenchmark(BENCHMARK, ["interrupt"]), 130);
});
