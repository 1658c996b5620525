import { assert } from "@std/assert";
import fc, { type Arbitrary } from "fast-check";
import type { EgressAction } from "../../../core/control/movement/egress_action.ts";
import { type EgressEvent, EtherType } from "../../../core/control/movement/egress_event.ts";
import { PROBE_WAITS_MS } from "../../../core/control/movement/ipv6_limits.ts";
import {
  decodeNeighborDiscoveryPacket,
  type NeighborDiscoveryMessage,
} from "../../../core/wire/neighbor_discovery.ts";
import { valueOf } from "../../wire/decoded.ts";
import { octetsOf } from "../../wire/octets.ts";
import {
  advertisement,
  hasAlready,
  link,
  Node,
  prefixOption,
  routerA,
  routerB,
  routerIsThere,
} from "./ipv6_network.ts";

const routers = [routerA, routerB, { ...routerA, address: "fe80::c" }, {
  address: "fe80::d",
  hardwareAddress: octetsOf("0200000000dd"),
  prefix: "2001:db8:d::",
}];
const lifetimes = fc.constantFrom(0, 1, 5, 7200, 86_400, 0xffff_ffff);

const prefixes = fc.tuple(
  fc.constantFrom(...routers.map(({ prefix }) => prefix), "fe80::", "ff00::", "::"),
  fc.constantFrom(64, 64, 64, 0, 32, 63, 128, 200),
  fc.boolean(),
  fc.boolean(),
  lifetimes,
  lifetimes,
).map(([prefix, prefixLength, onLink, autonomous, validLifetimeSeconds, preferredLifetimeSeconds]) =>
  prefixOption(prefix, { prefixLength, onLink, autonomous, validLifetimeSeconds, preferredLifetimeSeconds })
);

const advertisements: Arbitrary<EgressEvent> = fc.tuple(
  fc.constantFrom(...routers),
  fc.constantFrom(0, 1, 1800, 1800, 1800),
  fc.constantFrom("low" as const, "medium" as const, "high" as const),
  fc.option(fc.array(prefixes, { maxLength: 4 }), { nil: undefined }),
  fc.array(
    fc.oneof(
      fc.nat(10_000).map((mtu) => ({ kind: "mtu", mtu }) as const),
      fc.nat(3000).map((intervalMs) => ({ kind: "advertisementInterval", intervalMs }) as const),
    ),
    { maxLength: 2 },
  ),
).map(([router, routerLifetimeSeconds, preference, given, more]) =>
  advertisement(router, {
    routerLifetimeSeconds,
    preference,
    more,
    ...(given === undefined ? {} : { prefixes: given }),
  })
);

/** What happens; the address that somebody else has is one of the node's own, by number. */
type Step =
  | { readonly event: EgressEvent }
  | { readonly duplicate: number; readonly byKernel: boolean }
  | { readonly waitMs: number };

const steps: Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: advertisements.map((event) => ({ event })) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(0, 1, 50, 100, 300, 700, 2000, 60_000, 7_300_000).map((waitMs) => ({
      waitMs,
    })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom(...routers), fc.boolean()).map(([router, is]) => ({
      event: routerIsThere(router, { router: is }),
    })),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      up: fc.boolean(),
      carrier: fc.boolean(),
      mtu: fc.constantFrom(1500, 1500, 1280, 1000),
      hardwareAddress: fc.constantFrom(
        octetsOf("020000000001"),
        octetsOf("020000000001"),
        octetsOf("0200000000"),
      ),
    }).map((changes) => ({ event: link(changes) })),
  },
  { weight: 2, arbitrary: fc.constant({ event: link() }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<EgressEvent["kind"]>("doubt", "linkGone", "deadline")
      .map((kind) => ({ event: { kind } as EgressEvent })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(5), fc.boolean()).map(([duplicate, byKernel]) => ({ duplicate, byKernel })),
  },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 120 }).map((payload) => ({
      event: {
        kind: "frame",
        etherType: EtherType.ipv6,
        sourceHardwareAddress: octetsOf("0200000000ee"),
        payload,
      } as const,
    })),
  },
);

