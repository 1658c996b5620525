import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { MESSAGE_WORDS, OPTION_WORDS } from "../../core/inspect/mobility_words.ts";
import { ALL_MOBILITY_MESSAGES, MOBILITY_MESSAGES } from "../../core/wire/mobility_message_table.ts";
import { ALL_MOBILITY_OPTIONS, MOBILITY_OPTIONS } from "../../core/wire/mobility_option_table.ts";
import { anyMobilityMessages } from "../wire/arbitraries.ts";
import {
  bindingAcknowledgement,
  ipv4,
  ipv6,
  join,
  mobility,
  octets,
  udp,
  withChecksum,
} from "./packet_builder.ts";
import { captured, line, print, tree } from "./show.ts";

/** Messages and options that no part of the stack acts on, written by hand from the figures of their RFCs. */

const MAG = "2001:db8::a";
const LMA = "2001:db8::b";
const ENDS = `${MAG} > ${LMA} `;

/** A mobility header: its type and what follows the checksum, padded with Pad1 to a multiple of 8. */
function header(type: number, data: string): Uint8Array {
  const body = octets(data);
  const length = Math.ceil((6 + body.length) / 8) * 8;
  const bytes = new Uint8Array(length);
  bytes.set([59, length / 8 - 1, type, 0, 0, 0]);
  bytes.set(body, 6);
  return bytes;
}

function packet(type: number, data: string): Uint8Array {
  return ipv6(MAG, LMA, 135, withChecksum(MAG, LMA, 135, 4, header(type, data)));
}

function says(type: number, data: string): string {
  const text = line(packet(type, data));
  assert(text.startsWith(ENDS));
  return text.slice(ENDS.length);
}

/** What the line says of options: behind a Binding Refresh Request. */
function saysOf(options: string): string {
  return says(0, `0000 ${options}`).slice("BRR ".length);
}

/** The tree from the first line that begins so. */
function rowsFrom(bytes: Uint8Array, start: string): string[] {
  const rows = tree(bytes).map((row) => row.replace(/^[\d-]+ +/, ""));
  return rows.slice(rows.findIndex((row) => row.startsWith(start)));
}

Deno.test("every message and option of the table has words, and all its names are those of fields", () => {
  for (const { kind, shown } of ALL_MOBILITY_MESSAGES) {
    if (kind in MOBILITY_MESSAGES) continue;
    for (const word of MESSAGE_WORDS.get(kind)!.words) {
      if (typeof word !== "string") assert(word.key === "flags" || word.key in shown, `${kind}: ${word.key}`);
    }
  }
  for (const { kind, fields } of ALL_MOBILITY_OPTIONS) {
    if (kind in MOBILITY_OPTIONS) continue;
    for (const word of OPTION_WORDS.get(kind)!) {
      if (typeof word !== "string") {
        assert(word.key === "flags" || word.key in fields, `${kind}: ${word.key}`);
      }
    }
  }
});

Deno.test("fast handovers in the line", () => {
  assertEquals(says(8, "0102 c000 0064"), "FBU seq=258 AH lifetime=100 s");
  assertEquals(
    says(9, "83 80 0102 0064"),
    "FBack status=131 (Incorrect interface identifier length) seq=258 K lifetime=100 s",
  );
  assertEquals(says(10, "0000"), "FNA");
  assertEquals(says(14, "0007 b0 02"), "HI seq=7 SPF code=2 (Indicate the completion of forwarding)");
  assertEquals(says(15, "0007 60 84"), "HAck seq=7 PF code=132 (Forwarding Not Available)");
  assertEquals(says(15, "0007 00 63"), "HAck seq=7 code=99");
});

