import type { CapturedPacket } from "../../capture/captured_packet.ts";
import type { TextWriter } from "../text_writer.ts";
import type { CaptureClock } from "./capture_clock.ts";
import type { InspectionHelpers } from "../packet_cursor.ts";
import { FieldExtractor } from "./field_extractor.ts";
import { FieldSlot } from "./field_slot.ts";
import type { FieldSpec } from "./field_spec.ts";
import { writeFieldValue } from "./field_text.ts";

/** What the options -E of `tshark -T fields` say. */
export interface FieldLayout {
  /** Between two fields. */
  readonly separator: string;
  /** Between two values of one field. */
  readonly aggregator: string;
  /** Which values of a field that stands there more than once. */
  readonly occurrence: "first" | "last" | "all";
  /** Around the values of a field; empty for none. */
  readonly quote: string;
}

export const TSHARK_LAYOUT: FieldLayout = { separator: "\t", aggregator: ",", occurrence: "all", quote: "" };

/** One line a packet: the values of some fields. */
export class FieldPrinter {
  readonly #extractor: FieldExtractor;
  /** As they were asked for: a field may be asked for twice. */
  readonly #columns: readonly FieldSlot[];

  constructor(
    readonly fields: readonly FieldSpec[],
    readonly layout: FieldLayout,
    readonly out: TextWriter,
    helpers: InspectionHelpers = {},
  ) {
    this.#extractor = new FieldExtractor([...new Set(fields)].map((spec) => new FieldSlot(spec)), helpers);
    const { slots } = this.#extractor;
    this.#columns = fields.map((spec) => slots.find((slot) => slot.spec === spec)!);
  }

  /** The names of the fields. */
  writeHeader(): void {
    this.out.text(this.fields.map(({ name }) => name).join(this.layout.separator));
    this.out.newline();
  }

  write(packet: CapturedPacket, clock: CaptureClock): void {
    const { out, layout } = this;
    this.#extractor.read(packet, clock);
    for (let index = 0; index < this.#columns.length; index++) {
      if (index > 0) out.text(layout.separator);
      const slot = this.#columns[index];
      if (slot.count > 0) this.#writeValues(slot);
    }
    out.newline();
  }

  #writeValues(slot: FieldSlot): void {
    const { quote, aggregator, occurrence } = this.layout;
    const { out } = this;
    out.text(quote);
    const start = occurrence === "last" ? slot.count - 1 : 0;
    const end = occurrence === "first" ? 1 : slot.count;
    for (let index = start; index < end; index++) {
      if (index > start) out.text(aggregator);
      writeFieldValue(out, slot, index);
    }
    out.text(quote);
  }
}
