import { assert, assertEquals, assertRejects } from "@std/assert";
import { decodeSessions, type SessionOptions } from "../../cli/commands/decode_sessions.ts";
import { coloursFor } from "../../cli/output/colours.ts";
import { Failure, UsageError } from "../../cli/output/fault.ts";
import { escapeXml, Scale } from "../../cli/output/svg.ts";
import { handoverCapture, identity, pcapOf, updateAt } from "../sessions/story.ts";

const colours = coloursFor({ isTerminal: () => false });

/** What is printed of a capture that comes in pieces. */
async function tell(file: Uint8Array, options: Partial<SessionOptions> = {}): Promise<string> {
  const written: Uint8Array[] = [];
  const output = { writeSync: (bytes: Uint8Array) => written.push(bytes.slice()) && bytes.length };
  try {
    await decodeSessions(inPieces(file), output, { name: "x.pcap", colours, ...options });
  } catch (error) {
    throw Object.assign(error as Error, { printed: textOf(written) });
  }
  return textOf(written);
}

function textOf(written: readonly Uint8Array[]): string {
  return written.map((bytes) => new TextDecoder().decode(bytes)).join("");
}

async function* inPieces(file: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += 70_000) yield file.subarray(at, at + 70_000);
}

Deno.test("decode --sessions: the story of a handover", async () => {
  const story = await tell(pcapOf(handoverCapture()));
  const head = "4,474 packets in 14.195 s from 2023-11-14 22:13:20.000000 UTC, 1 mobile node";
  assertEquals(
    story,
    `${head}

mobile node      2001:db8:100::100, mn1@example.org
home agent       2001:db8:100::1
registrations    6 Binding Updates, 5 accepted, 1 without answer, 1 sent again
round trip       20.00 / 25.00 / 30.00 ms (least / median / most)
keepalive        every 2.0 / 2.0 / 2.0 s (least / median / most); the home agent wants every 2 s
NAT              yes: 192.168.77.107 is seen as 192.0.2.2:40000
care-of address  2001:db8:5::5 in IPv6 in IPv6 from 0.120 to 6.830
                 192.168.77.107 in UDP from 6.830 on

SECOND  EVENT
 0.100  registered   seq 100, from 2001:db8:5::5, for 60 s, accepted after 20.0 ms
 6.500  no answer    seq 101, from 192.168.77.107
 6.500  NAT          192.168.77.107 is seen as 192.0.2.2:40000
 6.800  moved        seq 102, from 192.168.77.107, sent again, for 60 s, accepted after 30.0 ms
 8.800  3 refreshes  until 12.800, every 2.0 s, seq 103..105, answered within 25.0 ms

HANDOVER  FROM                         TO                   UPDATES  SIGNALLING        GAP TO NODE      GAP FROM NODE
   6.500  2001:db8:5::5, IPv6 in IPv6  192.168.77.107, UDP        2    330.0 ms  2.85 s from 3.995  2.84 s from 3.995

DATA           TUNNEL        PACKETS   OCTETS  OVERHEAD
from the node  UDP             1,472  409,216    41,216  11.2 %
to the node    UDP             1,470  408,660    41,160  11.2 %
from the node  IPv6 in IPv6      760  220,400    30,400  16.0 %
to the node    IPv6 in IPv6      760  220,400    30,400  16.0 %
`,
  );
});

Deno.test("decode --sessions: what the home agent of a lab run saw: a wrong key, other ports, restarts", async () => {
  const file = Deno.readFileSync(new URL("../vectors/lab_nat_home_agent.pcap", import.meta.url));
  const story = (await tell(file)).split("\n");
  const [first, second] = [story.indexOf("SECOND  EVENT"), story.lastIndexOf("SECOND  EVENT")].map((at) =>
    story.slice(at + 1, story.indexOf("", at)).map((row) => row.slice(8, 21).trimEnd())
  );
  assertEquals(first.slice(0, 6), [
    "registered",
    "NAT",
    "4 refreshes",
    "refreshed",
    "NAT changed",
    "Binding Error",
  ]);
  assertEquals(first.slice(-5), ["de-registered", "registered", "refused", "refreshed", "de-registered"]);
  assertEquals(second, ["refused", "NAT", "registered", "refreshed", "NAT changed", "de-registered"]);
});

