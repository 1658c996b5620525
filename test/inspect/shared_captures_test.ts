import { assertEquals } from "@std/assert";
import { decodeFile } from "./decode_file.ts";

/** The public captures of tcpdump's tests lie beside the repository where there are any. */
const CAPTURES = new URL("../../../shared/captures/", import.meta.url);

function exists(name: string): boolean {
  try {
    return Deno.statSync(new URL(name, CAPTURES)).isFile;
  } catch {
    return false;
  }
}

function shared(name: string, check: () => void): void {
  Deno.test({ name: `shared capture ${name}`, ignore: !exists(name), fn: check });
}

/** The lines without number, time and the columns of spaces. */
function lines(name: string): string[] {
  return decodeFile(new URL(name, CAPTURES)).trimEnd().split("\n")
    .map((line) => line.replace(/^ *\d+ +\d+\.\d+ +/, "").replaceAll(/ +/g, " "));
}

shared("ipv6_mobility_1.pcap", () => {
  const name = "ipv6_mobility_1.pcap";
  const wrong = /\[checksum 0x0000 incorrect, should be 0x[0-9a-f]{4}\]$/;
  const found = lines(name);
  assertEquals(found.every((line) => wrong.test(line)), true);
  const between = "2001:db8::1 > 2001:db8::2 ";
  const altCoA = "AltCoA=2001:660:4701:f004:20d:54ff:fe98:bc93";
  assertEquals(found.map((line) => line.replace(wrong, "").slice(between.length).trimEnd()), [
    "BRR",
    "HoTI cookie=0102030405060708",
    "CoTI cookie=090a0b0c0d0e0f10",
    "HoT index=2314 cookie=0b0c0d0e0f1004d2",
    "CoT index=2314 cookie=0b0c0d0e0f10162e",
    "BU seq=1000 A lifetime=14400s",
    `BU seq=1000 A lifetime=14400s ${altCoA}`,
    "BU seq=1000 A lifetime=14400s nonces=1234,5678",
    "BU seq=1000 A lifetime=14400s authorized",
    `BU seq=1000 A lifetime=14400s ${altCoA} nonces=1234,5678 authorized`,
    "BA accepted seq=1000 lifetime=14400s",
    "BA accepted seq=1000 lifetime=14400s refresh=7200s",
    "BA accepted seq=1000 lifetime=14400s authorized",
    "BA accepted seq=1000 lifetime=14400s refresh=7200s authorized",
    "BE Unknown binding for Home Address destination option (1) HoA=2001:db8::1",
    "BU seq=1000 A lifetime=14400s",
  ]);
  const starts = decodeFile(new URL(name, CAPTURES)).split("\n").map((line) => line.slice(0, 17));
  assertEquals([starts[0], starts[15]], ["    1    0.000000", "   16    0.020201"]);
});

shared("mip6-good-mh-chksum.pcap", () => {
  assertEquals(lines("mip6-good-mh-chksum.pcap"), [
    "2001:4f8:4:7:2e0:81ff:fe52:ffff > 2001:4f8:4:7:2e0:81ff:fe52:9a6b " +
    "BE Unknown binding for Home Address destination option (1) HoA=2001:78:1:32::1",
  ]);
});

shared("mip6-bad-mh-chksum.pcap", () => {
  assertEquals(lines("mip6-bad-mh-chksum.pcap"), [
    "2001:4f8:4:7:2e0:81ff:fe52:ffff > 2001:4f8:4:7:2e0:81ff:fe52:9a6b " +
    "BE Unknown binding for Home Address destination option (1) HoA=2001:78:1:32::1 " +
    "[checksum 0x0001 incorrect, should be 0xb0d8]",
  ]);
});

shared("ipv6-mobile-hoa.pcap", () => {
  assertEquals(lines("ipv6-mobile-hoa.pcap"), [
    "2001:4f8:4:7:2e0:81ff:fe52:ffff > 2001:4f8:4:7:2e0:81ff:fe52:9a6b UDP 30000 > 13000 len=4 HoA=2001:78:1:32::1",
  ]);
});
