import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { correctedTimestamp, ntpTimestamp, unixMsOfNtpTimestamp } from "../../core/control/ntp_timestamp.ts";
import { findOption } from "../../core/wire/mobility_option.ts";
import {
  at,
  careOf,
  fromOuter,
  handMade,
  HOME_AGENT_IPV4,
  newHomeAgent,
  newMobileNode,
  ofKind,
  receive,
  register,
  security,
  sent,
  sentAcknowledgement,
  sentUpdate,
} from "../control/script.ts";

const PUBLIC = "198.51.100.7";
const OUTER = { address: PUBLIC, port: 4191 };

Deno.test("RFC 4285 4 A-001: the mobile node names itself with its NAI, and is not heard without", () => {
  const update = sentUpdate(newMobileNode().handle(careOf(PUBLIC), at(0)));
  const identifier = findOption(update.options, "mobileNodeIdentifier");
  assertEquals([identifier?.subtype, new TextDecoder().decode(identifier?.identifier)], [
    1,
    "mn1@example.org",
  ]);
  assertEquals(ofKind(receive(newHomeAgent(), { identity: undefined }), "sendSignalling"), []);
});

Deno.test("RFC 4285 5.1 A-005: the MN-HA option is the very last, and the header a multiple of 8", () => {
  for (const algorithm of ["hmac-sha1-96", "hmac-sha256-128"] as const) {
    const actions = newMobileNode({ security: { ...security, algorithm } }).handle(careOf(PUBLIC), at(0));
    const { header, mobilityHeader } = sent(actions).message;
    const octets = algorithm === "hmac-sha1-96" ? 12 : 16;
    assertEquals(sentUpdate(actions).options.at(-1)?.kind, "messageAuthentication");
    assertEquals(header.optionOffsets.at(-1)! + 7 + octets, mobilityHeader.length);
    assertEquals(mobilityHeader.length % 8, 0);
  }
});

Deno.test("RFC 4285 5.1.1 A-007 A-008 A-009: both ways carry the option, and both ends verify it", () => {
  for (const algorithm of ["hmac-sha1-96", "hmac-sha256-128"] as const) {
    const mine = { ...security, algorithm };
    const node = {
      identity: "mn1@example.org",
      homeAddress: "2001:db8:100::100",
      security: mine,
      mobileNetworkPrefixes: [],
    };
    const mobileNode = newMobileNode({ security: mine });
    const { update, answer, result } = register(mobileNode, newHomeAgent({ mobileNodes: [node] }), PUBLIC);
    assertEquals(findOption(sentUpdate(update).options, "messageAuthentication")?.spi, 1000);
    assertEquals(findOption(sentAcknowledgement(answer).options, "messageAuthentication")?.spi, 1000);
    assertEquals(ofKind(result, "setTunnel").length, 1);
  }
});

Deno.test("RFC 4285 5.1 A-009: every octet of the message is covered; an altered answer is not believed", () => {
  const homeAgent = newHomeAgent();
  const update = newMobileNode().handle(careOf(PUBLIC), at(0));
  const { packet } = sent(update);
  let refusedCount = 0;
  for (let offset = 48; offset < packet.length; offset++) {
    const altered = repaired(packet, offset);
    const actions = homeAgent.handle(
      { kind: "signalling", outer: OUTER, packet: altered },
      at(offset * 60_000),
    );
    assertEquals(homeAgent.bindings(at(offset * 60_000)), [], `octet ${offset}`);
    refusedCount += ofKind(actions, "sendSignalling").length;
  }
  assert(refusedCount > 0);
});

/** The packet with one octet inverted, and the checksum made right again. */
function repaired(packet: Uint8Array, offset: number): Uint8Array {
  const altered = packet.slice();
  const word = offset & ~1;
  const before = (altered[word] << 8) | altered[word + 1];
  altered[offset] ^= 0xff;
  const after = (altered[word] << 8) | altered[word + 1];
  let sum = (((altered[44] << 8) | altered[45]) ^ 0xffff) + after + (before ^ 0xffff);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  altered[44] = (sum ^ 0xffff) >> 8;
  altered[45] = (sum ^ 0xffff) & 0xff;
  return altered;
}

Deno.test("RFC 4285 5.1.1 A-010 A-013: a wrong key is status 146, sealed, to the source, and limited", () => {
  const homeAgent = newHomeAgent();
  const wrong = { ...security, key: new Uint8Array(16).fill(8) };
  const answer = sentAcknowledgement(receive(homeAgent, { sealWith: wrong }));
  assertEquals(answer.status, 146);
  assert(findOption(answer.options, "messageAuthentication") !== undefined);
  assertEquals(homeAgent.bindings(at(0)), []);
  let answers = 0;
  for (let i = 1; i < 1000; i++) {
    answers += ofKind(receive(homeAgent, { sealWith: wrong }, i), "sendSignalling").length;
  }
  assert(answers <= 6, `${answers} answers within a second`);
});