/** What an onlooker knows: addresses on the interface, and solicitations to each router since it was heard. */
class Onlooker {
  readonly addresses = new Set<string>();
  readonly #asked = new Map<string, number[]>();
  #carrier = false;

  hears(event: EgressEvent): void {
    if (event.kind === "linkGone" || (event.kind === "link" && !event.up)) this.addresses.clear();
    if (event.kind === "link") this.#carrier = event.up && event.carrier && event.mtu >= 1280;
    if (event.kind === "linkGone") this.#carrier = false;
    if (event.kind !== "frame") return;
    const decoded = decodeNeighborDiscoveryPacket(event.payload);
    if (decoded.ok) this.#asked.delete(decoded.value.source);
  }

  checks(actions: readonly EgressAction[], nowMs: number): void {
    for (const action of actions) {
      if (action.kind === "addAddress") {
        assert(!this.addresses.has(action.address), "added twice");
        this.addresses.add(action.address);
      } else if (action.kind === "removeAddress") {
        assert(this.addresses.delete(action.address), "removed what is not there");
      } else if (action.kind === "sendFrame") {
        const target = targetOf(valueOf(decodeNeighborDiscoveryPacket(action.payload)).message);
        if (target !== undefined) this.#asked.set(target, [...this.#asked.get(target) ?? [], nowMs]);
      }
    }
  }

  checksCandidates(node: Node): void {
    const candidates = node.machine.candidates();
    assert(candidates.length <= 16);
    assert(candidates.length === 0 || this.#carrier, "a candidate without a carrier");
    for (const { address, gateway, linkMtu } of candidates) {
      assert(this.addresses.has(address), `${address} is not on the interface`);
      assert(linkMtu >= 1280 && linkMtu <= 1500);
      const asked = this.#asked.get(gateway!) ?? [];
      const third = asked[PROBE_WAITS_MS.length - 1];
      const gone = third !== undefined && node.nowMs >= third + PROBE_WAITS_MS.at(-1)!;
      assert(!gone, `${gateway} does not answer since ${asked}`);
    }
  }
}

function targetOf(message: NeighborDiscoveryMessage): string | undefined {
  return message.kind === "neighborSolicitation" ? message.target : undefined;
}

function run(node: Node, story: readonly Step[]): void {
  const onlooker = new Onlooker();
  const step = (event: EgressEvent) => {
    onlooker.hears(event);
    node.actions = node.machine.handle(event, { monotonicMs: node.nowMs, unixMs: 0 });
    onlooker.checks(node.actions, node.nowMs);
    onlooker.checksCandidates(node);
    const deadline = node.machine.nextDeadline();
    assert(deadline === undefined || deadline > node.nowMs, `deadline ${deadline} at ${node.nowMs}`);
  };
  for (const what of story) {
    if ("event" in what) step(what.event);
    else if ("duplicate" in what) {
      const address = [...onlooker.addresses][what.duplicate];
      if (address === undefined) continue;
      step(what.byKernel ? { kind: "addressDuplicate", address } : hasAlready(address));
    } else {
      const endMs = node.nowMs + what.waitMs;
      for (let deadline; (deadline = node.machine.nextDeadline()) !== undefined && deadline <= endMs;) {
        node.nowMs = deadline;
        step({ kind: "deadline" });
      }
      node.nowMs = endMs;
    }
  }
  step({ kind: "stop" });
  assert(onlooker.addresses.size === 0, "stop leaves nothing behind");
}

for (const interfaceIdentifier of ["stable", "hardware", "temporary"] as const) {
  Deno.test(`any story, ${interfaceIdentifier} identifiers: no fault, candidates with address and router, deadlines to come`, () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 60 }), fc.constantFrom(0, 1000), (story, routerProbeMs) => {
        let chance = 0;
        run(new Node({ interfaceIdentifier, routerProbeMs }, () => (chance = (chance + 0.617) % 1)), [
          { event: link() },
          ...story,
        ]);
      }),
      { numRuns: 300, seed: 4861 },
    );
  });
}
