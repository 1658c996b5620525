import type { CapturedPacket } from "../../capture/captured_packet.ts";
import type { CaptureClock } from "../fields/capture_clock.ts";
import { FieldExtractor } from "../fields/field_extractor.ts";
import { FieldSlot } from "../fields/field_slot.ts";
import type { InspectionHelpers } from "../packet_cursor.ts";
import type { FieldSpec } from "../fields/field_spec.ts";
import { type FilterFault, FilterMistake } from "./filter_fault.ts";
import { FilterParser, type Test } from "./filter_parser.ts";

/** A display filter in tshark's words, ready for packets. */
export class PacketFilter {
  readonly #extractor: FieldExtractor;
  readonly #test: Test;

  constructor(slots: readonly FieldSlot[], test: Test, helpers?: InspectionHelpers) {
    this.#extractor = new FieldExtractor(slots, helpers);
    this.#test = test;
  }

  /** The clock has seen this packet and those before it. */
  matches(packet: CapturedPacket, clock: CaptureClock): boolean {
    this.#extractor.read(packet, clock);
    return this.#test();
  }
}

/** Reads a filter: `ip.addr == 10.0.0.0/8 and not mip6.ba.status in {0, 1}`. */
export function compileFilter(
  text: string,
  helpers?: InspectionHelpers,
): PacketFilter | { readonly fault: FilterFault } {
  const slots = new Map<string, FieldSlot>();
  const slotOf = (spec: FieldSpec): FieldSlot => {
    let slot = slots.get(spec.name);
    if (slot === undefined) slots.set(spec.name, slot = new FieldSlot(spec));
    return slot;
  };
  try {
    const test = new FilterParser(text, slotOf).parse();
    return new PacketFilter([...slots.values()], test, helpers);
  } catch (error) {
    if (error instanceof FilterMistake) return { fault: error.fault };
    throw error;
  }
}