Deno.test("RFC 4285 5.1.1 A-011: without an association for this name or SPI the update is discarded", () => {
  assertEquals(ofKind(receive(newHomeAgent(), { identity: "mn9@example.org" }), "sendSignalling"), []);
  assertEquals(
    ofKind(receive(newHomeAgent(), { sealWith: { ...security, spi: 1001 } }), "sendSignalling"),
    [],
  );
  assertEquals(ofKind(receive(newHomeAgent(), { sealWith: undefined }), "sendSignalling"), []);
});

Deno.test("RFC 4285 5.3 A-014: told that authentication failed, the mobile node all but stops", () => {
  const mobileNode = newMobileNode({ security: { ...security, key: new Uint8Array(16).fill(8) } });
  const { result } = register(mobileNode, newHomeAgent(), PUBLIC);
  assertEquals(ofKind(result, "setTunnel"), []);
  assertEquals(mobileNode.status(at(20)).lastRefusal?.status, 146);
  assertEquals(mobileNode.nextDeadline(), 32_010);
  assertEquals(mobileNode.handle({ kind: "stop" }, at(100)).at(-1), { kind: "finished" });
});

Deno.test("RFC 4285 6 A-017: the timestamp is NTP time", () => {
  const timestamp = ntpTimestamp(at(0).unixMs, 0);
  assertEquals(timestamp >> 32n, 1_700_000_000n + 2_208_988_800n);
  assertEquals(Math.round(unixMsOfNtpTimestamp(ntpTimestamp(1234567.25, 0.75))), 1234568);
  const update = sentUpdate(newMobileNode().handle(careOf(PUBLIC), at(0)));
  assertEquals(findOption(update.options, "messageIdentification")!.timestamp >> 32n, timestamp >> 32n);
});

Deno.test("RFC 4285 6 A-018: the bits below a millisecond are random", () => {
  const stamp = (random: number) =>
    findOption(
      sentUpdate(newMobileNode({}, () => random).handle(careOf(PUBLIC), at(0))).options,
      "messageIdentification",
    )!
      .timestamp;
  assertNotEquals(stamp(0.1), stamp(0.9));
  assert(stamp(0.999999) - stamp(0) < 4_294_968n);
});

Deno.test("RFC 4285 6 A-019: timestamps grow also when the clock stands still or goes back", () => {
  const mobileNode = newMobileNode();
  const stamps: bigint[] = [];
  for (const [time, skewMs] of [[0, 0], [2000, -2000], [4000, -60_000], [6000, 0]]) {
    const actions = mobileNode.handle(careOf(`198.51.100.${time / 2000 + 1}`), at(time, skewMs));
    stamps.push(findOption(sentUpdate(actions).options, "messageIdentification")!.timestamp);
  }
  for (let i = 1; i < stamps.length; i++) assert(stamps[i] > stamps[i - 1]);
});

Deno.test("RFC 4285 6 A-015: the answer carries the timestamp as it came; 145 where there was none", () => {
  const timestamp = ntpTimestamp(at(0).unixMs, 0.3);
  const answer = sentAcknowledgement(receive(newHomeAgent(), { timestamp }));
  assertEquals(findOption(answer.options, "messageIdentification")?.timestamp, timestamp);
  assertEquals(sentAcknowledgement(receive(newHomeAgent(), { timestamp: undefined })).status, 145);
});

Deno.test("RFC 4285 6 A-003 A-020 A-021: close to our clock (7 s) and greater than all before", () => {
  const statusOf = (offsetMs: number) =>
    sentAcknowledgement(receive(newHomeAgent(), { timestamp: ntpTimestamp(at(0).unixMs + offsetMs, 0) }))
      .status;
  assertEquals([-6999, 6999, -7001, 7001].map(statusOf), [0, 0, 144, 144]);
  const homeAgent = newHomeAgent();
  const timestamp = ntpTimestamp(at(0).unixMs, 0);
  receive(homeAgent, { timestamp, sequenceNumber: 1 });
  assertEquals(sentAcknowledgement(receive(homeAgent, { timestamp, sequenceNumber: 2 })).status, 144);
  const later = receive(homeAgent, { timestamp: timestamp + 1n, sequenceNumber: 3 });
  assertEquals(sentAcknowledgement(later).status, 0);
});

