import { assert, assertEquals } from "@std/assert";
import { LinkType } from "../../../core/capture/link_type.ts";
import { CaptureClock } from "../../../core/inspect/fields/capture_clock.ts";
import { FIELDS } from "../../../core/inspect/fields/field_table.ts";
import { JsonPrinter } from "../../../core/inspect/fields/json_printer.ts";
import { TextWriter } from "../../../core/inspect/text_writer.ts";
import { ALL_MOBILITY_MESSAGES } from "../../../core/wire/mobility_message_table.ts";
import { ALL_MOBILITY_OPTIONS } from "../../../core/wire/mobility_option_table.ts";
import { ipv4, ipv6, octets, udp } from "../packet_builder.ts";
import { random } from "../random.ts";
import { samplePackets } from "../sample_packets.ts";
import { captured } from "../show.ts";

const HOME = "2001:db8:100::100";
const AGENT = "2001:db8:100::1";

/** All fields of a packet with this mobility header, or with another payload. */
function fieldsOf(payload: Uint8Array, protocol = 135, legacy = false): Record<string, unknown> {
  return jsonOf(ipv6(HOME, AGENT, protocol, payload), LinkType.raw, legacy);
}

function jsonOf(bytes: Uint8Array, linkType: number, legacy = false): Record<string, unknown> {
  const out = new TextWriter(false);
  const packet = captured(bytes, { linkType });
  const clock = new CaptureClock();
  clock.note(packet);
  new JsonPrinter(out, undefined, { legacy }).write(packet, clock);
  return JSON.parse(new TextDecoder().decode(out.bytes.subarray(0, out.length)));
}

function some(fields: Record<string, unknown>, prefix: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name.startsWith(prefix)));
}

Deno.test("RFC 6705 4: Localized Routing messages are read behind the checksum", () => {
  assertEquals(some(fieldsOf(octets("3b01 1100 0000 0102 0000 0304 01020000")), "mip6.lri."), {
    "mip6.lri.sequence": 0x0102,
    "mip6.lri.reserved": "0x0000",
    "mip6.lri.lifetime": "0x0304",
  });
  assertEquals(some(fieldsOf(octets("3b01 1200 0000 0102 8005 0304 01020000")), "mip6.lra."), {
    "mip6.lra.sequence": 0x0102,
    "mip6.lra.reserved": "0x00",
    "mip6.lra.status": 5,
    "mip6.lra.lifetime": "0x0304",
  });
});

Deno.test("RFC 5142 3: options of a Home Agent Switch message stand behind its addresses", () => {
  const header = octets("3b03 0c00 0000 0100 20010db8000000000000000000000001 1c04 00000007 0100");
  const fields = fieldsOf(header);
  assertEquals(fields["mip6.has.address"], "2001:db8::1");
  assertEquals(fields["mip6.rc"], 7);
});

Deno.test("RFC 6463 4.2: a Redirect option with either address", () => {
  const redirect = (data: string, units: string) =>
    some(fieldsOf(octets(`3b${units} 0500 0000 0001 8000 000f ${data}`)), "mip6.redir.addr");
  assertEquals(redirect("2f06 8000 c0000201 01020000", "02"), { "mip6.redir.addr_r2lma_ipv4": "192.0.2.1" });
  assertEquals(redirect("2f12 8000 20010db8000000000000000000000009", "03"), {
    "mip6.redir.addr_r2lma_ipv6": "2001:db8::9",
  });
});

Deno.test("RFC 4285 6: a timestamp is NTP's", () => {
  const fields = fieldsOf(octets("3b02 0500 0000 0001 8000 000f 0a08 83aa7e80 80000000 0100"));
  assertEquals(fields["mip6.mseg_id.timestamp"], "Jan  1, 1970 00:00:00.500000000 UTC");
});

