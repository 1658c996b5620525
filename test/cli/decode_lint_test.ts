import { assert, assertEquals, assertRejects } from "@std/assert";
import { decodeLint, listLintRules } from "../../cli/commands/decode_lint.ts";
import { coloursFor } from "../../cli/output/colours.ts";
import { Failure, RulesBroken } from "../../cli/output/fault.ts";
import { LinkType } from "../../core/capture/link_type.ts";
import { encodePcapHeader, encodePcapRecord } from "../../core/capture/pcap_writer.ts";
import { fromOuter, newHomeAgent, newMobileNode, register } from "../control/script.ts";
import { ipv4, udp } from "../inspect/packet_builder.ts";

const NODE = "198.51.100.7";
const AGENT = "203.0.113.1";
const colours = coloursFor({ isTerminal: () => false });

function pcap(packets: readonly Uint8Array[]): Uint8Array {
  const format = { linkType: LinkType.raw };
  const records = packets.map((packet, index) =>
    encodePcapRecord(format, { seconds: 10 * index, nanoseconds: 0 }, packet)
  );
  return new Uint8Array([encodePcapHeader(format), ...records].flatMap((part) => [...part]));
}

/** What the state machines send: an update and its answer. */
function exchange(): [Uint8Array, Uint8Array] {
  const { update, answer } = register(newMobileNode(), newHomeAgent(), NODE);
  return [
    ipv4(NODE, AGENT, 17, udp(4191, 4191, fromOuter(update, NODE, 4191).packet)),
    ipv4(AGENT, NODE, 17, udp(4191, 4191, fromOuter(answer, AGENT, 4191).packet)),
  ];
}

class Printed {
  text = "";
  writeSync(bytes: Uint8Array): number {
    this.text += new TextDecoder().decode(bytes);
    return bytes.length;
  }
}

async function* whole(file: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(file);
}

Deno.test("decode --lint: a clean capture has no findings and no complaint", async () => {
  const output = new Printed();
  await decodeLint(whole(pcap(exchange())), output, { name: "x", json: false, colours });
  assert(/2 packets/.test(output.text), output.text);
});

Deno.test("decode --lint: a finding names packet, severity, rule and section, and breaks the rules", async () => {
  const [update] = exchange();
  update[10] ^= 0xff;
  const output = new Printed();
  await assertRejects(
    () => decodeLint(whole(pcap([update])), output, { name: "x", json: false, colours }),
    RulesBroken,
  );
  assert(/^ *1 .*ipv4-checksum .*RFC/m.test(output.text), output.text);
});

Deno.test("decode --lint -T json: one object for each finding", async () => {
  const [update] = exchange();
  update[10] ^= 0xff;
  const output = new Printed();
  await assertRejects(
    () => decodeLint(whole(pcap([update, update])), output, { name: "x", json: true, colours }),
    RulesBroken,
  );
  const findings = output.text.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(findings.filter(({ rule }) => rule === "ipv4-checksum").map(({ packet }) => packet), [1, 2]);
});

Deno.test("decode --lint: of a damaged capture, all that was found before comes first", async () => {
  const [update] = exchange();
  update[10] ^= 0xff;
  const output = new Printed();
  const cut = pcap([update, update]).slice(0, -5);
  const failure = await assertRejects(
    () => decodeLint(whole(cut), output, { name: "x.pcap", json: false, colours }),
    Failure,
  );
  assert(failure.message.includes("x.pcap") && /byte \d+/.test(failure.message), failure.message);
  assert(output.text.includes("ipv4-checksum"), output.text);
});

Deno.test("decode --lint-rules: a line for each rule", () => {
  const output = new Printed();
  listLintRules(output, colours);
  assert(output.text.includes("nat-detection-missing") && output.text.includes("RFC 5555"), output.text);
});