Deno.test("what home agents and anchors say on their own in the line", () => {
  assertEquals(
    says(
      12,
      "02 00 20010db8000000000000000000000001 20010db8000000000000000000000002",
    ),
    "HAS agents=2001:db8::1, 2001:db8::2",
  );
  assertEquals(says(12, "00 00"), "HAS agents=none");
  assertEquals(says(13, "0003 00000010"), "HB seq=16 UR");
  assertEquals(
    says(16, "01 03 0009 a000"),
    "BRI seq=9 PG trigger=3 (Inter-MAG Handover - different Access Type)",
  );
  assertEquals(says(16, "02 80 0009 4000"), "BRA status=128 (Binding Does NOT Exist) seq=9 V");
  assertEquals(says(17, "0009 0000 ffff"), "LRI seq=9 lifetime=65535 s (infinite)");
  assertEquals(says(18, "0009 80 81 003c"), "LRA status=129 (MN Not Attached) seq=9 U lifetime=60 s");
  assertEquals(says(19, "0009 0008 c000"), "UPN seq=9 AD reason=8 (FLOW-MOBILITY)");
  assertEquals(says(20, "0009 84 000000"), "UPA status=132 (MN not attached) seq=9");
});

Deno.test("flows and multicast in the line", () => {
  assertEquals(says(21, "0001 0009 03 80"), "FBI seq=9 A trigger=3 (Possible Out-of-Sync BCE State)");
  assertEquals(says(21, "0002 0009 81 00"), "FBA status=129 (Action NOT Authorized) seq=9");
  assertEquals(says(22, "09 00"), "SQ seq=9");
  assertEquals(says(23, "09 80"), "SR seq=9 I");
});

Deno.test("a variant that nobody knows, and an experiment, are shown with their octets", () => {
  assertEquals(says(16, "07 03 0009 a000"), "Binding Revocation Message len=16");
  assertEquals(says(21, "0007 0009 0000"), "Flow Binding Message len=16");
  assertEquals(says(11, "0102"), "Experimental Mobility Header len=8");
  assertEquals(rowsFrom(packet(16, "07 03 0009 a000"), "Message data"), [
    "Message data: 07:03:00:09:a0:00:00:00:00:00",
  ]);
});

Deno.test("options of Proxy Mobile IPv6 in the line", () => {
  assertEquals(saysOf("1612 0040 20010db8000700000000000000000000"), "HNP=2001:db8:7::/64");
  assertEquals(saysOf("1702 0004"), "HI=4 (Handoff state unknown)");
  assertEquals(saysOf("1702 00ff"), "HI=255");
  assertEquals(saysOf("1802 0008"), "ATT=8 (3GPP E-UTRAN)");
  assertEquals(saysOf("1908 0000 0a0b0c0d0e0f"), "MN-LL-id=0a0b0c0d0e0f");
  assertEquals(saysOf("1a10 fe800000000000000000000000000001"), "LLA=fe80::1");
  // 0x655350a3 seconds, and a half.
  assertEquals(saysOf("1b08 0000655350a38000"), "timestamp=1699958947.500000 s since 1970");
  assertEquals(saysOf("1c04 00000007"), "restarts=7");
  assertEquals(saysOf("2102 0000"), "GRE-key=none");
  assertEquals(saysOf("2106 0000 00000102"), "GRE-key=258");
  assertEquals(saysOf("2406 8000 c0000201"), "HoA4-wanted=192.0.2.1/32");
  assertEquals(saysOf("2506 8080 c0000201"), "HoA4=192.0.2.1/32 status=128 (Failure, Reason Unspecified)");
  assertEquals(saysOf("2606 0000 c0000201"), "router4=192.0.2.1");
  assertEquals(saysOf("2702 0001"), "DHCP4 S");
  assertEquals(saysOf("2b02 01 0f"), "transient L lifetime=1500 ms");
  assertEquals(saysOf("3704 00000000"), "[Delegated Mobile Network Prefix option of length 4, not 6 or 18]");
  assertEquals(saysOf("3706 8018 c0000200"), "DMNP=192.0.2.0/24");
  assertEquals(saysOf("3f04 04 09 01 40"), "BID=1 O ATT=4 (IEEE 802.11a/b/g) label=9");
  assertEquals(saysOf("4006 01 00 6d61 67 31"), "MAG-id=mag1");
});

