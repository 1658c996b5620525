import type { CapturedPacket } from "../../capture/captured_packet.ts";
import type { TextWriter } from "../text_writer.ts";
import type { CaptureClock } from "./capture_clock.ts";
import type { InspectionHelpers } from "../packet_cursor.ts";
import { FieldExtractor } from "./field_extractor.ts";
import { FieldSlot } from "./field_slot.ts";
import type { FieldSpec } from "./field_spec.ts";
import { FIELDS } from "./field_table.ts";
import { writeFieldValue } from "./field_text.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const TILDE = 0x7e;

/**
 * One JSON object a line: "protocols" from the outermost to the innermost, then the fields that the packet has. A
 * field that stands there more than once has an array; numbers are numbers, flags true or false, all else text.
 */
export class JsonPrinter {
  readonly #extractor: FieldExtractor;
  readonly #protocols: readonly FieldSlot[];
  readonly #values: readonly FieldSlot[];

  /** Without `fields`: all, but those that only say again what another field says. */
  constructor(readonly out: TextWriter, fields?: readonly FieldSpec[], helpers: InspectionHelpers = {}) {
    const all = fields ?? [...FIELDS.values()].filter(({ again }) => !again);
    this.#extractor = new FieldExtractor([...new Set(all)].map((spec) => new FieldSlot(spec)), helpers);
    const { slots } = this.#extractor;
    const isProtocol = ({ spec }: FieldSlot) => fields === undefined && spec.kind === "protocol";
    this.#protocols = slots.filter(isProtocol);
    this.#values = slots.filter((slot) => !isProtocol(slot));
  }

  write(packet: CapturedPacket, clock: CaptureClock): void {
    const { out } = this;
    this.#extractor.read(packet, clock);
    out.text("{");
    let separator = "";
    if (this.#protocols.length > 0) {
      out.text(`"protocols":${JSON.stringify(this.#protocolNames())}`);
      separator = ",";
    }
    for (const slot of this.#values) {
      if (slot.count === 0) continue;
      out.text(`${separator}"${slot.spec.name}":`);
      separator = ",";
      this.#writeSlot(slot);
    }
    out.text("}");
    out.newline();
  }

  #writeSlot(slot: FieldSlot): void {
    const { out } = this;
    if (slot.count > 1) out.text("[");
    for (let index = 0; index < slot.count; index++) {
      if (index > 0) out.text(",");
      this.#writeValue(slot, index);
    }
    if (slot.count > 1) out.text("]");
  }

  #writeValue(slot: FieldSlot, index: number): void {
    const { out } = this;
    switch (slot.spec.kind) {
      case "number":
      case "signed":
        return out.text(String(slot.first[index]));
      case "flag":
        return out.text(slot.first[index] === 0 ? "false" : "true");
      case "present":
      case "protocol":
        return out.text("true");
      case "text":
        return this.#writeText(slot.bytes[index], slot.first[index], slot.first[index] + slot.second[index]);
      default:
        out.text('"');
        writeFieldValue(out, slot, index);
        out.text('"');
    }
  }

  /** The text of TextWriter.untrusted(), as JSON writes it. */
  #writeText(bytes: Uint8Array, start: number, end: number): void {
    const { out } = this;
    out.text('"');
    for (let index = start; index < end; index++) {
      const octet = bytes[index];
      if (octet === QUOTE) out.text('\\"');
      else if (octet < SPACE || octet > TILDE || octet === BACKSLASH) {
        out.text("\\\\x");
        out.hex(octet, 2);
      } else out.untrusted(bytes, index, index + 1);
    }
    out.text('"');
  }

  /** Each header stands behind the one that carries it. */
  #protocolNames(): string[] {
    return this.#protocols
      .flatMap(({ spec, first, count }) => first.slice(0, count).map((at) => ({ name: spec.name, at })))
      .sort((one, other) => one.at - other.at)
      .map(({ name }) => name);
  }
}
