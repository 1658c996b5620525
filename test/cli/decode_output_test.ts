import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { decode, type DecodeOptions } from "../../cli/commands/decode_packets.ts";
import { UsageError } from "../../cli/output/fault.ts";
import { LinkType } from "../../core/capture/link_type.ts";
import { encodePcapHeader, encodePcapRecord } from "../../core/capture/pcap_writer.ts";
import {
  bindingAcknowledgement,
  bindingUpdate,
  ipv4,
  ipv6,
  join,
  mobility,
  udp,
} from "../inspect/packet_builder.ts";

const HOME = "2001:db8:100::100";
const AGENT = "2001:db8:100::1";
const IDENTIFIER = new TextEncoder().encode('mn"1\\@example.org\n');

const MESSAGES = [
  bindingUpdate({
    sequenceNumber: 7,
    options: [{ kind: "mobileNodeIdentifier", subtype: 1, identifier: IDENTIFIER }],
  }),
  bindingAcknowledgement({ sequenceNumber: 7 }),
  bindingUpdate({ sequenceNumber: 8 }),
];

function capture(): Uint8Array {
  const packets = MESSAGES.map((message) =>
    ipv4(
      "10.0.0.42",
      "203.0.113.1",
      17,
      udp(4191, 4191, ipv6(HOME, AGENT, 135, mobility(HOME, AGENT, message))),
    )
  );
  return join(
    encodePcapHeader({ linkType: LinkType.raw }),
    ...packets.map((packet, index) =>
      encodePcapRecord(
        { linkType: LinkType.raw },
        { seconds: 1_700_000_000 + index, nanoseconds: 5_000 },
        packet,
      )
    ),
  );
}

function shown(options: Partial<DecodeOptions>): string {
  let rest = capture();
  let text = "";
  const source = {
    readSync(buffer: Uint8Array) {
      const octets = Math.min(rest.length, buffer.length);
      buffer.set(rest.subarray(0, octets));
      rest = rest.subarray(octets);
      return octets === 0 ? null : octets;
    },
  };
  const output = {
    writeSync(bytes: Uint8Array) {
      text += new TextDecoder().decode(bytes);
      return bytes.length;
    },
  };
  decode(source, output, { name: "test", ...options });
  return text;
}

const FIELDS = ["frame.number", "ipv6.addr", "mip6.bu.seqnr"];

Deno.test("-T fields: a line a packet, tabs between fields, commas between values", () => {
  assertEquals(
    shown({ format: "fields", fields: FIELDS }),
    `1\t${HOME},${AGENT}\t7\n2\t${HOME},${AGENT}\t\n3\t${HOME},${AGENT}\t8\n`,
  );
});

Deno.test("-E: header, separator, aggregator, occurrence, quote", () => {
  const form = { format: "fields", fields: FIELDS, count: 2 } as const;
  assertEquals(
    shown({ ...form, layout: ["header=y", "separator=,", "aggregator=/s", "quote=d"] }),
    `frame.number,ipv6.addr,mip6.bu.seqnr\n"1","${HOME} ${AGENT}","7"\n"2","${HOME} ${AGENT}",\n`,
  );
  assertEquals(shown({ ...form, layout: ["occurrence=f", "separator=/s"] }), `1 ${HOME} 7\n2 ${HOME} \n`);
  assertEquals(
    shown({ ...form, layout: ["occurrence=l", "quote=s"] }),
    `'1'\t'${AGENT}'\t'7'\n'2'\t'${AGENT}'\t\n`,
  );
});

Deno.test("-T json: one object a line", () => {
  const lines = shown({ format: "json" }).trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.length, 3);
  const [first] = lines;
  assertEquals(first.protocols, ["ip", "udp", "ipv6", "mipv6"]);
  assertEquals(first["frame.number"], 1);
  assertEquals(first["ip.src"], "10.0.0.42");
  assertEquals(first["mip6.bu.seqnr"], 7);
  assertEquals(first["mip6.bu.a_flag"], true);
  assertEquals(first["mip6.bu.b_flag"], false);
  assertEquals(first["mip6.mnid.identifier"], 'mn"1\\x5c@example.org\\x0a');
  assert(!("ip.addr" in first), "says what ip.src says");
  assertEquals(
    shown({ format: "json", fields: ["ipv6.addr", "mip6.ba.status"], count: 2 }),
    `{"ipv6.addr":["${HOME}","${AGENT}"]}\n{"ipv6.addr":["${HOME}","${AGENT}"],"mip6.ba.status":0}\n`,
  );
});

Deno.test("-Y goes with lines, trees, fields and json; numbers and times stay those of the capture; -c counts what is shown", () => {
  const filter = "mip6.bu.seqnr > 7 or mip6.ba.status";
  const lines = shown({ filter }).trimEnd().split("\n");
  assertEquals(lines.map((line) => line.slice(0, 17)), ["    2    1.000000", "    3    2.000000"]);
  assertEquals(
    shown({ filter, format: "fields", fields: ["frame.number", "frame.time_relative"] }),
    "2\t1.000000000\n3\t2.000000000\n",
  );
  assertEquals(shown({ filter, format: "json", fields: ["frame.number"], count: 1 }), '{"frame.number":2}\n');
  assertStringIncludes(shown({ filter, verbose: true, count: 1 }), "Packet 2  1.000000 s");
});

const WRONG: readonly (readonly [options: Partial<DecodeOptions>, message: string])[] = [
  [
    { format: "fields", fields: ["mip6.bu.seqn"] },
    "There is no field mip6.bu.seqn; did you mean mip6.bu.seqnr?",
  ],
  [{ format: "fields" }, "-T fields needs -e NAME: which fields?"],
  [{ fields: ["ip.src"] }, "-e names a field to print: it needs -T fields or -T json"],
  [{ format: "json", verbose: true }, "-V prints a tree: it cannot go with -T json"],
  [{ layout: ["header=y"] }, "-E says how -T fields writes fields: it needs -T fields"],
  [
    { format: "fields", fields: ["ip.src"], layout: ["header=maybe"] },
    "-E header=maybe means nothing: -E takes separator=, aggregator=, occurrence=f|l|a, quote=d|s|n, header=y|n",
  ],
  [
    { filter: "udp and mip6.ba.statu == 0" },
    "Cannot read the filter: there is no field mip6.ba.statu; did you mean mip6.ba.status?\n" +
    "  udp and mip6.ba.statu == 0\n" +
    "          ^^^^^^^^^^^^^",
  ],
];

for (const [options, message] of WRONG) {
  Deno.test(`a mistake on the command line of decode: ${message.split("\n")[0]}`, () => {
    assertEquals(assertThrows(() => shown(options), UsageError).message, message);
  });
}