Deno.test("options of fast handovers, of vendors and of distributed mobility in the line", () => {
  assertEquals(saysOf("0707 02 0a0b0c0d0e0f"), "LLA=0a0b0c0d0e0f 2 (MN)");
  assertEquals(saysOf("1508 00000100 0a0b0c0d"), "authorized spi=256");
  assertEquals(
    saysOf("2212 02 40 20010db8000000000000000000000001"),
    "address=2001:db8::1/64 2 (New Care-of Address)",
  );
  assertEquals(
    saysOf("280b 0000 1600 1305 000028af 03"),
    "wants=[Home Network Prefix; Vendor Specific Mobility: Vendor ID 10415, ...]",
  );
  assertEquals(saysOf("2906 02 00 c0000201"), "LMA=192.0.2.1");
  assertEquals(saysOf("1306 000028af 01 ff"), "vendor=10415 (3GPP) subtype=1");
  assertEquals(saysOf("1403 696d73"), "service=ims");
  assertEquals(saysOf("1105 81 80 6d6e31"), "DNS=mn1 R status=129 (Administratively prohibited)");
  assertEquals(
    saysOf("4322 00 40 20010db8000000000000000000000001 20010db8000700000000000000000000"),
    "previous-MAAR=2001:db8::1 HNP=2001:db8:7::/64",
  );
  assertEquals(saysOf("4608 0000 0a0b0c0d0e0f"), "DLIF-LL=0a0b0c0d0e0f");
});

Deno.test("options that other tools do not know in the line", () => {
  assertEquals(saysOf("2a0a 0000 0102030405060708"), "interface-id=0102030405060708");
  assertEquals(saysOf("2c04 0001 0102"), "FIDs=1, 258");
  assertEquals(
    saysOf("350a 80000000 0304 01 00 aabb"),
    "offload M [Traffic Selector: TS Format 1 (IPv4 Binary Traffic Selector), Tr...]",
  );
  assertEquals(saysOf("3606 8f 80 0001 aabb"), "multicast-selector M 143 (MLDv2) records=1");
  assertEquals(saysOf("3805 22 ef010101"), "subscription=34 (IGMPv3)");
  assertEquals(saysOf("3903 83 0000"), "subscription=131 (MLDv1)");
  assertEquals(saysOf("3b02 0000"), "user-plane=none");
  assertEquals(saysOf("3b06 0000 c0000201"), "user-plane=192.0.2.1");
  assertEquals(saysOf("3c04 02 00 0000"), "multicast");
  assertEquals(saysOf("3d02 00 01"), "multicast-ack");
  assertEquals(saysOf("4112 00 40 20010db8000700000000000000000000"), "anchored=2001:db8:7::/64");
  assertEquals(saysOf("4212 00 38 20010db8000700000000000000000000"), "local=2001:db8:7::/56");
  assertEquals(saysOf("4410 20010db8000000000000000000000001"), "serving-MAAR=2001:db8::1");
  assertEquals(saysOf("4510 fe800000000000000000000000000001"), "DLIF=fe80::1");
  assertEquals(saysOf("4703 010203"), "option 71 (unknown)");
});

