import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { EgressAction } from "../../../core/control/movement/egress_action.ts";
import type { EgressEvent } from "../../../core/control/movement/egress_event.ts";
import { DhcpMessageType } from "../../../core/wire/dhcpv4.ts";
import { dhcpMessages, dhcpOptions } from "../../wire/dhcpv4_arbitraries.ts";
import {
  ADDRESS,
  HERE,
  LINK,
  newConfiguration,
  OTHER_HARDWARE,
  otherArp,
  Player,
  ROUTER,
  routerReply,
  sentMessages,
  serverMessage,
  THERE,
} from "./ipv4_script.ts";

/** One thing that happens; `play` needs the last DHCP message that went out. */
type Step = (player: Player, last: readonly EgressAction[]) => EgressAction[];

const handle = (event: EgressEvent): Step => (player) => player.handle(event);

const networks = fc.constantFrom(HERE, THERE);
const messageTypes = fc.constantFrom(DhcpMessageType.offer, DhcpMessageType.ack, DhcpMessageType.nak);

/** A server that answers the last message, rightly or with anything changed. */
const answers: fc.Arbitrary<Step> = fc.tuple(
  networks,
  messageTypes,
  fc.oneof(fc.constant({}), fc.constant({ rapidCommit: true as const }), dhcpOptions),
).map(([network, messageType, options]) => (player, last) => {
  const [sent] = sentMessages(last).slice(-1);
  if (sent === undefined) return [];
  return player.handle(serverMessage(sent.message, messageType, { network, options }));
});

/** The server's part as it should be. */
const rightAnswers: fc.Arbitrary<Step> = networks.map((network) => (player, last) => {
  const [sent] = sentMessages(last).slice(-1);
  if (sent === undefined) return [];
  const bound = player.handle(
    serverMessage(sent.message, DhcpMessageType.ack, {
      network,
      options: sent.message.options.rapidCommit ? { rapidCommit: true } : {},
    }),
  );
  return [...bound, ...player.handle(routerReply(network))];
});

/** The mobile node takes what there is. */
const takeCandidate: Step = (player) => player.handle({ kind: "chosen", address: player.candidate });

const addresses = fc.constantFrom(ADDRESS, ROUTER, THERE.address, THERE.router, "0.0.0.0", "255.255.255.255");
const arps: fc.Arbitrary<Step> = fc.tuple(fc.nat(3), addresses, addresses).map(
  ([operation, senderAddress, targetAddress]) =>
    handle(otherArp({ operation, senderAddress, targetAddress })),
);

const garbage: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom(0x0800, 0x0806, 0x86dd),
  fc.uint8Array({ maxLength: 64 }),
)
  .map(([etherType, payload]) =>
    handle({ kind: "frame", etherType, sourceHardwareAddress: OTHER_HARDWARE, payload })
  );

/** Without a router to ask, so that it is quick: the lease is renewed, bound again, and ends. */
const passLease: Step = (player) => [
  ...player.handle({ kind: "chosen", address: undefined }),
  ...player.pass(3_700_000),
];

const interfaceGoes: Step = handle({ kind: "linkGone" });

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: answers },
  { weight: 6, arbitrary: rightAnswers },
  { weight: 4, arbitrary: fc.constant(takeCandidate) },
  { weight: 4, arbitrary: fc.nat(5000).map((durationMs): Step => (player) => player.pass(durationMs)) },
  { weight: 1, arbitrary: fc.constantFrom<Step>((player) => player.pass(60_000), passLease) },
  { weight: 3, arbitrary: networks.map((network) => handle(routerReply(network))) },
  { weight: 2, arbitrary: fc.boolean().map((carrier) => handle({ ...LINK, carrier } as EgressEvent)) },
  { weight: 2, arbitrary: addresses.map((address) => handle({ kind: "chosen", address })) },
  arps,
  garbage,
  fc.constant(interfaceGoes),
  dhcpMessages.map((message) => handle(serverMessage(message, DhcpMessageType.ack))),
  fc.constantFrom<EgressEvent>(
    { kind: "doubt" },
    { kind: "deadline" },
    { kind: "addressDuplicate", address: ADDRESS },
    { kind: "chosen", address: undefined },
  ).map(handle),
);

/** What the actions have made of the interface. */
class Interface {
  readonly addresses = new Set<string>();
  routes = 0;
  /** How often an address was put on it. */
  used = 0;
  candidate: string | undefined;

  /** Addresses and routes go with it. */
  vanish(): void {
    this.addresses.clear();
    this.routes = 0;
  }

  perform(actions: readonly EgressAction[]): void {
    for (const action of actions) {
      if (action.kind === "addAddress") {
        this.used++;
        assertEquals(this.addresses.has(action.address), false, "added twice");
        this.addresses.add(action.address);
      } else if (action.kind === "removeAddress") {
        assertEquals(this.addresses.delete(action.address), true, "removed what was not there");
      } else if (action.kind === "setRoutes") this.routes = action.routes.length;
      else if (action.kind === "candidates") this.candidate = action.candidates[0]?.address;
    }
  }
}

Deno.test("IPv4: whatever happens, nothing throws, deadlines lie ahead, and the interface has what is chosen", () => {
  const chance = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }));
  let used = 0;
  fc.assert(
    fc.property(chance, fc.array(steps, { minLength: 10, maxLength: 60 }), (random, all) => {
      const player = new Player(newConfiguration(1000, () => random.next().value));
      const network = new Interface();
      let last: readonly EgressAction[] = player.handle(LINK);
      network.perform(last);
      for (const play of all) {
        if (play === interfaceGoes) network.vanish();
        const actions = play(player, last);
        network.perform(actions);
        if (sentMessages(actions).length > 0) last = actions;
        const deadline = player.handle({ kind: "deadline" });
        network.perform(deadline);
        if (sentMessages(deadline).length > 0) last = deadline;
        const next = player.configuration.nextDeadline();
        assertEquals(next === undefined || next > player.nowMs, true);
        assertEquals(player.candidate, network.candidate);
        assertEquals(network.addresses.size <= 1, true);
        assertEquals(network.addresses.size > 0, network.routes > 0);
      }
      network.perform(player.handle({ kind: "stop" }));
      assertEquals([network.addresses.size, network.routes, network.candidate], [0, 0, undefined]);
      assertEquals(player.configuration.nextDeadline(), undefined);
      used += network.used;
    }),
    { numRuns: 300 },
  );
  // The stories get somewhere.
  assertEquals(used > 100, true, `${used}`);
});
