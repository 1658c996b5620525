import type { Now } from "../../../core/control/now.ts";
import type { InputReader } from "./target.ts";

const START: Now = { monotonicMs: 1_000_000, unixMs: 1_700_000_000_000 };
const STEPS_MS = [0, 1, 10, 100, 1_000, 5_000, 60_000, 1_000_000];
/** A machine that wants the time all the time makes no progress. */
const MOST_DEADLINES = 200;

interface TimedMachine<Event, Action> {
  handle(event: Event, now: Now): Action[];
  nextDeadline(): number | undefined;
}

/** Plays events into a state machine, and the time between them; checks what every machine owes its loop. */
export class MachineClock<Event, Action> {
  now = START;
  readonly #machine: TimedMachine<Event, Action>;
  readonly #deadlineEvent: Event;
  readonly #check: (action: Action) => void;

  /** @param check throws about actions that nobody could perform */
  constructor(
    machine: TimedMachine<Event, Action>,
    deadlineEvent: Event,
    check: (action: Action) => void = () => {},
  ) {
    this.#machine = machine;
    this.#deadlineEvent = deadlineEvent;
    this.#check = check;
  }

  handle(event: Event): Action[] {
    const actions = this.#machine.handle(event, this.now);
    for (const action of actions) this.#check(action);
    const deadline = this.#machine.nextDeadline();
    if (deadline !== undefined && !Number.isFinite(deadline)) throw new Error(`a deadline at ${deadline}`);
    return actions;
  }

  /** Some time goes by, as the input has it, with every deadline in it. */
  pass(reader: InputReader): void {
    const octet = reader.octet();
    const next = this.#machine.nextDeadline();
    const step = (octet & 15) < STEPS_MS.length ? STEPS_MS[octet & 15] : undefined;
    const untilMs = step === undefined ? next ?? this.now.monotonicMs : this.now.monotonicMs + step;
    for (let passed = 0;; passed++) {
      const deadline = this.#machine.nextDeadline();
      if (deadline === undefined || deadline > untilMs) break;
      if (passed > MOST_DEADLINES) {
        // Longer than the input can ask for in earnest: the rest of the time does not pass.
        if (deadline <= this.now.monotonicMs) throw new Error("a deadline that is never over");
        return;
      }
      this.#to(Math.max(deadline, this.now.monotonicMs));
      this.handle(this.#deadlineEvent);
    }
    this.#to(Math.max(untilMs, this.now.monotonicMs));
  }

  #to(monotonicMs: number): void {
    const unixMs = this.now.unixMs + monotonicMs - this.now.monotonicMs;
    this.now = { monotonicMs, unixMs };
  }
}
