import { assert, assertEquals } from "@std/assert";
import { RESERVED_AT_ONCE } from "../../../core/control/esp/outbound_association.ts";
import { PACKET_LIMIT } from "../../../core/control/esp/security_association.ts";
import { numberByClock } from "../../../core/control/esp/sequence_memory.ts";
import { Protocol } from "../../../core/wire/constants.ts";
import { decodeEspHeader } from "../../../core/wire/esp.ts";
import { at, HOME_ADDRESS, HOME_AGENT } from "../script.ts";
import { associationsOf, BOTH, memory, toHomeAgent, toMobileNode } from "./esp_script.ts";

const CONTENT = { payload: new Uint8Array(24).fill(5), nextHeader: Protocol.mobilityHeader };
const NOW = at(0).unixMs;
const HOUR_MS = 3_600_000;

/** The mobile node's packet by its newest association, with its SPI and sequence number. */
function seal(associations: ReturnType<typeof associationsOf>, unixMs = NOW) {
  const association = associations.outbound(HOME_AGENT, unixMs);
  if (association === undefined) return undefined;
  const packet = association.seal(CONTENT);
  const header = decodeEspHeader(packet);
  assert(header.ok);
  return { packet, ...header.value };
}

/** How the home agent takes it. */
function open(
  associations: ReturnType<typeof associationsOf>,
  sealed: ReturnType<typeof seal>,
  unixMs = NOW,
): string {
  const association = associations.inbound(sealed!.spi, HOME_ADDRESS, unixMs);
  if (association === undefined) return "no association";
  const opened = association.open(sealed!.packet);
  if (opened.kind === "refused") return opened.reason;
  assertEquals(opened.content, CONTENT);
  return "opened";
}

Deno.test("ESP associations: a packet is taken once, in any order within the window", () => {
  const [node, agent] = [associationsOf(HOME_ADDRESS), associationsOf(HOME_AGENT)];
  const packets = Array.from({ length: 70 }, () => seal(node));
  assertEquals(packets[1]!.sequenceNumber, packets[0]!.sequenceNumber + 1);
  assertEquals(open(agent, packets[69]), "opened");
  assertEquals(open(agent, packets[69]), "ESP sequence number used before, or too old");
  assertEquals(open(agent, packets[6]), "opened");
  assertEquals(open(agent, packets[6]), "ESP sequence number used before, or too old");
  assertEquals(open(agent, packets[5]), "ESP sequence number used before, or too old");
});

Deno.test("ESP associations: a wrong check value costs the true packet nothing", () => {
  const [node, agent] = [associationsOf(HOME_ADDRESS), associationsOf(HOME_AGENT)];
  const right = seal(node)!;
  const changed = Uint8Array.from(right.packet);
  changed[20] ^= 1;
  assertEquals(open(agent, { ...right, packet: changed }), "wrong ESP integrity check value");
  assertEquals(
    open(agent, { ...right, packet: right.packet.subarray(0, 7) }),
    "ESP header at offset 7: is cut off",
  );
  assertEquals(open(agent, right), "opened");
});

Deno.test("ESP associations: a direction is a direction, an address is an address", () => {
  const agent = associationsOf(HOME_AGENT);
  assertEquals(agent.inbound(1001, HOME_ADDRESS, NOW)?.association.spi, 1001);
  assertEquals(agent.inbound(1002, HOME_ADDRESS, NOW), undefined);
  assertEquals(agent.inbound(1001, "2001:db8:100::200", NOW), undefined);
  assertEquals(agent.outbound(HOME_ADDRESS, NOW)?.association.spi, 1002);
  assertEquals(agent.outbound("2001:db8:100::200", NOW), undefined);
  const other = toHomeAgent({ source: "2001:db8:100::200", destination: "2001:db8:100::2" });
  assertEquals(associationsOf(HOME_AGENT, [other]).inbound(1001, "2001:db8:100::200", NOW), undefined);
});

