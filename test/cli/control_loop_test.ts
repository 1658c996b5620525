import { assert, assertEquals } from "@std/assert";
import { ControlLoop, currentNow, MAXIMUM_WAITING_EVENTS } from "../../cli/daemon/control_loop.ts";
import type { Now } from "../../core/control/now.ts";

type Event = "deadline" | "boom" | `event ${number}`;

/** Answers every event with two actions, and has the deadlines that a test gives it. */
class FakeMachine {
  readonly handled: { readonly event: Event; readonly now: Now }[] = [];
  deadlines: number[] = [];
  keepsDeadlines = false;
  asked = 0;

  handle(event: Event, now: Now): string[] {
    this.handled.push({ event, now });
    if (event === "deadline" && !this.keepsDeadlines) this.deadlines.shift();
    if (event === "boom") throw new Error("broken invariant");
    return [`${event} a`, `${event} b`];
  }

  nextDeadline(): number | undefined {
    this.asked++;
    return this.deadlines[0];
  }

  get events(): Event[] {
    return this.handled.map(({ event }) => event);
  }
}

interface Setting {
  readonly machine: FakeMachine;
  readonly loop: ControlLoop<Event, string>;
  readonly done: string[];
  readonly errors: string[];
}

/** A loop that stops itself once the action `last` is done. */
function prepare(last: string, performAction: (action: string) => void | Promise<void> = () => {}): Setting {
  const machine = new FakeMachine();
  const done: string[] = [];
  const errors: string[] = [];
  const loop = new ControlLoop<Event, string>({
    machine,
    deadlineEvent: "deadline",
    performAction: async (action) => {
      await performAction(action);
      done.push(action);
      if (action === last) loop.stop();
    },
    onError: (error, { event, action }) => errors.push(`${event}, ${action}: ${(error as Error).message}`),
  });
  return { machine, loop, done, errors };
}

Deno.test("control loop: events keep their order, and each action waits for the one before", async () => {
  const slow = (action: string) =>
    new Promise<void>((resolve) => setTimeout(resolve, action.endsWith("a") ? 3 : 0));
  const { loop, done, machine, errors } = prepare("event 3 b", slow);
  loop.push("event 1");
  loop.push("event 2");
  const running = loop.run();
  setTimeout(() => loop.push("event 3"), 10);
  await running;
  assertEquals(machine.events, ["event 1", "event 2", "event 3"]);
  assertEquals(done, ["event 1 a", "event 1 b", "event 2 a", "event 2 b", "event 3 a", "event 3 b"]);
  assertEquals(errors, []);
  const { now } = machine.handled[2];
  assert(Math.abs(now.monotonicMs - performance.now()) < 1000 && Math.abs(now.unixMs - Date.now()) < 1000);
});

Deno.test("control loop: a deadline comes at its instant, never before, and once", async () => {
  const { loop, machine } = prepare("event 1 b");
  const start = performance.now();
  machine.deadlines = [start + 20.4, start + 20.6, start + 45.2];
  const running = loop.run();
  let soon: readonly Event[] = [];
  // A machine that stands still for a while is late with this timer, too, but keeps the order.
  setTimeout(() => {
    soon = machine.events;
    loop.push("event 1");
  }, 65);
  await running;
  assertEquals(soon, ["deadline", "deadline", "deadline"]);
  assertEquals(machine.events, ["deadline", "deadline", "deadline", "event 1"]);
  const late = [20.4, 20.6, 45.2].map((due, index) => machine.handled[index].now.monotonicMs - start - due);
  assert(late.every((ms) => ms >= 0), `late by ${late}`);
});

Deno.test("control loop: a deadline that an event moves or clears is forgotten", async () => {
  const { loop, machine } = prepare("event 2 b");
  machine.deadlines = [performance.now() + 30];
  const handle = machine.handle.bind(machine);
  machine.handle = (event, now) => {
    machine.deadlines = [];
    return handle(event, now);
  };
  const running = loop.run();
  loop.push("event 1");
  setTimeout(() => loop.push("event 2"), 60);
  await running;
  assertEquals(machine.events, ["event 1", "event 2"]);
});

Deno.test("control loop: a deadline that is due goes before waiting events", async () => {
  const { loop, machine } = prepare("event 1 b");
  machine.deadlines = [performance.now() - 1];
  loop.push("event 1");
  await loop.run();
  assertEquals(machine.events, ["deadline", "event 1"]);
});

Deno.test("control loop: a deadline beyond what a timer can hold is waited for, not fired", async () => {
  const { loop, machine } = prepare("event 1 b");
  machine.deadlines = [performance.now() + 2 ** 40];
  const running = loop.run();
  setTimeout(() => loop.push("event 1"), 20);
  await running;
  assertEquals(machine.events, ["event 1"]);
  assert(machine.asked < 5, `looked ${machine.asked} times`);
});

