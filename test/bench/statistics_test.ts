import { assertEquals, assertThrows } from "@std/assert";
import { METRICS } from "../../bench/tunnels/metrics.ts";
import { rotated } from "../../bench/tunnels/run.ts";
import {
  formatValue,
  isOurs,
  median,
  percentile,
  rankings,
  summarise,
} from "../../bench/tunnels/statistics.ts";
import { sample } from "./example.ts";

Deno.test("bench statistics: the median", () => {
  assertEquals(median([7]), 7);
  assertEquals(median([10, 9, 100]), 10);
  assertEquals(median([4, 1, 3, 2]), 2.5);
  assertThrows(() => median([]), RangeError);
});

Deno.test("bench statistics: percentiles by nearest rank", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  assertEquals(percentile(hundred, 0.99), 99);
  assertEquals(percentile(hundred, 0.5), 50);
  assertEquals(percentile(hundred, 0), 1);
  assertEquals(percentile(hundred, 1), 100);
  assertEquals(percentile([5], 0.99), 5);
  assertThrows(() => percentile([], 0.5), RangeError);
});

Deno.test("bench statistics: disturbed samples count only where there is no other", () => {
  const clean = [sample("x", "start_ms", 3), sample("x", "start_ms", 5)];
  const noisy = [sample("x", "start_ms", 100, true), sample("x", "start_ms", 200, true)];
  assertEquals(summarise("x", [...noisy, ...clean]), {
    tunnel: "x",
    median: 4,
    least: 3,
    most: 5,
    count: 2,
    noisy: false,
  });
  assertEquals(summarise("x", noisy), {
    tunnel: "x",
    median: 150,
    least: 100,
    most: 200,
    count: 2,
    noisy: true,
  });
});

Deno.test("bench statistics: every metric with the best tunnel first", () => {
  const ranked = rankings({
    samples: [
      sample("slow", "tcp_mbit", 100),
      sample("fast", "tcp_mbit", 900),
      sample("slow", "start_ms", 50),
      sample("fast", "start_ms", 10),
      sample("equal", "start_ms", 10),
      sample("old", "a_metric_of_the_past", 1),
    ],
  });
  assertEquals(
    ranked.map(({ metric, summaries }) => [metric.name, ...summaries.map(({ tunnel }) => tunnel)]),
    [["start_ms", "equal", "fast", "slow"], ["tcp_mbit", "fast", "slow"]],
  );
  assertEquals(rankings({ samples: [] }), []);
});

Deno.test("bench statistics: numbers for people", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0"],
    [0.00012, "0"],
    [0.0456, "0.046"],
    [1.234, "1.23"],
    [9.999, "10"],
    [45.67, "45.7"],
    [456.7, "457"],
    [1234.5, "1,235"],
    [254610, "254,610"],
    [-3.21, "-3.21"],
  ];
  for (const [value, text] of cases) assertEquals(formatValue(value), text);
});

Deno.test("bench statistics: which rows are ours", () => {
  assertEquals(["dsmip", "dsmip-41", "dsmipx", "veth"].map(isOurs), [true, true, false, false]);
});

Deno.test("bench: every run begins with another tunnel", () => {
  const items = ["a", "b", "c"];
  assertEquals([0, 1, 2, 3].map((run) => rotated(items, run).join("")), ["abc", "bca", "cab", "abc"]);
  assertEquals(rotated([], 3), []);
});

Deno.test("bench: no two metrics have one name", () => {
  assertEquals(new Set(METRICS.map(({ name }) => name)).size, METRICS.length);
});