Deno.test("ESP associations: numbers go on after a restart, and what was taken before it is not taken again", () => {
  const [kept, keptByAgent] = [memory(), memory()];
  const before = associationsOf(HOME_ADDRESS, BOTH, kept);
  const [old, latest] = [seal(before), seal(before)];
  assertEquals(open(associationsOf(HOME_AGENT, BOTH, keptByAgent), latest), "opened");

  const restarted = associationsOf(HOME_AGENT, BOTH, keptByAgent);
  assertEquals(open(restarted, latest), "ESP sequence number used before, or too old");
  assertEquals(open(restarted, old), "ESP sequence number used before, or too old");
  const next = seal(associationsOf(HOME_ADDRESS, BOTH, kept))!;
  assert(next.sequenceNumber > latest!.sequenceNumber);
  assertEquals(open(restarted, next), "opened");

  // Where nothing was kept, the clock is past what was used.
  const later = at(100_000);
  const forgetful = seal(associationsOf(HOME_ADDRESS, BOTH, memory(), later))!;
  assertEquals(forgetful.sequenceNumber, numberByClock(later.unixMs));
  assert(forgetful.sequenceNumber > next.sequenceNumber);
});

Deno.test("ESP associations: a clock that was set back does not bring numbers back", () => {
  const kept = memory();
  const first = seal(associationsOf(HOME_ADDRESS, BOTH, kept))!;
  const back = seal(associationsOf(HOME_ADDRESS, BOTH, kept, { monotonicMs: 0, unixMs: 0 }))!;
  assert(back.sequenceNumber > first.sequenceNumber);
  const never = associationsOf(HOME_ADDRESS, BOTH, memory(), { monotonicMs: 0, unixMs: 0 });
  assertEquals(seal(never)!.sequenceNumber, 1);
});

Deno.test("ESP associations: none seals more than its limit, or begins its numbers again", () => {
  const name = `1001 ${HOME_ADDRESS} ${HOME_AGENT}`;
  const left = (numbers: { nextToSend?: number; packetsSent?: number }, changes = {}) => {
    const kept = memory();
    kept.store(name, numbers);
    const associations = associationsOf(HOME_ADDRESS, [toHomeAgent(changes)], kept);
    let count = 0;
    while (count < 5 && seal(associations) !== undefined) count++;
    return count;
  };
  assertEquals(left({ packetsSent: PACKET_LIMIT - 3 }), 3);
  assertEquals(left({ nextToSend: 2 ** 32 - 2 }), 2);
  assertEquals(left({ nextToSend: 2 ** 32 - 2 }, { extendedNumbers: true }), 5);
});

Deno.test("ESP associations: what may have been sent is counted before it is, so that no restart brings it back", () => {
  const kept = memory();
  const name = `1001 ${HOME_ADDRESS} ${HOME_AGENT}`;
  for (let start = 1; start <= 3; start++) {
    const associations = associationsOf(HOME_ADDRESS, BOTH, kept);
    for (let count = 0; count < RESERVED_AT_ONCE; count++) {
      seal(associations);
      assertEquals(kept.recall(name).packetsSent, start * RESERVED_AT_ONCE);
    }
  }
});

Deno.test("ESP associations: extended numbers pass 2^32", () => {
  const kept = memory();
  kept.store(`1001 ${HOME_ADDRESS} ${HOME_AGENT}`, { nextToSend: 2 ** 32 - 2, highestReceived: 2 ** 32 - 3 });
  for (const algorithm of ["aes-gcm-16", "aes-cbc+hmac-sha256-128", "null+hmac-sha256-128"]) {
    const list = [toHomeAgent({ extendedNumbers: true, algorithm })];
    const [node, agent] = [associationsOf(HOME_ADDRESS, list, kept), associationsOf(HOME_AGENT, list, kept)];
    const packets = Array.from({ length: 4 }, () => seal(node)!);
    for (const packet of [0, 3, 2, 1].map((at) => packets[at])) assertEquals(open(agent, packet), "opened");
    assertEquals(open(agent, packets[0]), "ESP sequence number used before, or too old");
    kept.store(`1001 ${HOME_ADDRESS} ${HOME_AGENT}`, {
      nextToSend: 2 ** 33 - 2,
      highestReceived: 2 ** 33 - 3,
    });
  }
});

