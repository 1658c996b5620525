import { assertEquals } from "@std/assert";
import type { Report, SendPacket } from "../../core/control/action.ts";
import { encodeDiscoveryPacket, readDiscoveryPacket } from "../../core/control/discovery_packet.ts";
import { PrefixDiscovery } from "../../core/control/prefix_discovery.ts";
import { homeAgentRequestIn, mobilePrefixAdvertisement } from "../../core/wire/icmpv6_home_agent.ts";
import { at, HOME_ADDRESS, HOME_AGENT, ofKind } from "./script.ts";

const CARE_OF = "2001:db8:f::7";
const PREFIX = { address: "2001:db8:100::", length: 64 };
const DAY = 86_400;

function machine(): PrefixDiscovery {
  let lot = 0;
  const settings = { homeAddress: HOME_ADDRESS, homeAgentAddress: HOME_AGENT };
  return new PrefixDiscovery(settings, () => ++lot / 0x10000);
}

function registered(careOfAddress: string | undefined, isNecessary = false) {
  return { kind: "registered", careOfAddress, isNecessary } as const;
}

function asked(actions: readonly (SendPacket | Report)[]) {
  return ofKind(actions, "sendPacket").map(({ packet }) => {
    const { message, ...ends } = readDiscoveryPacket(packet)!;
    return { ...ends, ...homeAgentRequestIn(message)! };
  });
}

interface Changes {
  readonly source?: string;
  readonly destination?: string;
  readonly routingHomeAddress?: string | undefined;
  readonly prefix?: typeof PREFIX;
  readonly validSeconds?: number;
  readonly preferredSeconds?: number;
}

function advertised(identifier: number, changes: Changes = {}) {
  const { prefix = PREFIX, validSeconds = 30 * DAY, preferredSeconds = 7 * DAY, ...ends } = changes;
  const message = mobilePrefixAdvertisement(identifier, [{ prefix, validSeconds, preferredSeconds }]);
  const packet = encodeDiscoveryPacket({
    source: HOME_AGENT,
    destination: CARE_OF,
    routingHomeAddress: HOME_ADDRESS,
    ...ends,
    message,
  });
  return { kind: "discovery", packet } as const;
}

Deno.test("RFC 6275 6.7 M-082, 11.4.2 M-399 M-401, 11.7.3 M-504: after the first registration over IPv6 it asks, with its home address and a random identifier", () => {
  const node = machine();
  assertEquals(asked(node.handle(registered(undefined), at(0))), []);
  assertEquals(asked(node.handle(registered(CARE_OF), at(1))), [{
    source: CARE_OF,
    destination: HOME_AGENT,
    homeAddressOption: HOME_ADDRESS,
    kind: "mobilePrefixSolicitation",
    identifier: 1,
    mobileRouter: false,
  }]);
  node.handle(advertised(1), at(2));
  assertEquals(asked(node.handle(registered(CARE_OF), at(10_000))), [], "a refresh is no reason");
  assertEquals(asked(node.handle(registered(CARE_OF, true), at(20_000))).length, 1, "status 1 is one");
});

Deno.test("RFC 6275 11.8 M-513: no answer: four solicitations in all, twice as long between them, and again much later", () => {
  const node = machine();
  node.handle(registered(CARE_OF), at(0));
  const times = [];
  for (let count = 0; count < 5; count++) {
    const deadline = node.nextDeadline()!;
    if (asked(node.handle({ kind: "deadline" }, at(deadline))).length > 0) times.push(deadline / 1000);
  }
  assertEquals([times, node.nextDeadline()], [[3, 9, 21, 105], 108_000]);
});

