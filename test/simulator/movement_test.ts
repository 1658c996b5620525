import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { hmac } from "../../cli/daemon/hmac.ts";
import type { EgressAction } from "../../core/control/movement/egress_action.ts";
import type { EgressEvent } from "../../core/control/movement/egress_event.ts";
import { type Machines, REAL_MACHINES } from "../../core/simulation/machine.ts";
import { runMovementSeed } from "../../core/simulation/movement/movement_run.ts";
import { RECOVERY_CASES, recoveryTimes } from "../../core/simulation/movement/recovery.ts";
import { changingHomeAgent, changingMobileNode } from "./broken_machines.ts";

const SEEDS = 200;
const SEEDS_IN_ONE_TEST = 50;
const MOST_SEEDS = 60;

function assertHolds(seed: number): void {
  const { failure } = runMovementSeed(seed, { hmac });
  if (failure === undefined) return;
  const { invariant, detail, trace } = failure;
  const repeat = `deno task sim --movement --seed ${seed} --verbose`;
  assert(false, `seed ${seed} broke: ${invariant}\n${detail}\n${trace.join("\n")}\n${repeat}`);
}

for (let first = 1; first <= SEEDS; first += SEEDS_IN_ONE_TEST) {
  const last = first + SEEDS_IN_ONE_TEST - 1;
  Deno.test(`simulator, movement: every invariant holds for seeds ${first} to ${last}`, () => {
    for (let seed = first; seed <= last; seed++) assertHolds(seed);
  });
}

Deno.test("simulator, movement: a seed gives the same run again, another seed another one", () => {
  const trace = (seed: number) => {
    const lines: string[] = [];
    runMovementSeed(seed, { hmac, listener: (line) => lines.push(line) });
    return lines;
  };
  assertEquals(trace(5), trace(5));
  assertNotEquals(trace(5), trace(6));
});

Deno.test("simulator, movement: after each kind of fault alone the node recovers", () => {
  for (const recoveryCase of RECOVERY_CASES) {
    assertEquals(recoveryTimes(recoveryCase, 3, hmac).failed, 0, recoveryCase.name);
  }
});

/** Egress machines whose events and actions go through these; an event that becomes undefined is not heard. */
function changingEgress(
  changeEvent: (event: EgressEvent) => EgressEvent | undefined,
  changeAction: (action: EgressAction) => EgressAction[] = (action) => [action],
): Machines {
  return {
    ...REAL_MACHINES,
    egress(settings, environment) {
      const real = REAL_MACHINES.egress(settings, environment);
      return {
        handle(event, now) {
          const changed = changeEvent(event);
          return changed === undefined ? [] : real.handle(changed, now).flatMap(changeAction);
        },
        nextDeadline: () => real.nextDeadline(),
      };
    },
  };
}

const BROKEN: readonly { readonly how: string; readonly machines: Machines; readonly invariant: string }[] = [
  {
    how: "the egress hears of no frame",
    machines: changingEgress((event) => event.kind === "frame" ? undefined : event),
    invariant: "the node recovers after faults",
  },
  {
    how: "the egress does not hear that the carrier went",
    machines: changingEgress((event) => event.kind === "link" && !event.carrier ? undefined : event),
    invariant: "nothing is sent from an address of another link",
  },
  {
    how: "addresses stay on the interface",
    machines: changingEgress((event) => event, (action) => action.kind === "removeAddress" ? [] : [action]),
    invariant: "the interfaces are left as they were found",
  },
  {
    how: "addresses do not get on the interface",
    machines: changingEgress((event) => event, (action) => action.kind === "addAddress" ? [] : [action]),
    invariant: "an interface has the care-of address",
  },
  {
    how: "duplicate addresses are kept",
    machines: changingEgress((event) => event, (action) => action.kind === "removeAddress" ? [] : [action]),
    invariant: "a duplicate address is given up",
  },
  {
    how: "the egress is deaf to time",
    machines: changingEgress((event) => event.kind === "deadline" ? undefined : event),
    invariant: "time goes on",
  },
  {
    how: "the mobile node does not use what it chooses",
    machines: changingMobileNode((action) => action.kind === "useCareOfAddress" ? [] : [action]),
    invariant: "the node recovers after faults",
  },
  {
    how: "the home agent keeps its bindings",
    machines: changingHomeAgent((action) => action.kind === "removeBinding" ? [] : [action]),
    invariant: "de-registration removes the binding",
  },
];

for (const { how, machines, invariant } of BROKEN) {
  Deno.test(`simulator, movement: notices when ${how}`, () => {
    const noticed = new Set<string>();
    for (let seed = 1; seed <= MOST_SEEDS && !noticed.has(invariant); seed++) {
      const { failure } = runMovementSeed(seed, { hmac, machines });
      if (failure !== undefined) noticed.add(failure.invariant);
    }
    assert(noticed.has(invariant), `not noticed in ${MOST_SEEDS} seeds; noticed: ${[...noticed].join("; ")}`);
  });
}
