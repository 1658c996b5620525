import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  decodeAnyMobilityHeader,
  decodeMobilityHeader,
  encodeMobilityHeader,
  encodeMobilityHeaderInto,
  mobilityMessageType,
} from "../../core/wire/mobility_header.ts";
import { MOBILITY_MESSAGES } from "../../core/wire/mobility_message_table.ts";
import { MOBILITY_OPTIONS, mobilityOptionEntry } from "../../core/wire/mobility_option_table.ts";
import { anyMobilityMessages, mobilityMessages } from "./arbitraries.ts";
import { valueOf } from "./decoded.ts";
import { hexOf, onesBuffer } from "./octets.ts";

const MESSAGES = { numRuns: 2000 };

Deno.test("any message of the whole table with any options is found again", () => {
  fc.assert(
    fc.property(anyMobilityMessages, (message) => {
      const bytes = encodeMobilityHeader(message);
      const header = valueOf(decodeAnyMobilityHeader(bytes));
      assertEquals(header.message, message);
      assertEquals(header.length, bytes.length);
    }),
    { numRuns: 4000 },
  );
});

Deno.test("any message of the whole table: the stack decodes it, and what it does not act on is unknown to it", () => {
  const known = (kind: string) => kind in MOBILITY_MESSAGES || kind in MOBILITY_OPTIONS;
  fc.assert(
    fc.property(anyMobilityMessages, (message) => {
      const { message: found } = valueOf(decodeMobilityHeader(encodeMobilityHeader(message)));
      if (message.kind === "unknownMessage" || found.kind === "unknownMessage") {
        assertEquals([found.kind, mobilityMessageType(found)], [
          "unknownMessage",
          mobilityMessageType(message),
        ]);
        assert(!known(message.kind));
        return;
      }
      assertEquals(found.kind, message.kind);
      assertEquals(
        found.options.map(({ kind }) => kind),
        message.options.map(({ kind }) => known(kind) ? kind : "unknownOption"),
      );
    }),
    MESSAGES,
  );
});

Deno.test("any message with any options is found again", () => {
  fc.assert(
    fc.property(mobilityMessages, (message) => {
      const bytes = encodeMobilityHeader(message);
      const header = valueOf(decodeMobilityHeader(bytes));
      assertEquals(header.message, message);
      assertEquals(header.length, bytes.length);
    }),
    MESSAGES,
  );
});

Deno.test("any message is the same from a buffer full of ones, and nothing outside is touched", () => {
  fc.assert(
    fc.property(mobilityMessages, fc.nat(9), (message, offset) => {
      const bytes = encodeMobilityHeader(message);
      const buffer = onesBuffer(offset + bytes.length + 3);
      assertEquals(encodeMobilityHeaderInto(message, buffer, offset), bytes.length);
      assertEquals(hexOf(buffer), `${"ff".repeat(offset)}${hexOf(bytes)}ffffff`);
    }),
    MESSAGES,
  );
});

Deno.test("any message: every option stands where the table's alignment wants it, with the least padding", () => {
  fc.assert(
    fc.property(anyMobilityMessages, (message) => {
      const bytes = encodeMobilityHeader(message);
      const { optionOffsets } = valueOf(decodeAnyMobilityHeader(bytes));
      assertEquals(bytes.length % 8, 0);
      optionOffsets.forEach((offset, i) => {
        const alignment = mobilityOptionEntry(bytes[offset])?.alignment(bytes[offset + 1]) ??
          { n: 1, offset: 0 };
        assertEquals(
          offset % alignment.n,
          alignment.offset % alignment.n,
          `option ${bytes[offset]} at ${offset}`,
        );
        if (i === 0) return;
        const previousEnd = optionOffsets[i - 1] + 2 + bytes[optionOffsets[i - 1] + 1];
        const limit = i === optionOffsets.length - 1 ? 8 : alignment.n;
        assert(offset - previousEnd < limit, `${offset - previousEnd} octets of padding`);
      });
    }),
    MESSAGES,
  );
});

Deno.test("any message: what follows the last option is zeros but for the head of a PadN", () => {
  fc.assert(
    fc.property(anyMobilityMessages, (message) => {
      const bytes = encodeMobilityHeader(message);
      const last = valueOf(decodeAnyMobilityHeader(bytes)).optionOffsets.at(-1);
      if (last === undefined) return;
      const padding = bytes.subarray(last + 2 + bytes[last + 1]);
      assert(padding.length < 8);
      const expected = new Uint8Array(padding.length);
      if (padding.length > 1) expected.set([1, padding.length - 2]);
      assertEquals(padding, expected);
    }),
    MESSAGES,
  );
});
