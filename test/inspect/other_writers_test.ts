import { assertEquals } from "@std/assert";
import { decodeFile } from "./decode_file.ts";
import { samplePackets } from "./sample_packets.ts";
import { LinkType } from "../../core/capture/link_type.ts";
import { line } from "./show.ts";

/** Captures that other programs made: text2pcap of Wireshark, scapy. */

async function run(program: string, args: readonly string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: [...args], stdout: "null", stderr: "null" }).output())
      .success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const hasText2pcap = await run("text2pcap", ["--version"]);
const python = (await Promise.all(
  ["python3", "/usr/bin/python3"].map(async (name) =>
    await run(name, ["-c", "import scapy.all"]) ? name : ""
  ),
)).find((name) => name !== "");

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function compact(text: string): string[] {
  return text.trimEnd().split("\n").map((row) =>
    row.replace(/^ *\d+ +\d+\.\d+ +/, "").replaceAll(/ +/g, " ")
  );
}

for (const format of ["pcap", "nsecpcap", "pcapng"]) {
  Deno.test({
    name: `what text2pcap writes as ${format} is read`,
    ignore: !hasText2pcap,
    fn: () =>
      withFolder(async (folder) => {
        const packets = samplePackets().filter(({ linkType }) => linkType === LinkType.raw).map(({ bytes }) =>
          bytes
        );
        const dump = packets.map((bytes) => `0000 ${bytes.toHex().replace(/(..)/g, "$1 ")}\n`).join("\n");
        Deno.writeTextFileSync(`${folder}/dump.txt`, dump);
        const args = ["-q", "-F", format, "-l", "101", `${folder}/dump.txt`, `${folder}/made`];
        assertEquals(await run("text2pcap", args), true);
        assertEquals(compact(decodeFile(`${folder}/made`)), packets.map((bytes) => line(bytes)));
      }),
  });
}

const SCAPY = `
import sys
from scapy.all import *
ether = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
home, agent, visited = "2001:db8:100::100", "2001:db8:100::1", "2001:db8:5::5"
hao = IPv6ExtHdrDestOpt(options=[HAO(hoa=home)])
packets = [
  ether / IPv6(src=visited, dst=agent) / hao / MIP6MH_BU(seq=7, flags="AHK", mhtime=15, options=[MIP6OptAltCoA(acoa=visited)]),
  ether / IPv6(src=agent, dst=visited) / IPv6ExtHdrRouting(type=2, addresses=[home], segleft=1) / MIP6MH_BA(status=0, seq=7, mhtime=15),
  ether / IPv6(src=visited, dst=agent) / MIP6MH_HoTI(cookie=b"\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08"),
  ether / IP(src="10.0.0.42", dst="203.0.113.1") / UDP(sport=50000, dport=4191) / IPv6(src=home, dst=agent) / ICMPv6EchoRequest(id=7, seq=3, data=b"x" * 56),
  ether / IP(src="10.0.0.42", dst="203.0.113.1", proto=41) / IPv6(src=home, dst=agent) / TCP(sport=40000, dport=443, flags="S", seq=9),
  ether / ARP(op="who-has", hwsrc="02:00:00:00:00:01", psrc="10.0.0.42", pdst="10.0.0.1"),
  ether / Dot1Q(vlan=10) / IPv6(src="fe80::1", dst="ff02::1") / ICMPv6ND_RA(routerlifetime=1800, H=1) / ICMPv6NDOptPrefixInfo(prefix="2001:db8:5::", prefixlen=64),
  ether / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67) / BOOTP(chaddr=b"\\x02\\0\\0\\0\\0\\x01", xid=0x3903f326) / DHCP(options=[("message-type", "discover"), "end"]),
  ether / IP(src="192.0.2.1", dst="10.0.0.42") / ICMP(type=3, code=4, nexthopmtu=1400) / IP(src="10.0.0.42", dst="203.0.113.1") / UDP(sport=1, dport=2) / (b"x" * 8),
]
wrpcap(sys.argv[1], packets)
`;

Deno.test({
  name: "what scapy builds and writes is read",
  ignore: python === undefined,
  fn: () =>
    withFolder(async (folder) => {
      assertEquals(await run(python ?? "", ["-c", SCAPY, `${folder}/made.pcap`]), true);
      const [home, agent, visited] = ["2001:db8:100::100", "2001:db8:100::1", "2001:db8:5::5"];
      assertEquals(compact(decodeFile(`${folder}/made.pcap`)), [
        `${visited} > ${agent} BU seq=7 AHK lifetime=60s AltCoA=${visited} HoA=${home}`,
        `${agent} > ${visited} BA accepted seq=7 K lifetime=60s RH2=${home}`,
        `${visited} > ${agent} HoTI cookie=0102030405060708`,
        `${home} > ${agent} ICMPv6 echo request id=7 seq=3 len=56 via UDP 10.0.0.42:50000 > 203.0.113.1:4191`,
        `${home} > ${agent} TCP 40000 > 443 SYN seq=9 len=0 via 41 10.0.0.42 > 203.0.113.1`,
        "02:00:00:00:00:01 > 02:00:00:00:00:02 ARP who has 10.0.0.1? tell 10.0.0.42",
        "fe80::1 > ff02::1 ICMPv6 router advertisement H lifetime=1800s 2001:db8:5::/64 [VLAN 10]",
        "0.0.0.0 > 255.255.255.255 DHCP Discover for 02:00:00:00:00:01 xid=0x3903f326",
        "192.0.2.1 > 10.0.0.42 ICMP destination unreachable, fragmentation needed mtu=1400 " +
        "(10.0.0.42 > 203.0.113.1 UDP 1 > 2 len=8)",
      ]);
    }),
});