Deno.test("M-398: it asks again when the address is about to be deprecated", () => {
  const node = machine();
  node.handle(registered(CARE_OF), at(0));
  const learned = node.handle(advertised(1), at(5));
  assertEquals(ofKind(learned, "report").map(({ message }) => message), ["home prefix"]);
  const nearlyOverMs = 0.9 * 7 * DAY * 1000 + 5;
  assertEquals(node.nextDeadline(), nearlyOverMs);
  assertEquals(asked(node.handle({ kind: "deadline" }, at(nearlyOverMs))).length, 1);
  const endless = machine();
  endless.handle(registered(CARE_OF), at(0));
  endless.handle(advertised(1, { validSeconds: 0xffffffff, preferredSeconds: 0xffffffff }), at(5));
  assertEquals(endless.nextDeadline(), undefined);
});

Deno.test("M-405 M-406 M-408 M-411: advertisements of others, and without the type 2 routing header, are nothing", () => {
  for (
    const changes of [
      { source: "2001:db8:100::2" },
      { destination: "2001:db8:e::7" },
      { routingHomeAddress: undefined },
      { routingHomeAddress: "2001:db8:100::101" },
    ]
  ) {
    const node = machine();
    node.handle(registered(CARE_OF), at(0));
    assertEquals(node.handle(advertised(1, changes), at(5000)), []);
    assertEquals(node.nextDeadline(), 3000);
  }
});

Deno.test("RFC 6275 6.8 M-092: options that are not known are ignored", () => {
  const node = machine();
  node.handle(registered(CARE_OF), at(0));
  const { message } = readDiscoveryPacket(advertised(1).packet)!;
  if (message.kind !== "otherIcmp") throw new Error(message.kind);
  const data = new Uint8Array([...message.data, 200, 1, 0, 0, 0, 0, 0, 0]);
  const ends = { source: HOME_AGENT, destination: CARE_OF, routingHomeAddress: HOME_ADDRESS };
  const packet = encodeDiscoveryPacket({ ...ends, message: { ...message, data } });
  const told = ofKind(node.handle({ kind: "discovery", packet }, at(5)), "report");
  assertEquals(told.map(({ message }) => message), ["home prefix"]);
});

Deno.test("M-407: where there is no registration over IPv6, nothing is taken", () => {
  const node = machine();
  node.handle(registered(CARE_OF), at(0));
  node.handle(registered(undefined), at(1));
  assertEquals(node.handle(advertised(1), at(5000)), []);
  assertEquals(node.nextDeadline(), undefined);
});

Deno.test("M-409 M-410: an unsolicited advertisement is discarded, and makes it ask, not too often", () => {
  const node = machine();
  node.handle(registered(CARE_OF), at(0));
  node.handle(advertised(1), at(5));
  const actions = node.handle(advertised(1, { validSeconds: 0, preferredSeconds: 0 }), at(4000));
  assertEquals(ofKind(actions, "report"), []);
  assertEquals(asked(actions).map(({ identifier }) => identifier), [2]);
  assertEquals(node.handle(advertised(77), at(8000)), [], "one question at a time");
  node.handle(advertised(2), at(8001));
  assertEquals(asked(node.handle(advertised(77), at(8002))).length, 1);
  node.handle(advertised(3), at(8003));
  assertEquals(asked(node.handle(advertised(77), at(8004))), [], "too soon");
});

Deno.test("RFC 6275 11.4.3: a home prefix that is gone, or deprecated, is told", () => {
  const told = (changes: Changes) => {
    const node = machine();
    node.handle(registered(CARE_OF), at(0));
    const reports = ofKind(node.handle(advertised(1, changes), at(5)), "report");
    assertEquals(node.nextDeadline(), 60_005, "and asked about again, but not in a hurry");
    return reports.map(({ level, message }) => `${level}: ${message}`);
  };
  const gone = ["error: the home network has no prefix for the home address any more"];
  assertEquals(told({ validSeconds: 0, preferredSeconds: 0 }), gone);
  assertEquals(told({ prefix: { address: "2001:db8:200::", length: 64 } }), gone);
  assertEquals(told({ preferredSeconds: 0 }), ["warning: the prefix of the home address is deprecated"]);
});
