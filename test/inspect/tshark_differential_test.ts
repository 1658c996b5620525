import { assert, assertEquals } from "@std/assert";
import { LinkType } from "../../core/capture/link_type.ts";
import { encodePcapHeader, encodePcapRecord } from "../../core/capture/pcap_writer.ts";
import { mobilityMessageEntry } from "../../core/wire/mobility_message_table.ts";
import type { MobilityOption } from "../../core/wire/mobility_option.ts";
import { decodeFile } from "./decode_file.ts";
import {
  bindingAcknowledgement,
  bindingUpdate,
  ethernet,
  homeAddressOption,
  ipv4,
  ipv6,
  mobility,
  routingHomeAddress,
  udp,
} from "./packet_builder.ts";
import { random } from "./random.ts";
import { hasTshark, tsharkFields } from "./tshark.ts";

const PACKETS = 400;
const HOME = (index: number) => `2001:db8:100::${(0x100 + index).toString(16)}`;
const AGENT = "2001:db8:100::1";
const AGENT4 = "203.0.113.1";

const FIELDS = [
  "frame.number",
  "frame.time_relative",
  "ip.src",
  "ip.dst",
  "udp.srcport",
  "udp.dstport",
  "ipv6.src",
  "ipv6.dst",
  "mip6.mhtype",
  "mip6.bu.seqnr",
  "mip6.ba.seqnr",
  "mip6.bu.lifetime",
  "mip6.ba.lifetime",
  "mip6.bu.a_flag",
  "mip6.bu.h_flag",
  "mip6.bu.l_flag",
  "mip6.bu.k_flag",
  "mip6.ba.status",
  "mip6.ipv4coa.addr",
  "mip6.acoa.acoa",
  "mip6.natd.refresh_t",
  "mip6.mnid.identifier",
  "ipv6.opt.mipv6.home_address",
  "ipv6.routing.mipv6.home_address",
] as const;

/** A capture of Binding Updates and Acknowledgements in UDP 4191, in protocol 41 and over IPv6, some damaged. */
function capture(): { file: Uint8Array; wrongChecksums: Set<number> } {
  const next = random(5555);
  const format = { linkType: LinkType.ethernet, resolution: "nanoseconds" } as const;
  const parts = [encodePcapHeader(format)];
  const wrongChecksums = new Set<number>();
  let nanoseconds = 5;
  for (let index = 0; index < PACKETS; index++) {
    nanoseconds += next(3_000_000_000);
    const time = { seconds: 1_700_000_000 + Math.floor(nanoseconds / 1e9), nanoseconds: nanoseconds % 1e9 };
    const wrongChecksum = next(5) === 0;
    if (wrongChecksum) wrongChecksums.add(index + 1);
    parts.push(encodePcapRecord(format, time, signal(next, wrongChecksum)));
  }
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return { file: whole, wrongChecksums };
}

function signal(next: (bound: number) => number, wrongChecksum: boolean): Uint8Array {
  const home = HOME(next(50));
  const visited = `2001:db8:${next(9) + 1}::${next(90) + 1}`;
  const coa4 = `10.0.${next(256)}.${next(256)}`;
  const isUpdate = next(2) === 0;
  const identifier = new TextEncoder().encode(`mn${next(1000)}@example.org`);
  const identity: MobilityOption = { kind: "mobileNodeIdentifier", subtype: 1, identifier };
  const proof: MobilityOption = {
    kind: "messageAuthentication",
    subtype: 1,
    spi: 1000,
    authenticationData: new Uint8Array(12).fill(next(256)),
  };
  const common = { sequenceNumber: next(65_536), lifetimeSeconds: 4 * next(65_536) };
  const transport = next(3);
  const updateOptions: MobilityOption[] = [
    transport === 2
      ? { kind: "alternateCareOfAddress", careOfAddress: visited }
      : { kind: "ipv4CareOfAddress", careOfAddress: coa4 },
  ];
  const answerOptions: MobilityOption[] = [{
    kind: "natDetection",
    forceUdp: next(2) === 0,
    refreshSeconds: [0, 25, 0xffff_ffff][next(3)],
  }];
  const extra = [identity, proof].slice(next(3));
  const message = isUpdate
    ? bindingUpdate({
      ...common,
      acknowledge: next(2) === 0,
      homeRegistration: next(2) === 0,
      linkLocalCompatibility: next(2) === 0,
      keyManagementMobility: next(2) === 0,
      options: [...updateOptions, ...extra],
    })
    : bindingAcknowledgement({ ...common, status: next(256), options: [...answerOptions, ...extra] });
  const [source, destination] = isUpdate ? [home, AGENT] : [AGENT, home];
  const header = mobility(source, destination, message);
  if (wrongChecksum) header[4] ^= 1 + next(255);
  if (transport === 2) {
    return ethernet(
      0x86dd,
      isUpdate
        ? ipv6(visited, AGENT, 60, homeAddressOption(135, home, header))
        : ipv6(AGENT, visited, 43, routingHomeAddress(135, home, header)),
    );
  }
  const inner = ipv6(source, destination, 135, header);
  const [source4, destination4] = isUpdate ? [coa4, AGENT4] : [AGENT4, coa4];
  const port = 1024 + next(60_000);
  return ethernet(
    0x0800,
    transport === 0
      ? ipv4(source4, destination4, 17, udp(isUpdate ? port : 4191, isUpdate ? 4191 : port, inner))
      : ipv4(source4, destination4, 41, inner),
  );
}