Deno.test("sub-options in the tree: their fields, those that nobody knows, and what is none", () => {
  assertEquals(
    rowsFrom(
      packet(
        0,
        "0000 341c 0108 80 03 6c6162 02 6131 0206 fe8000 400000 0305 02 6c61622e 0901 aa",
      ),
      "Option 52",
    ).slice(0, 14),
    [
      "Option 52: Access Network Identifier (RFC 6757 3)",
      "ANI Sub-options",
      "Type 1: Network-Identifier",
      "Flags: E UTF8",
      "Network Name: lab",
      "Access-Point Name: a1",
      "Type 2: Geo-Location",
      "Latitude: 16678912 (-3.0000 degrees)",
      "Longitude: 4194304 (128.0000 degrees)",
      "Type 3: Operator-Identifier",
      "Op-ID Type: 2 (Realm of the Operator)",
      "Operator-Identifier: lab.",
      "Type 9: unknown",
      "Data: aa",
    ],
  );
  assertEquals(
    rowsFrom(packet(0, "0000 2d14 0007 0001 00 00 0204 0001 0002 00 0402 000b 0901 aa"), "Option 45")
      .slice(0, 11),
    [
      "Option 45: Flow Identification (RFC 6089 4.2)",
      "FID: 7",
      "FID-PRI: 1",
      "Status: 0 (Flow binding successful)",
      "Sub-options",
      "Type 2: BID Reference",
      "BID: 1, 2",
      "Type 4: Flow Binding Action",
      "Action: 11 (Add a flow binding)",
      "Type 9: unknown",
      "Data: aa",
    ],
  );
  assertEquals(
    rowsFrom(packet(0, "0000 3a0e 01 b8 01 000000 0806 0000 000f4240 0aff"), "Option 58").slice(0, 7),
    [
      "Option 58: Quality-of-Service (RFC 7222 4.1)",
      "SR-ID: 1",
      "DSCP: 46",
      "OC: 1 (ALLOCATE)",
      "QoS Attributes",
      "Type 8: Guaranteed-DL-Bit-Rate",
      "Rate: 1000000 bit/s",
    ],
  );
  assertEquals(
    rowsFrom(packet(0, "0000 3e08 0106 000a 0001 0020"), "Option 62").slice(0, 6),
    [
      "Option 62: LMA-Controlled MAG Parameters (RFC 8127 3)",
      "LCMP Sub-Options",
      "Type 1: Binding Re-registration Control",
      "Re-registration-Start-Time: 40 s",
      "Initial-Retransmission-Time: 1 s",
      "Maximum-Retransmission-Time: 32 s",
    ],
  );
});

Deno.test("flags S and D of updates and acknowledgements are shown", () => {
  assertEquals(says(5, "0007 0230 0001"), "BU seq=7 PSD lifetime=4s");
  assertEquals(says(6, "00 26 0007 0001"), "BA accepted seq=7 PSD lifetime=4s");
  assert(
    tree(packet(5, "0007 0230 0001")).some((row) =>
      row.endsWith("Flags: P proxy registration, S multicast signaling, D distributed mobility")
    ),
  );
});

Deno.test("Proxy Mobile IPv6 in UDP 5436: the checksum of UDP counts", () => {
  const heartbeat = header(13, "0000 00000010");
  const inUdp = (port: number, payload: Uint8Array) =>
    ipv4("192.0.2.1", "192.0.2.2", 17, udp(port, 5436, payload));
  assertEquals(line(inUdp(5436, heartbeat)), "192.0.2.1 > 192.0.2.2 HB seq=16 in UDP 5436 > 5436");
  assert(
    tree(inUdp(5436, heartbeat)).some((row) => row.endsWith("Checksum: 0x0000 (the one of UDP counts)")),
  );
  const query = octets("0102030405060708");
  assertEquals(line(inUdp(40_000, query)), "192.0.2.1 > 192.0.2.2 UDP 40000 > 5436 len=8");
});

