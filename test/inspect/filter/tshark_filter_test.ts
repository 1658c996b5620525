import { assert, assertEquals } from "@std/assert";
import { decode } from "../../../cli/commands/decode_packets.ts";
import { generatedCapture, mobilityHeaders } from "../fields/generated_capture.ts";
import { random } from "../random.ts";
import { hasTshark } from "../tshark.ts";

const FILTERS = [
  "mipv6",
  "udp and ipv6",
  "not udp",
  "ip || ipv6.routing",
  "ipv6.routing.mipv6.home_address == 2001:db8:100::100",
  "mip6.mhtype != 5",
  "mip6.mhtype > 5 and mip6.mhtype <= 9",
  "mip6.mhtype in {1, 3, 5..7}",
  "not mip6.mhtype in {1, 3, 5..7}",
  "mip6.bu.a_flag == True",
  "mip6.bu.a_flag and mip6.bu.seqnr ge 0x8000",
  "ip.addr == 10.0.0.0/8",
  "ip.addr != 10.0.0.42",
  "ip.addr != 10.0.0.43",
  "ip.addr === 10.0.0.42",
  "ipv6.addr == 2001:db8:5::/48",
  "ipv6.src in {2001:db8:5::5, 2001:db8:100::1}",
  "ipv6.src != ipv6.dst",
  "udp.port != 4191",
  'mip6.mnid.identifier contains "a"',
  'mip6.mnid.identifier matches "^[a-m]"',
  'mip6.mnid.identifier matches "A.*B|[0-9]{3}"',
  'mip6.mnid.identifier ~ "\\\\."',
  'mip6.ss.identifier == "abc" or mip6.ss.identifier >= "m"',
  "mip6.bad.auth contains 0a:0b or mip6.bad.auth contains 7e",
  "mip6.lla contains a0",
  "mip6.hoti.cookie > 0x8000000000000000",
  "mip6.ipv4ha.ha < 128.0.0.0",
  "mip6.nemo.mnp.mnp >= 8000::",
  "mip6.mobility_opt.len != 16",
  "mip6.mobility_opt.len == 16 and not mip6.mobility_opt.len < 3",
  "mip6.mhtype == 5 or mip6.mhtype == 6 and udp",
  "frame.number < 20 or frame.number > 100",
  "frame.time_epoch > 1700000100.5",
  "frame.time_relative <= 50",
] as const;

async function withCapture(use: (path: string) => Promise<void>): Promise<void> {
  const next = random(3);
  const path = await Deno.makeTempFile({ suffix: ".pcap" });
  try {
    await Deno.writeFile(path, generatedCapture(mobilityHeaders(next, false), next));
    await use(path);
  } finally {
    await Deno.remove(path);
  }
}

async function tsharkNumbers(path: string, filter: string): Promise<string> {
  const args = [
    "-n",
    "-r",
    path,
    "-d",
    "udp.port==4191,ipv6",
    "-Y",
    filter,
    "-T",
    "fields",
    "-e",
    "frame.number",
  ];
  const { success, stdout, stderr } = await new Deno.Command("tshark", { args }).output();
  if (!success) throw new Error(`${filter}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout).trim();
}

function ourNumbers(path: string, filter: string): string {
  const pieces: string[] = [];
  const output = {
    writeSync(bytes: Uint8Array) {
      pieces.push(new TextDecoder().decode(bytes));
      return bytes.length;
    },
  };
  using source = Deno.openSync(path);
  decode(source, output, { name: path, format: "fields", fields: ["frame.number"], filter });
  return pieces.join("").trim();
}

Deno.test({
  name: `-Y selects the packets that tshark selects, with ${FILTERS.length} filters`,
  ignore: !hasTshark,
  fn: () =>
    withCapture(async (path) => {
      // Two at a time: tshark is slow to start.
      const queue = [...FILTERS];
      let selecting = 0;
      const work = async () => {
        for (let filter = queue.shift(); filter !== undefined; filter = queue.shift()) {
          const expected = await tsharkNumbers(path, filter);
          if (expected !== "") selecting++;
          assertEquals(ourNumbers(path, filter), expected, filter);
        }
      };
      await Promise.all([work(), work()]);
      assert(selecting > FILTERS.length - 8, `${selecting} filters select something`);
    }),
});
