import { assert, assertEquals } from "@std/assert";
import { SessionTracker } from "../../core/sessions/session_tracker.ts";
import { bindingUpdate, ipv4, ipv6, mobility, udp } from "../inspect/packet_builder.ts";
import { captured } from "../inspect/show.ts";
import {
  acknowledgeAt,
  AGENT,
  AGENT4,
  COA4,
  COA6,
  CORRESPONDENT,
  dataFromNodeAt,
  dataToNodeAt,
  HANDOVER_NAT,
  handoverCapture,
  HOME,
  identity,
  INNER_OCTETS,
  messageToNodeAt,
  NAT4,
  reportOf,
  track,
  updateAt,
} from "./story.ts";

const NAT = { address: NAT4, port: 40_000 };
const NO_NAT = { address: COA4, port: 4191 };

Deno.test("a handover from IPv6 to IPv4 behind a NAT: signalling delay, gaps, overhead, all from known times", () => {
  const report = reportOf(handoverCapture());
  assertEquals(report.homeAddress, HOME);
  assertEquals(report.identity, "mn1@example.org");
  assertEquals(report.homeAgent, AGENT);
  const { updates, accepted, refused, unanswered, retransmissions, sequenceJumps } = report.registrations;
  assertEquals(
    { updates, accepted, refused, unanswered, retransmissions, sequenceJumps },
    { updates: 6, accepted: 5, refused: 0, unanswered: 1, retransmissions: 1, sequenceJumps: 0 },
  );
  const [handover, ...more] = report.handovers;
  assertEquals(more, []);
  assertEquals(handover.from, { careOfAddress: COA6, encapsulation: "ipv6InIpv6" });
  assertEquals(handover.to, { careOfAddress: COA4, encapsulation: "udp" });
  assertEquals(handover.updates, 2);
  assertNear(handover.seconds, 6.5);
  assertNear(handover.signallingMs, 330);
  assertNear(handover.gapFromMobileNode?.lastBeforeSeconds, 3.995);
  assertNear(handover.gapFromMobileNode?.firstAfterSeconds, 6.84);
  assertNear(handover.gapToMobileNode?.gapMs, 2855);
  assertNear(report.registrations.roundTripMs?.minimum, 20);
  assertNear(report.registrations.roundTripMs?.median, 25);
  assertNear(report.registrations.roundTripMs?.maximum, 30);
  assertNear(report.refreshIntervalSeconds?.median, 2);
  assertEquals(report.nat.refreshSeconds, 2);
  assertEquals(report.nat.mappings.map(({ address, port }) => ({ address, port })), [HANDOVER_NAT]);
  assertEquals(report.careOfAddresses.map(({ careOfAddress }) => careOfAddress), [COA6, COA4]);
  assertNear(report.careOfAddresses[0].toSeconds, 6.83);
});

Deno.test("octets and overhead by encapsulation: 28 octets of IPv4 and UDP, 40 of IPv6, 20 of protocol 41", () => {
  const inner = ipv6(HOME, CORRESPONDENT, 17, udp(1, 2, new Uint8Array(52)));
  const report = reportOf([
    updateAt(0, NAT, 1),
    acknowledgeAt(0.1, NAT, 1, { refreshSeconds: 20 }),
    dataFromNodeAt(1, NAT, 1),
    dataFromNodeAt(2, NAT, 2),
    dataToNodeAt(3, "ipv6", 3),
    { seconds: 4, bytes: ipv4(COA4, "203.0.113.1", 41, inner) },
    { seconds: 5, bytes: inner },
  ]);
  const total = (encapsulation: string, direction: string) =>
    report.data.find((data) => data.encapsulation === encapsulation && data.direction === direction);
  const up = total("udp", "fromMobileNode");
  assertEquals([up?.packets, up?.octets, up?.overheadOctets], [2, 2 * (INNER_OCTETS + 28), 56]);
  assertNear(up?.overheadPercent, 100 * 28 / INNER_OCTETS);
  const down = total("ipv6InIpv6", "toMobileNode");
  assertEquals([down?.packets, down?.octets, down?.overheadOctets], [1, INNER_OCTETS + 40, 40]);
  const sit = total("ipv6InIpv4", "fromMobileNode");
  assertEquals([sit?.packets, sit?.octets, sit?.overheadOctets], [1, 120, 20]);
  const bare = total("none", "fromMobileNode");
  assertEquals([bare?.packets, bare?.octets, bare?.overheadOctets], [1, 100, 0]);
});

Deno.test("data before the first Binding Update of the capture belong to the mobile node, too", () => {
  const report = reportOf([dataFromNodeAt(0, NAT, 1), dataToNodeAt(0.1, NAT, 1), updateAt(1, NAT, 1)]);
  assertEquals(report.data.map(({ packets }) => packets), [1, 1]);
});

