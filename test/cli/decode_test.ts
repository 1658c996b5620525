import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { decode } from "../../cli/commands/decode_packets.ts";
import { dsmipCommand } from "../../cli/lab/lab.ts";
import { LinkType } from "../../core/capture/link_type.ts";
import { encodePcapHeader, encodePcapRecord, type PcapFormat } from "../../core/capture/pcap_writer.ts";
import { bindingUpdate, ipv4, ipv6, join, mobility, udp } from "../inspect/packet_builder.ts";

const HOME = "2001:db8:100::100";
const AGENT = "2001:db8:100::1";
const FORMAT: PcapFormat = { linkType: LinkType.raw };

const update = (sequenceNumber: number) =>
  ipv4(
    "10.0.0.42",
    "203.0.113.1",
    17,
    udp(4191, 4191, ipv6(HOME, AGENT, 135, mobility(HOME, AGENT, bindingUpdate({ sequenceNumber })))),
  );

function capture(packets: number): Uint8Array {
  const records = Array.from(
    { length: packets },
    (_, index) => encodePcapRecord(FORMAT, { seconds: 1_700_000_000 + index, nanoseconds: 0 }, update(index)),
  );
  return join(encodePcapHeader(FORMAT), ...records);
}

const LINE = (number: number) =>
  `${String(number).padStart(5)} ${String(number - 1).padStart(4)}.000000  ${HOME} > ${AGENT}     ` +
  `BU seq=${number - 1} AHK lifetime=60s via UDP 10.0.0.42:4191 > 203.0.113.1:4191\n`;
const LINES = (packets: number) => Array.from({ length: packets }, (_, index) => LINE(index + 1)).join("");

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `dsmip decode` as a user would. */
async function run(args: readonly string[], input?: Uint8Array): Promise<Ended> {
  const child = start(args, input === undefined ? "null" : "piped");
  if (input !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(input);
    await writer.close();
  }
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function start(args: readonly string[], stdin: "null" | "piped"): Deno.ChildProcess {
  const [program, ...words] = dsmipCommand("decode", ...args);
  return new Deno.Command(program, {
    args: words,
    stdin,
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "" },
  }).spawn();
}