/** What our line has to begin and go on with, put together from tshark's fields. */
function expectedLine(cells: readonly string[][], wrongChecksums: ReadonlySet<number>): string {
  const all = (field: typeof FIELDS[number]) => cells[FIELDS.indexOf(field)];
  const one = (field: typeof FIELDS[number]) => all(field)[0] ?? "";
  const isUpdate = mobilityMessageEntry(Number(one("mip6.mhtype")))?.kind === "bindingUpdate";
  const seconds = one("frame.time_relative");
  const words = [
    `${one("frame.number").padStart(5)} ${seconds.split(".")[0].padStart(4)}.${seconds.split(".")[1]} `,
  ];
  words.push(`${one("ipv6.src")} > ${one("ipv6.dst")}`.padEnd(39));
  if (isUpdate) {
    const flags = (["a", "h", "l", "k"] as const)
      .filter((flag) => ["1", "True"].includes(one(`mip6.bu.${flag}_flag`))).join("").toUpperCase();
    words.push(`BU seq=${one("mip6.bu.seqnr")}`, ...(flags === "" ? [] : [flags]));
    const lifetime = 4 * Number(one("mip6.bu.lifetime"));
    words.push(`lifetime=${lifetime}s${lifetime === 0 ? " (de-registration)" : ""}`);
  } else {
    const status = Number(one("mip6.ba.status"));
    words.push(status < 128 ? "BA accepted" : "BA refused", `(${status})`, `seq=${one("mip6.ba.seqnr")}`);
    words.push(`lifetime=${4 * Number(one("mip6.ba.lifetime"))}s`);
  }
  for (const [field, word] of OPTION_WORDS) words.push(...all(field).map((value) => `${word}${value}`));
  // tshark shows the checksum of a mobility header and does not verify it.
  if (wrongChecksums.has(Number(one("frame.number")))) words.push("[checksum incorrect]");
  if (one("udp.srcport") !== "") {
    words.push(`via UDP ${one("ip.src")}:${one("udp.srcport")} > ${one("ip.dst")}:${one("udp.dstport")}`);
  } else if (one("ip.src") !== "") words.push(`via 41 ${one("ip.src")} > ${one("ip.dst")}`);
  return words.join(" ");
}

const OPTION_WORDS = [
  ["mip6.ipv4coa.addr", "CoA4="],
  ["mip6.acoa.acoa", "AltCoA="],
  ["mip6.natd.refresh_t", "refresh="],
  ["mip6.mnid.identifier", "id="],
  ["ipv6.opt.mipv6.home_address", "HoA="],
  ["ipv6.routing.mipv6.home_address", "RH2="],
] as const;

/** Our line with what tshark says differently made equal: names of statuses, spelled refresh times. */
function comparable(line: string): string {
  return line
    .replace(
      /BA (accepted|refused)(?:: .*?)?( \(\d+\))? seq=/,
      (_all, word, status = " (0)") => `BA ${word}${status} seq=`,
    )
    .replace(
      /NAT (?:force-UDP )?refresh=(\w+)/,
      (_all, time) => `refresh=${REFRESH_TIMES[time] ?? time.slice(0, -1)}`,
    )
    .replace(/ auth=MN-HA spi=1000/, "")
    .replace(/\[checksum 0x[0-9a-f]{4} incorrect, should be 0x[0-9a-f]{4}\]/, "[checksum incorrect]");
}
const REFRESH_TIMES: Readonly<Record<string, string>> = { default: "0", never: "4294967295" };

Deno.test({
  name: `tshark and the inspector say the same of ${PACKETS} Binding Updates and Acknowledgements`,
  ignore: !hasTshark,
  async fn() {
    const file = await Deno.makeTempFile({ suffix: ".pcap" });
    try {
      const { file: octets, wrongChecksums } = capture();
      Deno.writeFileSync(file, octets);
      const lines = decodeFile(file).trimEnd().split("\n").map(comparable);
      const rows = await tsharkFields(file, FIELDS);
      assertEquals(lines, rows.map((cells) => expectedLine(cells, wrongChecksums)));
      assertEquals(lines.length, PACKETS);
      assert(wrongChecksums.size > 40);
    } finally {
      await Deno.remove(file);
    }
  },
});