Deno.test("what tshark does not know has names from the tables: RFC 7077 4.1, RFC 8278 3", () => {
  const message = some(
    fieldsOf(octets("3b01 1300 0000 0102 0001 8000 01020000")),
    "mip6.update_notification",
  );
  assertEquals(message["mip6.update_notification.sequence_number"], 0x0102);
  for (const { type, kind, variant } of ALL_MOBILITY_MESSAGES.filter(({ type }) => type > 18)) {
    if (variant !== undefined) continue;
    const prefix = `mip6.${kind.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}.`;
    assert([...FIELDS.keys()].some((name) => name.startsWith(prefix)), `type ${type}: ${prefix}`);
  }
  const options = [...FIELDS.keys()].filter((name) => name.startsWith("mip6.options."));
  assertEquals(options.length, new Set([0, 1, ...ALL_MOBILITY_OPTIONS.map(({ type }) => type)]).size);
});

Deno.test("--legacy: option 22 of the drafts is the IPv4 Care-of Address, in UDP port 666", () => {
  const header = octets("3b02 0500 0000 0001 8000 000f 1606 0000 0a00002a 01020000");
  const packet = ipv4("10.0.0.42", "203.0.113.1", 17, udp(666, 666, ipv6(HOME, AGENT, 135, header)));
  assertEquals(jsonOf(packet, LinkType.raw, true)["mip6.ipv4coa.addr"], "10.0.0.42");
  assert(!("mip6.mhtype" in jsonOf(packet, LinkType.raw)));
});

Deno.test("IPv4 in UDP port 4191, and a packet that an error quotes", () => {
  const inner = ipv4("192.0.2.1", "192.0.2.2", 17, udp(1, 2, new Uint8Array(4)));
  const packet = ipv4("10.0.0.42", "203.0.113.1", 17, udp(4191, 4191, inner));
  const fields = jsonOf(packet, LinkType.raw);
  assertEquals(fields.protocols, ["ip", "udp", "ip", "udp"]);
  assertEquals(fields["ip.src"], ["10.0.0.42", "192.0.2.1"]);
  const quoting = octets("0304 0000 0000 0500");
  const error = jsonOf(
    ipv4("203.0.113.1", "10.0.0.42", 1, Uint8Array.of(...quoting, ...packet)),
    LinkType.raw,
  );
  assertEquals(error["ip.dst"], ["10.0.0.42", "203.0.113.1", "192.0.2.2"]);
  assertEquals(error["icmp.type"], 3);
});

Deno.test("a snap length cuts no value in two: what is not all there is not shown", () => {
  const header = octets(
    "3b04 0500 0000 0001 8000 000f 1c04 00000007 0808 01 6d6e3140612e62 1406 616263646566",
  );
  const packet = ipv6(HOME, AGENT, 135, header);
  const whole = jsonOf(packet, LinkType.raw);
  assertEquals(whole["mip6.ss.identifier"], "abcdef");
  for (let octetCount = 0; octetCount < packet.length; octetCount++) {
    const cut = jsonOf(packet.subarray(0, octetCount), LinkType.raw);
    assert(!("mip6.opt.len.invalid" in cut), `${octetCount}`);
    for (
      const name of ["ipv6.dst", "mip6.bu.lifetime", "mip6.rc", "mip6.mnid.identifier", "mip6.ss.identifier"]
    ) {
      if (name in cut) assertEquals(cut[name], whole[name], `${octetCount}`);
    }
  }
});

Deno.test("mutated packets: 20,000 objects, every one of them JSON, none larger than its packet explains", () => {
  const next = random(42);
  const out = new TextWriter(false);
  const printer = new JsonPrinter(out);
  const clock = new CaptureClock();
  const packets = samplePackets();
  for (let round = 0; round < 20_000; round++) {
    const sample = packets[next(packets.length)];
    const bytes = sample.bytes.slice(0, next(3) === 0 ? next(sample.bytes.length + 1) : undefined);
    for (let changes = next(5); changes > 0 && bytes.length > 0; changes--) {
      bytes[next(bytes.length)] = next(256);
    }
    const packet = captured(bytes, { linkType: sample.linkType, number: round + 1 });
    clock.note(packet);
    out.clear();
    printer.write(packet, clock);
    const text = new TextDecoder().decode(out.bytes.subarray(0, out.length));
    assert(JSON.parse(text)["frame.number"] === round + 1);
    assert(text.length < 20_000 + 60 * bytes.length, `${text.length} for ${bytes.toHex()}`);
  }
});
