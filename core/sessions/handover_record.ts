import type { DataFlow, Direction, Encapsulation, GapMeasure } from "./data_flow.ts";
import { FROM_MOBILE_NODE, TO_MOBILE_NODE } from "./data_flow.ts";
import type { Handover } from "./session_record.ts";

interface Place {
  readonly careOfAddress: string;
  readonly encapsulation: Encapsulation;
}

/** A handover from its first Binding Update on, while nobody knows how it ends. */
export class HandoverRecord {
  #updates = 0;
  readonly #from: Place;
  #to: Place;
  #signallingMs: number | null = null;
  #over = false;

  constructor(readonly seconds: number, from: Place, to: Place, readonly measure: GapMeasure) {
    this.#from = { careOfAddress: from.careOfAddress, encapsulation: from.encapsulation };
    this.#to = { careOfAddress: to.careOfAddress, encapsulation: to.encapsulation };
  }

  /** A Binding Update from the new place; those after the accepting acknowledgement only refresh. */
  countUpdate(): void {
    if (!this.#over) this.#updates++;
  }

  /** The first acknowledgement that accepts ends it; later ones only refresh. */
  accept(seconds: number, encapsulation: Encapsulation): void {
    if (this.#over) return;
    this.#over = true;
    this.#to = { ...this.#to, encapsulation };
    this.#signallingMs = Math.max(1000 * (seconds - this.seconds), 0);
    this.measure.acceptedSeconds = seconds;
  }

  /** The mobile node has tried something else before anybody accepted. */
  abandon(seconds: number): void {
    if (this.#over) return;
    this.#over = true;
    this.measure.acceptedSeconds = seconds;
  }

  report(data: DataFlow): Handover {
    return {
      seconds: this.seconds,
      from: this.#from,
      to: this.#to,
      updates: this.#updates,
      signallingMs: this.#signallingMs,
      gapFromMobileNode: this.#gap(data, FROM_MOBILE_NODE),
      gapToMobileNode: this.#gap(data, TO_MOBILE_NODE),
    };
  }

  #gap(data: DataFlow, direction: Direction): Handover["gapFromMobileNode"] {
    const gap = this.measure.gap(data.stream(direction));
    if (gap === undefined) return null;
    return { ...gap, gapMs: 1000 * (gap.firstAfterSeconds - gap.lastBeforeSeconds) };
  }
}