async function withFile(octets: Uint8Array, use: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".pcap" });
  try {
    Deno.writeFileSync(path, octets);
    await use(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("dsmip decode FILE prints a line a packet, and no colour into a pipe", () =>
  withFile(capture(3), async (path) => {
    assertEquals(await run([path]), { code: 0, stdout: LINES(3), stderr: "" });
  }));

Deno.test("dsmip decode - reads standard input; -c stops after so many packets, before damage further on", async () => {
  assertEquals(await run(["-"], capture(3)), { code: 0, stdout: LINES(3), stderr: "" });
  const damaged = join(capture(2), new Uint8Array(7));
  assertEquals(await run(["-c", "2", "-"], damaged), { code: 0, stdout: LINES(2), stderr: "" });
});

Deno.test("dsmip decode -V prints trees", () =>
  withFile(capture(2), async (path) => {
    const { code, stdout } = await run(["-V", path]);
    assertEquals(code, 0);
    assertEquals(stdout.split("\n").filter((text) => /^Packet/.test(text)).length, 2);
    assertStringIncludes(stdout, "Mobility Header  Binding Update\n");
  }));

Deno.test("dsmip decode of a file that ends early shows what came before, then where it ends, and fails", () =>
  withFile(capture(3).subarray(0, -5), async (path) => {
    const record = 16 + update(0).length;
    assertEquals(await run([path]), {
      code: 1,
      stdout: LINES(2),
      stderr:
        `dsmip: Cannot decode ${path} from byte ${24 + 2 * record} on: the file ends inside a record: ` +
        `${record - 5} of at least ${record} bytes are there\n`,
    });
  }));

Deno.test("dsmip decode of what is no capture, no file, a folder, a wrong count: one clear line", async () => {
  await withFile(new TextEncoder().encode("hello world"), async (path) => {
    assertEquals(await run([path]), {
      code: 1,
      stdout: "",
      stderr:
        `dsmip: Cannot decode ${path}: it is neither pcap nor pcapng (first bytes 68 65 6c 6c 6f 20 77 6f)\n`,
    });
  });
  assertEquals(await run(["-"], new Uint8Array(0)), {
    code: 1,
    stdout: "",
    stderr: "dsmip: Cannot decode standard input: the file is empty\n",
  });
  assertEquals(await run(["/no/such/file"]), {
    code: 1,
    stdout: "",
    stderr: "dsmip: Cannot open /no/such/file: no such file\n",
  });
  const folder = await run(["/"]);
  assertEquals([folder.code, folder.stdout, folder.stderr], [
    1,
    "",
    "dsmip: Cannot read /: it is a directory\n",
  ]);
  for (const count of ["0", "-1", "x", "1.5"]) {
    const wrong = await run([`--count=${count}`, "-"]);
    assertEquals([wrong.code, wrong.stdout], [2, ""]);
    assertStringIncludes(wrong.stderr, "It is a number of packets, 1 or more.");
  }
});

Deno.test("dsmip decode FILE | head ends quietly", () =>
  withFile(capture(20_000), async (path) => {
    const child = start([path], "null");
    const reader = child.stdout.getReader();
    assert((await reader.read()).value !== undefined);
    await reader.cancel();
    const [{ code }, stderr] = await Promise.all([child.status, new Response(child.stderr).text()]);
    assertEquals([code, stderr], [0, ""]);
  }));

Deno.test("dsmip decode shows a packet before it waits for the next one", async () => {
  const file = capture(2);
  const first = 24 + 16 + update(0).length;
  const child = start(["-"], "piped");
  const writer = child.stdin.getWriter();
  const reader = child.stdout.getReader();
  await writer.write(file.subarray(0, first));
  const { value } = await reader.read();
  assertEquals(new TextDecoder().decode(value), LINE(1));
  await writer.write(file.subarray(first));
  await writer.close();
  assertEquals(new TextDecoder().decode((await reader.read()).value), LINE(2));
  await reader.cancel();
  const [{ code }] = await Promise.all([child.status, child.stderr.cancel()]);
  assertEquals(code, 0);
});

Deno.test("decode writes in large pieces, and with constant memory", () => {
  const once = capture(1000);
  let round = 0;
  const source = {
    readSync(buffer: Uint8Array): number | null {
      if (round === 300) return null;
      const records = round++ === 0 ? once : once.subarray(24);
      buffer.set(records);
      return records.length;
    },
  };
  let writes = 0;
  let octets = 0;
  const before = Deno.memoryUsage().rss;
  const output = { writeSync: (bytes: Uint8Array) => (writes++, octets += bytes.length, bytes.length) };
  decode(source, output, { name: "test" });
  assert(octets > 300_000 * 100);
  assert(octets / writes > 30_000, `${octets} octets in ${writes} writes`);
  const grown = Deno.memoryUsage().rss - before;
  assert(grown < 100e6, `${grown} octets more for ${octets} octets of text`);
});

Deno.test("decode with colour paints, and says the same", () => {
  const file = capture(3);
  const print = (colour: boolean) => {
    let given = false;
    let text = "";
    const source = {
      readSync: (buffer: Uint8Array) => given ? null : (given = true, buffer.set(file), file.length),
    };
    const output = {
      writeSync: (bytes: Uint8Array) => (text += new TextDecoder().decode(bytes), bytes.length),
    };
    decode(source, output, { name: "test", colour });
    return text;
  };
  assertStringIncludes(print(true), "\x1b[1mBU\x1b[0m seq=0");
  // deno-lint-ignore no-control-regex
  assertEquals(print(true).replaceAll(/\x1b\[\d+m/g, ""), print(false));
});