Deno.test("RFC 4285 6 A-022: 144 returns the low half as it came and the high half of our clock, and binds nothing", () => {
  const homeAgent = newHomeAgent();
  const timestamp = ntpTimestamp(at(0).unixMs - 3_600_000, 0.5);
  const answer = sentAcknowledgement(receive(homeAgent, { timestamp }));
  const returned = findOption(answer.options, "messageIdentification")!.timestamp;
  assertEquals(returned, correctedTimestamp(timestamp, at(0).unixMs));
  assertEquals(returned & 0xffffffffn, timestamp & 0xffffffffn);
  assertEquals(returned >> 32n, ntpTimestamp(at(0).unixMs, 0) >> 32n);
  assertEquals(homeAgent.bindings(at(0)), []);
});

Deno.test("RFC 4285 6 A-023 A-024: a mobile node whose clock is wrong corrects itself and registers", () => {
  for (const skewMs of [-86_400_000, 3_600_000]) {
    const mobileNode = newMobileNode();
    const homeAgent = newHomeAgent();
    const update = mobileNode.handle(careOf(PUBLIC), at(0, skewMs));
    const answer = homeAgent.handle(fromOuter(update, PUBLIC, 4191), at(1));
    assertEquals(sentAcknowledgement(answer).status, 144);
    const again = mobileNode.handle(fromOuter(answer, HOME_AGENT_IPV4, 4191), at(2, skewMs));
    const accepted = homeAgent.handle(fromOuter(again, PUBLIC, 4191), at(3));
    assertEquals(sentAcknowledgement(accepted).status, 0);
    const result = mobileNode.handle(fromOuter(accepted, HOME_AGENT_IPV4, 4191), at(4, skewMs));
    assertEquals(ofKind(result, "setTunnel").length, 1);
  }
});

Deno.test("RFC 4285 6 A-023: a forged 144 does not touch the clock", () => {
  const mobileNode = newMobileNode();
  const homeAgent = newHomeAgent();
  const update = mobileNode.handle(careOf(PUBLIC), at(0, 3_600_000));
  const { packet } = sent(homeAgent.handle(fromOuter(update, PUBLIC, 4191), at(1)));
  const forged = repaired(packet, packet.length - 1);
  const outer = { address: HOME_AGENT_IPV4, port: 4191 };
  assertEquals(
    ofKind(mobileNode.handle({ kind: "signalling", outer, packet: forged }, at(2)), "sendSignalling"),
    [],
  );
});

Deno.test("RFC 4285 6 A-025: an answer whose timestamp is not that of the update is discarded", () => {
  const homeAgent = newHomeAgent();
  const mobileNode = newMobileNode();
  const sequenceNumber = sentUpdate(mobileNode.handle(careOf(PUBLIC), at(0))).sequenceNumber;
  const answer = homeAgent.handle(
    {
      kind: "signalling",
      outer: OUTER,
      packet: handMade({ sequenceNumber, timestamp: ntpTimestamp(at(0).unixMs, 0.1) }),
    },
    at(0),
  );
  assertEquals(sentAcknowledgement(answer).status, 0);
  assertEquals(ofKind(mobileNode.handle(fromOuter(answer, HOME_AGENT_IPV4, 4191), at(1)), "setTunnel"), []);
});

Deno.test("replayed updates are answered rarely, wherever they come from", () => {
  const homeAgent = newHomeAgent();
  const { update } = register(newMobileNode(), homeAgent, PUBLIC);
  let answers = 0;
  for (let time = 1; time < 1000; time++) {
    answers +=
      ofKind(homeAgent.handle(fromOuter(update, "192.0.2.66", 999), at(time)), "sendSignalling").length;
  }
  assert(answers >= 1 && answers <= 7, `${answers} answers within a second`);
});

Deno.test("a replayed update, from anywhere, at any time, changes no binding", () => {
  const homeAgent = newHomeAgent();
  const mobileNode = newMobileNode();
  const { update } = register(mobileNode, homeAgent, PUBLIC);
  const before = homeAgent.bindings(at(10));
  for (const time of [10, 1000, 6999, 60_000]) {
    const actions = homeAgent.handle(fromOuter(update, "192.0.2.66", 999), at(time));
    assertEquals(ofKind(actions, "setBinding"), []);
    assertEquals(homeAgent.bindings(at(10)), before);
  }
});

Deno.test("an update from before the home agent's start is not fresh; the mobile node's next one is", () => {
  const mobileNode = newMobileNode();
  const update = mobileNode.handle(careOf(PUBLIC), at(0));
  const restarted = newHomeAgent({}, at(1).unixMs);
  const refusal = restarted.handle(fromOuter(update, PUBLIC, 4191), at(2));
  assertEquals(sentAcknowledgement(refusal).status, 144);
  const again = mobileNode.handle(fromOuter(refusal, HOME_AGENT_IPV4, 4191), at(3));
  assertEquals(sentAcknowledgement(restarted.handle(fromOuter(again, PUBLIC, 4191), at(4))).status, 0);
});
