import { assert, assertEquals } from "@std/assert";
import { CheckList } from "../../cli/lab/check.ts";
import { FlowCounter, receiveFlow, receiveTransfer, sendFlow, sendTransfer } from "../../cli/lab/flow.ts";
import { parsePing } from "../../cli/lab/traffic.ts";

const OCTETS = 250;
/** Below those that the kernel gives to sockets without one. */
const PORT = 29_871;

function packet(sequence: number, sentMs = 0): Uint8Array {
  const payload = new Uint8Array(OCTETS - 48);
  const view = new DataView(payload.buffer);
  view.setUint32(0, sequence);
  view.setFloat64(4, sentMs);
  return payload;
}

Deno.test("a flow's packets are counted: lost, duplicated, reordered, of a wrong length", () => {
  const counter = new FlowCounter(6, OCTETS);
  for (const [sequence, arrivedMs] of [[0, 10], [2, 20], [1, 21], [2, 22], [5, 150]]) {
    counter.add(packet(sequence, arrivedMs - 3), arrivedMs);
  }
  counter.add(packet(3).subarray(1), 160);
  counter.add(packet(6), 170);
  assertEquals(counter.result(), {
    received: 4,
    lost: 2,
    duplicated: 1,
    reordered: 1,
    wrongLength: 1,
    longestGapMs: 129,
    medianDelayMs: 3,
  });
  assertEquals(counter.complete, false);
});

Deno.test("a flow of which nothing arrives is lost, and says so as JSON can", () => {
  const result = new FlowCounter(3, OCTETS).result();
  assertEquals([result.received, result.lost, result.medianDelayMs], [0, 3, -1]);
});

Deno.test("a flow is paced and arrives whole", async () => {
  const ready = Promise.withResolvers<void>();
  const port = PORT;
  const received = receiveFlow({
    port,
    packetOctets: OCTETS,
    count: 40,
    patienceMs: 2000,
    onReady: ready.resolve,
  });
  await ready.promise;
  const start = performance.now();
  await sendFlow({ address: "::1", port, packetOctets: OCTETS, intervalMs: 5, count: 40 });
  const tookMs = performance.now() - start;
  assert(tookMs >= 39 * 5 - 1, `took ${tookMs} ms`);
  const { lost, duplicated, wrongLength } = await received;
  assertEquals({ lost, duplicated, wrongLength }, { lost: 0, duplicated: 0, wrongLength: 0 });
});

Deno.test("a flow's receiver gives up when nothing comes any more", async () => {
  const options = { port: PORT + 1, packetOctets: OCTETS, count: 5, patienceMs: 50, onReady: () => {} };
  assertEquals((await receiveFlow(options)).lost, 5);
});

Deno.test("both ends of a transfer have the same SHA-256", async () => {
  const ready = Promise.withResolvers<void>();
  const received = receiveTransfer(PORT + 2, ready.resolve);
  await ready.promise;
  const sent = await sendTransfer("::1", PORT + 2, 300_001);
  assertEquals(await received, sent);
  assertEquals(sent.octets, 300_001);
  assertEquals(sent.sha256.length, 64);
});

Deno.test("ping's summary is read, with and without answers", () => {
  const some = "10 packets transmitted, 9 received, 10% packet loss, time 905ms\n" +
    "rtt min/avg/max/mdev = 0.048/0.071/0.104/0.015 ms\n";
  assertEquals(parsePing(some), { sent: 10, received: 9, averageMs: 0.071 });
  const none = "5 packets transmitted, 0 received, +5 errors, 100% packet loss, time 4090ms\n";
  assertEquals(parsePing(none), { sent: 5, received: 0, averageMs: NaN });
});

Deno.test("checks hold, or do not, at their limits", () => {
  const checks = new CheckList();
  assertEquals(checks.ok, false, "no checks at all is no success");
  checks.atMost("fast", 5, 5, "ms");
  checks.atLeast("many", 5, 5, "packets");
  checks.equal("none", 0, 0);
  checks.holds("so", true);
  assertEquals(checks.ok, true);
  for (
    const failed of [
      checks.atMost("fast", 5.1, 5, "ms"),
      checks.atLeast("many", 4, 5, "packets"),
      checks.equal("none", 1, 0),
      checks.holds("so", false, "not so"),
      checks.atMost("nothing was measured", NaN, 5, "ms"),
    ]
  ) assertEquals(failed.ok, false, failed.name);
  assertEquals(checks.ok, false);
  const measured = checks.all.map(({ value, unit, limit }) => [value, unit, limit]);
  assertEquals(measured[0], [5, "ms", "at most 5"]);
  assertEquals(measured.at(-2), ["not so", "", "yes"]);
  assertEquals(JSON.parse(JSON.stringify(checks.all)), checks.all);
});