Deno.test("codepoints of the drafts are those of the drafts only where somebody says so", () => {
  const update = withChecksum(MAG, LMA, 135, 4, header(5, "0007 c000 000f 1606 0000 0a000001 0000"));
  const inUdp = ipv4("10.0.0.1", "203.0.113.1", 17, udp(4000, 666, ipv6(MAG, LMA, 135, update)));
  const legacy = (bytes: Uint8Array, form: "line" | "tree" = "line") =>
    print([captured(bytes)], form, false, { legacy: true }).replace(/^ *1 +[\d.]+ +/, "").replaceAll(
      / +/g,
      " ",
    ).trimEnd();
  assertEquals(line(inUdp).replace(/len=\d+/, "len"), "10.0.0.1 > 203.0.113.1 UDP 4000 > 666 len");
  assertEquals(
    legacy(inUdp),
    `${ENDS}BU seq=7 AH lifetime=60s CoA4=10.0.0.1 via UDP 10.0.0.1:4000 > 203.0.113.1:666`,
  );
  assert(legacy(inUdp, "tree").includes("Option 22: IPv4 Care-of Address, before RFC 5555 (RFC 5555 3.1.2)"));
  const refusal = ipv6(
    LMA,
    MAG,
    135,
    mobility(LMA, MAG, bindingAcknowledgement({ status: 152, lifetimeSeconds: 0 })),
  );
  assert(line(refusal).includes("BA refused: PROXY_REG_NOT_ENABLED (152)"));
  assert(legacy(refusal).includes("BA refused: UDP cannot be forced, as before RFC 5555 (152)"));
});

const icmp = (message: string) => ipv6(MAG, LMA, 58, withChecksum(MAG, LMA, 58, 2, octets(message)));

Deno.test("home agent address discovery and mobile prefix discovery", () => {
  const saysIcmp = (message: string) => line(icmp(message)).slice(`${ENDS}ICMPv6 `.length);
  assertEquals(saysIcmp("9000 0000 0102 8000"), "home agent address discovery request id=258 R");
  const agents = "20010db8000000000000000000000001 20010db8000000000000000000000002";
  assertEquals(
    saysIcmp(`9100 0000 0102 0000 ${agents}`),
    "home agent address discovery reply id=258 agents=2001:db8::1,2001:db8::2",
  );
  assertEquals(saysIcmp(`9100 0000 0102 0000 ${agents}${agents}${agents}`).slice(-8), "8::2,...");
  assertEquals(saysIcmp("9200 0000 0102 0000"), "mobile prefix solicitation id=258");
  const prefix = "0304 40 e0 00000e10 00000e10 00000000 20010db8000700000000000000000001";
  assertEquals(
    saysIcmp(`9300 0000 0102 8000 ${prefix}`),
    "mobile prefix advertisement id=258 M 2001:db8:7::1/64 (R)",
  );
  assertEquals(rowsFrom(icmp(`9100 0000 0102 8000 ${agents}`), "Identifier"), [
    "Identifier: 0x0102",
    "Flags: 0x8000 Mobile router support (R)",
    "Address: 2001:db8::1",
    "Address: 2001:db8::2",
  ]);
});

Deno.test("any message of the whole table: one line, and a tree with every option", () => {
  fc.assert(
    fc.property(anyMobilityMessages, fc.boolean(), (message, legacy) => {
      const bytes = ipv6(MAG, LMA, 135, mobility(MAG, LMA, message));
      const shown = print([captured(bytes)], "line", false, { legacy });
      assert(/^[\x20-\x7e]+\n$/.test(shown), shown);
      const options = message.kind === "unknownMessage" ? [] : message.options;
      const rows = print([captured(bytes)], "tree", false, { legacy }).split("\n")
        .filter((row) => /^ *[\d-]+ {4}Option (?![01]:)/.test(row));
      assertEquals(rows.length, options.length);
    }),
    { numRuns: 1500 },
  );
});

Deno.test("any message of the whole table, damaged: a line, and a tree", () => {
  fc.assert(
    fc.property(anyMobilityMessages, fc.nat(), fc.nat(255), fc.nat(), (message, at, octet, length) => {
      const bytes = join(ipv6(MAG, LMA, 135, mobility(MAG, LMA, message)));
      bytes[40 + at % (bytes.length - 40)] = octet;
      const cut = bytes.subarray(0, 40 + length % (bytes.length - 39));
      for (const form of ["line", "tree"] as const) {
        const shown = print([captured(cut, { originalLength: bytes.length })], form);
        assert(/^[\x20-\x7e\n]+$/.test(shown), shown);
      }
    }),
    { numRuns: 3000 },
  );
});
