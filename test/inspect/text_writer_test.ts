import { assertEquals } from "@std/assert";
import { formatIpv4, formatIpv6 } from "../../core/wire/address.ts";
import { TextWriter } from "../../core/inspect/text_writer.ts";
import { formatUtcTime } from "../../core/inspect/utc_time.ts";
import { random } from "./random.ts";

function written(write: (out: TextWriter) => void): string {
  const out = new TextWriter(false);
  write(out);
  return new TextDecoder().decode(out.bytes.subarray(0, out.length));
}

Deno.test("addresses are written as core/wire formats them", () => {
  const next = random(1);
  for (let round = 0; round < 4_000; round++) {
    // Mostly zeros, so that runs of them come in every place and length; at times IPv4-mapped.
    const bytes = Uint8Array.from({ length: 16 }, () => next(3) > 0 ? 0 : next(256));
    if (round % 10 === 0) bytes.fill(0, 0, 10).fill(0xff, 10, 12);
    assertEquals(written((out) => out.ipv6(bytes, 0)), formatIpv6(bytes));
    assertEquals(written((out) => out.ipv4(bytes, 12)), formatIpv4(bytes, 12));
  }
});

Deno.test("numbers, with leading zeros or at the right", () => {
  for (const value of [0, 9, 10, 99, 100, 65_535, 4_294_967_295, 2 ** 53 - 1]) {
    assertEquals(written((out) => out.decimal(value)), String(value));
    assertEquals(written((out) => out.decimal(value, 6)), String(value).padStart(6, "0"));
    assertEquals(written((out) => out.decimalRight(value, 6)), String(value).padStart(6, " "));
  }
  assertEquals(written((out) => out.hex(0xdeadbeef, 8)), "deadbeef");
  assertEquals(written((out) => out.hex(0xa, 4)), "000a");
  assertEquals(written((out) => out.linkAddress(Uint8Array.of(0, 1, 0xab, 4, 5, 6), 0)), "00:01:ab:04:05:06");
});

Deno.test("the buffer grows, columns count what is seen, clear begins anew", () => {
  const out = new TextWriter(true);
  for (let index = 0; index < 100_000; index++) out.text("0123456789");
  assertEquals(out.length, 1_000_000);
  out.clear();
  out.style("bad");
  out.text("abc");
  out.plain();
  assertEquals(out.column, 3);
  out.toColumn(10);
  assertEquals(out.column, 10);
  out.toColumn(2);
  assertEquals(out.column, 11);
  out.newline();
  assertEquals(out.column, 0);
  assertEquals(new TextDecoder().decode(out.bytes.subarray(0, out.length)), "\x1b[31mabc\x1b[0m        \n");
});

Deno.test("long octets of a packet make the buffer grow too", () => {
  const text = written((out) => out.untrusted(new Uint8Array(100_000), 0, 100_000));
  assertEquals(text, "\\x00".repeat(100_000));
});

Deno.test("dates are those of the Gregorian calendar", () => {
  const next = random(2);
  for (let round = 0; round < 5_000; round++) {
    const seconds = next(2 ** 33) - (round % 2) * 2 ** 32;
    const expected = new Date(seconds * 1000).toISOString().replace("T", " ").replace(".000Z", ".000000 UTC");
    assertEquals(formatUtcTime({ seconds, nanoseconds: 999 }, 6), expected);
  }
  assertEquals(
    formatUtcTime({ seconds: 951_782_400, nanoseconds: 1 }, 9),
    "2000-02-29 00:00:00.000000001 UTC",
  );
});