Deno.test("control loop: errors are reported and cost only their action or event", async () => {
  const { loop, done, errors } = prepare("event 2 b", (action) => {
    if (action === "event 1 a") throw new Error("no route");
  });
  for (const event of ["boom", "event 1", "event 2"] as const) loop.push(event);
  await loop.run();
  assertEquals(done, ["event 1 b", "event 2 a", "event 2 b"]);
  assertEquals(errors, ["boom, undefined: broken invariant", "event 1, event 1 a: no route"]);
});

Deno.test("control loop: a machine that keeps its deadline does not spin, and events still come", async () => {
  const { loop, machine, errors } = prepare("event 1 b");
  machine.keepsDeadlines = true;
  machine.deadlines = [performance.now()];
  const running = loop.run();
  setTimeout(() => loop.push("event 1"), 30);
  await running;
  assertEquals(machine.events, ["deadline", "event 1"]);
  assertEquals(errors, ["deadline, undefined: the state machine kept a deadline that had come"]);
});

Deno.test("control loop: it can be stopped, from idle and in the middle of actions, and takes no more events", async () => {
  const idle = prepare("never");
  const running = idle.loop.run();
  setTimeout(() => idle.loop.stop(), 5);
  await running;
  assertEquals(idle.loop.push("event 1"), false);

  const busy = prepare("event 1 a");
  busy.loop.push("event 1");
  busy.loop.push("event 2");
  await busy.loop.run();
  assertEquals(busy.done, ["event 1 a"]);

  const full = prepare("never");
  for (let index = 0; index < MAXIMUM_WAITING_EVENTS; index++) assert(full.loop.push(`event ${index}`));
  assertEquals(full.loop.push("event 0"), false);
});

Deno.test("control loop: a flood leaves room for what is not said again, in its order", async () => {
  const { loop, done } = prepare("never");
  for (let index = 0; index < MAXIMUM_WAITING_EVENTS; index++) loop.push("event 1");
  assertEquals([loop.push("event 2"), loop.pushOwn("event 3")], [false, true]);
  const waited = loop.pushAndWait("event 4");
  const running = loop.run();
  await waited;
  loop.stop();
  await running;
  assertEquals(done.slice(-5), ["event 1 b", "event 3 a", "event 3 b", "event 4 a", "event 4 b"]);
  const full = prepare("never").loop;
  for (let index = 0; index < 2 * MAXIMUM_WAITING_EVENTS; index++) assert(full.pushOwn("event 1"));
  assertEquals(full.pushOwn("event 1"), false, "that has an end, too");
});

Deno.test("control loop: who waits for an event is told when its actions are done, and also when it comes to nothing", async () => {
  const slow = () => new Promise<void>((resolve) => setTimeout(resolve, 3));
  const { loop, done, errors } = prepare("", slow);
  const running = loop.run();
  await loop.pushAndWait("event 1");
  assertEquals(done, ["event 1 a", "event 1 b"]);
  await loop.pushAndWait("boom");
  assertEquals(errors, ["boom, undefined: broken invariant"]);
  const underWay = loop.pushAndWait("event 2");
  const dropped = loop.pushAndWait("event 3");
  await new Promise((resolve) => setTimeout(resolve, 1));
  loop.stop();
  await Promise.all([underWay, dropped, loop.pushAndWait("event 4"), running]);
  assertEquals(done.slice(2), ["event 2 a"]);
});

Deno.test("control loop: after an action that failed, the machine hears of it before the rest of the event and before others", async () => {
  const machine = new FakeMachine();
  const done: string[] = [];
  const loop = new ControlLoop<Event, string>({
    machine,
    deadlineEvent: "deadline",
    performAction: (action) => {
      if (action === "event 1 a" || action === "event 9 a") throw new Error("refused");
      done.push(action);
      if (action === "event 2 b") loop.stop();
    },
    recover: (action) => action === "event 1 a" ? { event: "event 9", rest: ["more"] } : undefined,
    onError: () => {},
  });
  loop.push("event 1");
  loop.push("event 2");
  await loop.run();
  assertEquals(machine.events, ["event 1", "event 9", "event 2"]);
  assertEquals(done, ["event 9 b", "more", "event 2 a", "event 2 b"]);
});

Deno.test("control loop: a wall clock that is set does not reach the machine", () => {
  const before = currentNow();
  const { now } = Date;
  try {
    Date.now = () => now() - 86_400_000;
    const after = currentNow();
    const passedMs = after.monotonicMs - before.monotonicMs;
    assert(Math.abs(after.unixMs - before.unixMs - passedMs) < 0.01 && passedMs < 1000);
  } finally {
    Date.now = now;
  }
});