Deno.test("a NAT that gives another port: one mapping more, no handover; the same update seen twice is one", () => {
  const other = { address: NAT4, port: 40_001 };
  const first = updateAt(0, NAT, 1);
  const report = reportOf([
    first,
    { ...first, seconds: 0.001 },
    acknowledgeAt(0.01, NAT, 1, { refreshSeconds: 20 }),
    updateAt(20, other, 2),
    acknowledgeAt(20.01, other, 2, { refreshSeconds: 20 }),
  ]);
  assertEquals(report.nat.detected, true);
  assertEquals(report.nat.mappings.map(({ port }) => port), [40_000, 40_001]);
  assertNear(report.nat.mappings[1].fromSeconds, 20);
  assertEquals(report.handovers, []);
  assertEquals([report.registrations.updates, report.registrations.duplicates], [2, 1]);
});

Deno.test("no NAT: the answer without a NAT detection option means protocol 41", () => {
  const report = reportOf([updateAt(0, NO_NAT, 1), acknowledgeAt(0.01, NO_NAT, 1)]);
  assertEquals(report.nat, { detected: false, mappings: [], refreshSeconds: null });
  assertEquals(report.careOfAddresses[0].encapsulation, "ipv6InIpv4");
});

Deno.test("a NAT that comes up at the same care-of address: a handover from protocol 41 to UDP", () => {
  const report = reportOf([
    updateAt(0, NO_NAT, 1),
    acknowledgeAt(0.01, NO_NAT, 1),
    updateAt(5, NO_NAT, 2),
    acknowledgeAt(5.02, NO_NAT, 2, { refreshSeconds: 20 }),
  ]);
  const [{ from, to, signallingMs, updates }] = report.handovers;
  assertEquals([from.encapsulation, to.encapsulation, updates], ["ipv6InIpv4", "udp", 1]);
  assertNear(signallingMs, 20);
});

Deno.test("refusals: counted by status; status 135 answers the last update though its number is another", () => {
  const report = reportOf([
    updateAt(0, NAT, 500),
    acknowledgeAt(0.01, NAT, 900, { status: 135 }),
    updateAt(0.02, NAT, 901),
    acknowledgeAt(0.03, NAT, 901, { status: 146 }),
    updateAt(1, NAT, 902, { forceUdp: true }),
    acknowledgeAt(1.01, NAT, 902, { status: 144 }),
  ]);
  assertEquals(report.registrations.refusals.map(({ status, count }) => [status, count]), [
    [135, 1],
    [146, 1],
    [144, 1],
  ]);
  assertEquals(report.exchanges[0].answer?.sequenceNumber, 900);
  assertEquals(report.exchanges[2].answer?.statusName, "UDP cannot be forced");
  assertEquals(report.registrations.sequenceJumps, 1);
  assertEquals(report.registrations.unanswered, 0);
  assertEquals(report.careOfAddresses, []);
});

Deno.test("de-registration ends the care-of address; the next registration is no handover", () => {
  const report = reportOf([
    updateAt(0, NAT, 1),
    acknowledgeAt(0.01, NAT, 1, { refreshSeconds: 20 }),
    updateAt(2, NAT, 2, { lifetimeSeconds: 0 }),
    acknowledgeAt(2.01, NAT, 2, { lifetimeSeconds: 0, refreshSeconds: 20 }),
    updateAt(3, "ipv6", 3),
    acknowledgeAt(3.01, "ipv6", 3),
  ]);
  assertEquals(report.registrations.deregistrations, 1);
  assertEquals(report.careOfAddresses.length, 2);
  assertNear(report.careOfAddresses[0].toSeconds, 2.01);
  assertEquals(report.handovers, []);
});

Deno.test("Binding Errors and Refresh Requests: successive ones are one notice", () => {
  const error = { kind: "bindingError", status: 1, homeAddress: HOME, options: [] } as const;
  const report = reportOf([
    updateAt(0, NAT, 1),
    ...[1, 1.1, 1.2].map((seconds) => messageToNodeAt(seconds, NAT, error)),
    messageToNodeAt(2, NAT, { kind: "bindingRefreshRequest", options: [] }),
    messageToNodeAt(3, NAT, error),
  ]);
  assertEquals([report.bindingErrors, report.refreshRequests], [4, 1]);
  assertEquals(report.notices.map(({ kind, count }) => [kind, count]), [
    ["bindingError", 3],
    ["bindingRefreshRequest", 1],
    ["bindingError", 1],
  ]);
});

Deno.test("what answers nothing: an unknown acknowledgement; a lost answer", () => {
  const report = reportOf([updateAt(0, NAT, 1), acknowledgeAt(0.1, NAT, 77), updateAt(1, NAT, 2)]);
  const { unmatchedAcknowledgements, unanswered, retransmissions } = report.registrations;
  assertEquals([unmatchedAcknowledgements, unanswered, retransmissions], [1, 2, 1]);
});