Deno.test("ESP associations: the newest valid one sends, all valid ones receive", () => {
  const [first, second] = [toHomeAgent(), toHomeAgent({ spi: 2001, validFromMs: NOW + HOUR_MS })];
  for (const list of [[first, second], [second, first]]) {
    const [node, agent] = [associationsOf(HOME_ADDRESS, list), associationsOf(HOME_AGENT, list)];
    const early = seal(node, NOW + HOUR_MS - 1);
    assertEquals(early!.spi, 1001);
    const late = seal(node, NOW + HOUR_MS);
    assertEquals(late!.spi, 2001);
    assertEquals(open(agent, late, NOW + HOUR_MS), "opened");
    assertEquals(open(agent, early, NOW + HOUR_MS), "opened");
  }
  // Of two that begin at one time, the later of the list.
  assertEquals(seal(associationsOf(HOME_ADDRESS, [first, toHomeAgent({ spi: 3001 })]))!.spi, 3001);
});

Deno.test("ESP associations: one that is used up leaves the sending to the one before", () => {
  const kept = memory();
  kept.store(`3001 ${HOME_ADDRESS} ${HOME_AGENT}`, { packetsSent: PACKET_LIMIT - 1 });
  const node = associationsOf(HOME_ADDRESS, [toHomeAgent(), toHomeAgent({ spi: 3001 })], kept);
  assertEquals([seal(node)!.spi, seal(node)!.spi], [3001, 1001]);
});

Deno.test("ESP associations: one that expires neither sends nor, a minute later, receives", () => {
  const list = [toHomeAgent({ validUntilMs: NOW + HOUR_MS })];
  const [node, agent] = [associationsOf(HOME_ADDRESS, list), associationsOf(HOME_AGENT, list)];
  const packets = [seal(node), seal(node, NOW + HOUR_MS - 1)];
  assertEquals(seal(node, NOW + HOUR_MS), undefined);
  assertEquals(open(agent, packets[0], NOW + HOUR_MS + 59_999), "opened");
  assertEquals(open(agent, packets[1], NOW + HOUR_MS + 60_000), "no association");
});

Deno.test("ESP associations: replaced while they run, those that stay go on with their numbers", () => {
  const [kept, keptByAgent] = [memory(), memory()];
  const node = associationsOf(HOME_ADDRESS, [toHomeAgent()], kept);
  const agent = associationsOf(HOME_AGENT, [toHomeAgent()], keptByAgent);
  const old = seal(node);
  assertEquals(open(agent, old), "opened");
  const more = [toHomeAgent(), toHomeAgent({ spi: 2001, validFromMs: NOW + HOUR_MS })];
  node.replace(more, NOW);
  agent.replace(more, NOW);
  assertEquals(open(agent, old), "ESP sequence number used before, or too old");
  const next = seal(node)!;
  assertEquals(next.spi, 1001);
  assertEquals(open(agent, next), "opened");
  assertEquals(open(agent, seal(node, NOW + HOUR_MS), NOW + HOUR_MS), "opened");
  agent.replace([more[1]], NOW);
  assertEquals(open(agent, seal(node)), "no association");
});

Deno.test("ESP associations: one more and one less, as a key exchange would do it", () => {
  const [node, agent] = [associationsOf(HOME_ADDRESS), associationsOf(HOME_AGENT)];
  const fresh = toHomeAgent({ spi: 5001 });
  for (const associations of [node, agent]) associations.add(fresh, NOW);
  const packet = seal(node);
  assertEquals(packet!.spi, 5001);
  assertEquals(open(agent, packet), "opened");
  for (const associations of [node, agent]) associations.remove(fresh);
  assertEquals(open(agent, packet), "no association");
  assertEquals(seal(node)!.spi, 1001);
  node.remove(toHomeAgent());
  assertEquals(seal(node), undefined);
  assertEquals(agent.outbound(HOME_ADDRESS, NOW)!.association.spi, toMobileNode().spi);
});