Deno.test("decode --sessions -T json: one object a mobile node, numbers without the noise of arithmetic", async () => {
  const lines = (await tell(pcapOf(handoverCapture()), { format: "json" })).trimEnd().split("\n");
  assertEquals(lines.length, 1);
  const report = JSON.parse(lines[0]);
  assertEquals(report.captureBegin, "2023-11-14 22:13:20.000000 UTC");
  assertEquals(report.handovers[0].signallingMs, 330);
  assertEquals(report.handovers[0].gapToMobileNode.gapMs, 2855);
  assertEquals(report.exchanges[2].answer.roundTripMs, 30);
});

Deno.test("decode --sessions: a filter, a count, and what cannot go together", async () => {
  const file = pcapOf(handoverCapture());
  const filtered = await tell(file, { filter: "mip6" });
  assert(filtered.startsWith("11 packets") && !filtered.includes("DATA"), filtered);
  assert((await tell(file, { count: 3 })).startsWith("3 packets"));
  await assertRejects(() => tell(file, { format: "fields" }), UsageError, "-T json");
  await assertRejects(() => tell(file, { filter: "mip6 and" }), UsageError, "Cannot read the filter");
});

Deno.test("decode --sessions: a damaged capture: all that comes before is told, then the error", async () => {
  const file = pcapOf(handoverCapture());
  const error = await assertRejects(() => tell(file.subarray(0, file.length - 7)), Failure, "from byte");
  assert((error as { printed?: string }).printed?.includes("4,473 packets"));
  await assertRejects(() => tell(new Uint8Array(100)), Failure, "neither pcap nor pcapng");
});

Deno.test("decode --sessions: no mobile node, and an identity with control characters", async () => {
  assert((await tell(pcapOf([]))).includes("No binding update"));
  const nasty = updateAt(0, { address: "192.0.2.2", port: 4000 }, 1, { options: [identity("\x1b[2J<&>")] });
  assert((await tell(pcapOf([nasty]))).includes("0x1b5b324a3c263e"));
});

Deno.test("decode --plot: data, signalling, the gap, well-formed", async () => {
  const directory = Deno.makeTempDirSync();
  try {
    const plot = `${directory}/x.svg`;
    await tell(pcapOf(handoverCapture()), { plot });
    const picture = Deno.readTextFileSync(plot);
    assert(picture.startsWith("<svg ") && picture.endsWith("</svg>\n"));
    for (
      const words of ["sequence number of the data", "Handover at 6.500 s", "2.85 s", "signalling 330.0 ms"]
    ) {
      assert(picture.includes(words), words);
    }
    // In the whole capture: 6 updates and 5 acknowledgements.
    const whole = picture.slice(0, picture.indexOf("Handover at"));
    assertEquals(whole.match(/<title>Binding Update,/g)?.length, 6);
    assertEquals(whole.match(/<title>accepted,/g)?.length, 5);
    assertBalanced(picture);
    await assertRejects(
      () => tell(pcapOf(handoverCapture()), { plot: `${directory}/no/x.svg` }),
      Failure,
      "Cannot write",
    );
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("svg: text is escaped; axes have round numbers", () => {
  assertEquals(escapeXml('a<b>&"\x1b'), "a&lt;b&gt;&amp;&quot;\ufffd");
  assertEquals(new Scale(0, 10, 0, 100).ticks(5).map(({ label }) => label), ["0", "2", "4", "6", "8", "10"]);
  assertEquals(new Scale(0.01, 0.05, 0, 100).ticks(4).map(({ label }) => label), [
    "0.01",
    "0.02",
    "0.03",
    "0.04",
    "0.05",
  ]);
  assertEquals(new Scale(5, 5, 0, 100).ticks(4).length, 1);
});

/** Every element that begins ends, in order. */
function assertBalanced(xml: string): void {
  const open: string[] = [];
  for (const [, close, name, empty] of xml.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (close !== "") assertEquals(open.pop(), name);
    else if (empty === "") open.push(name);
  }
  assertEquals(open, []);
}