Deno.test("mobile networks and IPv4 home addresses belong to their mobile node", () => {
  const report = reportOf([
    updateAt(0, NAT, 1, {
      options: [
        { kind: "mobileNetworkPrefix", prefixLength: 64, prefix: "2001:db8:7::" },
        { kind: "ipv4HomeAddress", prefixLength: 32, requestPrefix: false, homeAddress: "10.1.0.5" },
        identity("router@example.org"),
      ],
    }),
    dataFromNodeAt(1, NAT, 1, "2001:db8:7::99"),
    {
      seconds: 2,
      bytes: ipv4(
        NAT4,
        "203.0.113.1",
        17,
        udp(40_000, 4191, ipv4("10.1.0.5", "10.9.9.9", 59, new Uint8Array(8))),
      ),
    },
  ]);
  assertEquals(report.prefixes, ["2001:db8:7::/64"]);
  assertEquals(report.ipv4HomeAddresses, ["10.1.0.5"]);
  assertEquals(report.data.map(({ packets }) => packets), [2]);
});

Deno.test("several mobile nodes: each has its own; a packet between two counts once for each of them", () => {
  const second = "2001:db8:100::200";
  const other = { address: NAT4, port: 50_000 };
  const between = ipv6(HOME, second, 59, new Uint8Array(10));
  const tracker = track([
    updateAt(0, NAT, 1),
    updateAt(0.1, other, 1, { home: second, careOfAddress: "192.168.77.118" }),
    dataToNodeAt(1, other, 1, second),
    { seconds: 2, bytes: ipv4(NAT4, AGENT4, 17, udp(NAT.port, 4191, between)) },
    { seconds: 2.1, bytes: ipv4(AGENT4, NAT4, 17, udp(4191, other.port, between)) },
  ]);
  assertEquals(tracker.reports().map(({ homeAddress }) => homeAddress), [HOME, second]);
  const counts = tracker.reports().map(({ data }) =>
    data.map(({ direction, packets }) => [direction, packets])
  );
  assertEquals(counts, [[["fromMobileNode", 1]], [["toMobileNode", 2]]]);
});

Deno.test("limits: entries beyond the limit are counted, mobile nodes beyond it are said", () => {
  const packets = Array.from(
    { length: 5_000 },
    (_, index) => updateAt(index / 1000, NAT, 1, { home: `2001:db8:100::${(index + 1).toString(16)}` }),
  );
  const tracker = track(packets);
  assertEquals(tracker.reports().length, 4_096);
  assertEquals(tracker.cutOff.messages, 904);
  const many = track(Array.from({ length: 1_500 }, (_, index) => updateAt(index, NAT, index)));
  // One mapping and 999 exchanges of the 1500.
  assertEquals(many.reports()[0].exchanges.length, 999);
  assertEquals(many.cutOff.entries, 501);
  assertEquals(many.reports()[0].registrations.updates, 1_500);
});

Deno.test("a plot's series: the flow's own numbers, thinned where there are too many, with the silence's ends", () => {
  const packets = [updateAt(0, NAT, 1)];
  for (let sequence = 0; sequence < 20_000; sequence++) {
    packets.push(dataFromNodeAt(1 + sequence * 0.001 + (sequence >= 15_000 ? 3 : 0), NAT, sequence));
  }
  const [{ data }] = track(packets, true).plotted();
  const series = data.series(0);
  assert(series !== undefined);
  assertEquals(series.packets, 20_000);
  const { seconds, values, length } = series.sequence;
  assert(length <= 8_192 && length > 2_000, String(length));
  const gap = seconds.subarray(1, length).findIndex((second, index) => second - seconds[index] > 2);
  assert(gap > 0);
  // Up to a packet or two that thinning had passed over.
  assert(values[gap] > 14_990 && values[gap + 1] === 15_000, `${values[gap]} ${values[gap + 1]}`);
});

Deno.test("--legacy: the drafts' port and option numbers", () => {
  const tracker = new SessionTracker({ helpers: { legacy: true } });
  const coa4 = Uint8Array.of(0, 0, 192, 168, 77, 107);
  const update = bindingUpdate({ options: [{ kind: "unknownOption", type: 22, data: coa4 }] });
  const packet = ipv6(HOME, AGENT, 135, mobility(HOME, AGENT, update));
  tracker.add(captured(ipv4(NAT4, AGENT4, 17, udp(40_000, 666, packet))));
  const [report] = tracker.reports();
  assertEquals(report.exchanges[0].careOfAddress, COA4);
  assertEquals(report.nat.mappings[0].port, 40_000);
});

function assertNear(found: number | null | undefined, right: number): void {
  assert(Math.abs((found ?? NaN) - right) < 1e-5, `${found}, not ${right}`);
}
