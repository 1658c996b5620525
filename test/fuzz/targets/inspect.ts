import type { CapturedPacket } from "../../../core/capture/captured_packet.ts";
import { FieldPrinter, TSHARK_LAYOUT } from "../../../core/inspect/fields/field_printer.ts";
import { CaptureClock } from "../../../core/inspect/fields/capture_clock.ts";
import { FIELDS } from "../../../core/inspect/fields/field_table.ts";
import { JsonPrinter } from "../../../core/inspect/fields/json_printer.ts";
import { PacketPrinter } from "../../../core/inspect/packet_printer.ts";
import { TextWriter } from "../../../core/inspect/text_writer.ts";
import { Linter } from "../../../core/lint/linter.ts";
import { SessionTracker } from "../../../core/sessions/session_tracker.ts";
import { sampleLinkTypes, samplePackets } from "../../inspect/sample_packets.ts";
import { captured } from "../../inspect/show.ts";
import { type FuzzTarget, InputReader, withLength } from "../engine/target.ts";

const MOST_PACKETS = 8;

/**
 * What `dsmip decode` does with packets: the first octet says in which form, then come up to eight of link type, seconds since
 * the last one and octets.
 */
export const inspect: FuzzTarget = {
  name: "inspect",
  maximumOctets: 4096,
  seeds: () =>
    samplePackets().map(({ bytes, linkType }, index) =>
      Uint8Array.of(index, Math.max(0, sampleLinkTypes.indexOf(linkType)), 0, ...withLength(bytes))
    ),
  run(input) {
    const reader = new InputReader(input);
    const show = reader.pick(FORMS)();
    let seconds = 1_000_000;
    for (let number = 1; number <= MOST_PACKETS && !reader.isAtEnd; number++) {
      const linkType = reader.pick(sampleLinkTypes);
      seconds += reader.octet();
      const bytes = reader.octets();
      show(captured(bytes, { number, linkType, time: { seconds, nanoseconds: 0 } }));
    }
  },
};

type Show = (packet: CapturedPacket) => void;

const FORMS: readonly (() => Show)[] = [linesAndTrees, fieldsAndJson, lint, sessions];

function linesAndTrees(): Show {
  const out = new TextWriter(false);
  const printer = new PacketPrinter(out);
  return (packet) => {
    printer.note(packet);
    printer.writeLine(packet);
    printer.writeTree(packet);
    checkPrintable(out);
  };
}

function fieldsAndJson(): Show {
  const out = new TextWriter(false);
  const json = new JsonPrinter(out);
  const fields = new FieldPrinter([...FIELDS.values()], TSHARK_LAYOUT, out);
  const clock = new CaptureClock();
  return (packet) => {
    clock.note(packet);
    json.write(packet, clock);
    fields.write(packet, clock);
    checkPrintable(out);
  };
}

function lint(): Show {
  const linter = new Linter(() => {});
  return (packet) => linter.add(packet);
}

function sessions(): Show {
  const tracker = new SessionTracker({ plot: true });
  return (packet) => {
    tracker.add(packet);
    JSON.stringify(tracker.reports());
  };
}

/** What a packet says is never sent to the terminal as it is. */
function checkPrintable(out: TextWriter): void {
  for (let at = 0; at < out.length; at++) {
    const octet = out.bytes[at];
    if (octet < 0x20 && octet !== 0x0a && octet !== 0x09) {
      throw new Error(`control octet ${octet} in the text`);
    }
  }
  out.clear();
}
