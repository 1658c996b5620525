import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { EventQueue } from "../../core/simulation/event_queue.ts";
import { BROKEN_LINK, GOOD_LINK, transits } from "../../core/simulation/link.ts";
import { Nat } from "../../core/simulation/nat.ts";
import { type OuterPacket, Signalling } from "../../core/simulation/packet.ts";
import { Random } from "../../core/simulation/random.ts";
import { Trace } from "../../core/simulation/trace.ts";

const HOME_AGENT = "203.0.113.1";
const NAT_ADDRESS = "198.51.100.1";
const IDLE_TIMEOUT_MS = 30_000;

function packet(fields: Partial<OuterPacket>): OuterPacket {
  return {
    protocol: "udp",
    source: "10.1.0.10",
    sourcePort: 4191,
    destination: HOME_AGENT,
    destinationPort: 4191,
    payload: new Signalling(new Uint8Array()),
    origin: { kind: "attacker", deed: "none" },
    ...fields,
  };
}

function answerTo({ source, sourcePort, destination, destinationPort, ...rest }: OuterPacket): OuterPacket {
  return {
    ...rest,
    source: destination,
    sourcePort: destinationPort,
    destination: source,
    destinationPort: sourcePort,
  };
}

function newNat(portChoice: "preserve" | "random"): Nat {
  return new Nat({ publicAddress: NAT_ADDRESS, portChoice, idleTimeoutMs: IDLE_TIMEOUT_MS }, new Random(1));
}

Deno.test("simulated NAT: an answer comes back to who sent, as long as the mapping lives", () => {
  const nat = newNat("preserve");
  const outside = nat.translateOutbound(packet({}), 0)!;
  assertEquals([outside.source, outside.sourcePort], [NAT_ADDRESS, 4191]);
  const back = nat.translateInbound(answerTo(outside), IDLE_TIMEOUT_MS)!;
  assertEquals([back.destination, back.destinationPort], ["10.1.0.10", 4191]);
  assertEquals(nat.translateInbound(answerTo(outside), 2 * IDLE_TIMEOUT_MS + 1), undefined);
});

Deno.test("simulated NAT: two inside hosts with one port get two; strangers do not get in", () => {
  const nat = newNat("preserve");
  const one = nat.translateOutbound(packet({}), 0)!;
  const other = nat.translateOutbound(packet({ source: "10.1.0.11" }), 0)!;
  assertNotEquals(one.sourcePort, other.sourcePort);
  assertEquals(nat.translateInbound(answerTo(other), 0)!.destination, "10.1.0.11");
  assertEquals(nat.translateInbound({ ...answerTo(one), source: "192.0.2.66" }, 0), undefined);
});

Deno.test("simulated NAT: a flush forgets, and gives other ports where asked", () => {
  const nat = newNat("preserve");
  const before = nat.translateOutbound(packet({}), 0)!;
  nat.flush(true);
  assertEquals(nat.translateInbound(answerTo(before), 0), undefined);
  assertNotEquals(nat.translateOutbound(packet({}), 0)!.sourcePort, before.sourcePort);
  nat.flush(false);
  assertEquals(nat.translateOutbound(packet({}), 0)!.sourcePort, before.sourcePort);
});

Deno.test("simulated NAT: protocol 41 has room for one inside host", () => {
  const nat = newNat("random");
  const one = packet({ protocol: "ipv6InIpv4", sourcePort: 0, destinationPort: 0 });
  assert(nat.translateOutbound(one, 0));
  assertEquals(nat.translateOutbound({ ...one, source: "10.1.0.11" }, 0), undefined);
  assert(
    nat.translateOutbound({ ...one, source: "10.1.0.11" }, IDLE_TIMEOUT_MS + 1),
    "the first has gone idle",
  );
});

Deno.test("simulated link: loses, doubles, delays as told", () => {
  const random = new Random(7);
  assertEquals(transits(GOOD_LINK, random), [GOOD_LINK.delayMs]);
  assertEquals(transits(BROKEN_LINK, random), []);
  assertEquals(transits({ ...GOOD_LINK, duplicateProbability: 1 }, random).length, 2);
  const delays = Array.from({ length: 100 }, () => transits({ ...GOOD_LINK, jitterMs: 50 }, random)[0]);
  assert(delays.every((delayMs) => delayMs >= GOOD_LINK.delayMs && delayMs < GOOD_LINK.delayMs + 50));
  assert(delays.some((delayMs, index) => index > 0 && delayMs < delays[index - 1]), "later ones overtake");
});

Deno.test("event queue: earliest first, and in order within one instant", () => {
  const queue = new EventQueue();
  const done: number[] = [];
  const random = new Random(3);
  const instants = Array.from({ length: 200 }, () => random.integer(0, 20));
  instants.forEach((atMs, index) => queue.schedule(atMs, () => done.push(index)));
  for (let run = queue.take(); run; run = queue.take()) run();
  const expected = instants.map((_, index) => index).sort((a, b) => instants[a] - instants[b] || a - b);
  assertEquals(done, expected);
  assertEquals(queue.nextAtMs(), Infinity);
});

Deno.test("seeded randomness: repeatable, within bounds, evenly spread; a fork is independent", () => {
  const draw = (random: Random) => Array.from({ length: 5 }, () => random.word());
  assertEquals(draw(new Random(42)), draw(new Random(42)));
  assertNotEquals(draw(new Random(42)), draw(new Random(43)));
  const random = new Random(1);
  const counts = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < 6000; i++) counts[random.integer(0, 5)]++;
  assert(counts.every((count) => count > 850 && count < 1150), counts.join(" "));
  const parent = new Random(9);
  const fork = parent.fork();
  assertNotEquals(draw(parent), draw(fork));
});

Deno.test("trace: keeps the last lines, oldest first", () => {
  const trace = new Trace(3);
  for (let i = 1; i <= 5; i++) trace.note(i * 1000, "somebody", { kind: "remark", text: `remark ${i}` });
  assertEquals(trace.lines().map((line) => line.trim().replace(/\s+/g, " ")), [
    "3.000 s somebody remark 3",
    "4.000 s somebody remark 4",
    "5.000 s somebody remark 5",
  ]);
});
