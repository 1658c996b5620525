import { assert, assertEquals } from "@std/assert";
import { machineTimes, processes, statFields } from "../../bench/tunnels/machine.ts";
import { roundTripsUs } from "../../bench/tunnels/measure/rtt.ts";
import { disturbance, foreignTicks } from "../../bench/tunnels/meter.ts";

Deno.test("bench machine: the first line of /proc/stat", () => {
  const text = "cpu  10 20 30 400 50 6 7 8 0 0\ncpu0 5 10 15 200 25 3 3 4 0 0\n";
  assertEquals(machineTimes(text), { busy: 73, steal: 8, idle: 450 });
  assert(machineTimes().idle > 0);
});

Deno.test("bench machine: a process whose name has spaces and brackets", () => {
  const text = "12 (a (b) c) S 1 12 12 0 -1 4194304 9 0 0 0 250 150 7 8 20 0 1 0 100 0 0";
  assertEquals(statFields(text), { flags: 4194304, ticks: 400 });
});

Deno.test("bench machine: all processes but this one", () => {
  const all = processes();
  assert(all.length > 0);
  assert(all.every(({ pid, network }) => pid !== Deno.pid && network.startsWith("net:[")));
});

Deno.test("bench meter: what others used meanwhile", () => {
  const before = new Map([[1, 100], [2, 50], [3, 70]]);
  // 1 worked, 2 has ended, 3 is another process by now, 4 is new.
  const after = new Map([[1, 130], [3, 5], [4, 2]]);
  assertEquals(foreignTicks(before, after), 37);
});

Deno.test("bench meter: when a measurement was disturbed", () => {
  const quiet = { foreignTicks: 0, stealTicks: 0, busyTicks: 900, seconds: 5, processors: 2 };
  assertEquals(disturbance(quiet), { noisy: false, foreignPercent: 0, stealPercent: 0 });
  assertEquals(disturbance({ ...quiet, foreignTicks: 40 }).noisy, false);
  assertEquals(disturbance({ ...quiet, foreignTicks: 41 }), {
    noisy: true,
    foreignPercent: 8.2,
    stealPercent: 0,
  });
  assertEquals(disturbance({ ...quiet, stealTicks: 200, busyTicks: 799 }), {
    noisy: true,
    foreignPercent: 0,
    stealPercent: 20,
  });
  // Much of what was wanted, but next to nothing of the machine.
  assertEquals(disturbance({ ...quiet, stealTicks: 10, busyTicks: 39 }).noisy, false);
});

Deno.test("bench rtt: the times that ping prints", () => {
  const text = `PING fd00:99::2(fd00:99::2) 56 data bytes
64 bytes from fd00:99::2: icmp_seq=1 ttl=64 time=0.206 ms
64 bytes from fd00:99::2: icmp_seq=2 ttl=64 time=1.5 ms

--- fd00:99::2 ping statistics ---
2 packets transmitted, 2 received, 0% packet loss, time 5ms
`;
  assertEquals(roundTripsUs(text), [206, 1500]);
});
