import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseConfiguration } from "../../cli/configuration/configuration.ts";
import { type Colours, coloursFor } from "../../cli/output/colours.ts";
import { describeConfiguration } from "../../cli/output/configuration_view.ts";
import { describeBindings, describeStatus } from "../../cli/output/status_view.ts";
import { formatTable } from "../../cli/output/table.ts";
import { writeAll } from "../../cli/output/write.ts";
import { FULL_TOML, HOME_AGENT_TOML, KEY_HEX, KeyFolder, MOBILE_NODE_TOML } from "./configuration_files.ts";

const plain: Colours = coloursFor({ isTerminal: () => false });

Deno.test("table: columns fit their widest cell, numbers to the right, nothing breaks out of its line", () => {
  const table = formatTable(
    [{ title: "NAME" }, { title: "N", align: "right" }, { title: "LAST" }],
    [["a", "1", "x"], ["longer", "100", ""], ["b\x1b[2J\n", "2", "y"]],
    plain,
  );
  assertEquals(
    table,
    [
      "NAME                N  LAST",
      "a                   1  x",
      "longer            100",
      "b\\u001b[2J\\u000a    2  y",
      "",
    ].join("\n"),
  );
  assertEquals(formatTable([{ title: "EMPTY" }], [], plain), "EMPTY\n");
});

Deno.test("colours: on a terminal only", () => {
  assertEquals(plain.red("x"), "x");
  if (!Deno.env.get("NO_COLOR")) {
    assertEquals(coloursFor({ isTerminal: () => true }).red("x"), "\x1b[31mx\x1b[0m");
  }
});

Deno.test("write: all octets go out, in pieces and to a pipe that blocks, with patience and without", () => {
  const taken: number[] = [];
  let refusals = 0;
  const slow = {
    writeSync(bytes: Uint8Array) {
      if (refusals++ % 3 !== 2) throw new Deno.errors.WouldBlock();
      taken.push(...bytes.subarray(0, 2));
      return Math.min(2, bytes.length);
    },
  };
  assertEquals(writeAll(slow, Uint8Array.of(1, 2, 3, 4, 5), 100), true);
  assertEquals(taken, [1, 2, 3, 4, 5]);
  const stuck = {
    writeSync(): number {
      throw new Deno.errors.WouldBlock();
    },
  };
  assertEquals(writeAll(stuck, Uint8Array.of(1), 5), false);
  const gone = {
    writeSync(): number {
      throw new Deno.errors.BrokenPipe();
    },
  };
  assertThrows(() => writeAll(gone, Uint8Array.of(1), 5), Deno.errors.BrokenPipe);
});

Deno.test("status: bindings and counters for people", () => {
  const bindings = [
    {
      homeAddress: "2001:db8:100::100",
      ipv4HomeAddresses: [{ address: "192.0.2.100", prefixLength: 32 }, {
        address: "10.1.0.1",
        prefixLength: 24,
      }],
      mobileNetworkPrefixes: [{ address: "2001:db8:200::", length: 64 }],
      identity: "mn1@example.org",
      careOfAddress: "198.51.100.7",
      port: 8763,
      encapsulation: "udp",
      natDetected: true,
      lifetimeSeconds: 420,
      remainingSeconds: 411.6,
      sequenceNumber: 7,
      spi: 1000,
    },
    {
      homeAddress: "2001:db8:100::200",
      ipv4HomeAddresses: [],
      identity: "mn2@example.org",
      careOfAddress: "192.0.2.1",
      port: 4191,
      encapsulation: "ipv6InIpv4",
      natDetected: false,
      lifetimeSeconds: 60,
      remainingSeconds: 1,
      sequenceNumber: 65535,
    },
  ];
  const counters = { sent: { packets: 3, octets: 0 }, dropped: { noBinding: 2, malformed: 0 } };
  assertEquals(
    describeBindings({ bindings, counters }, plain),
    `HOME ADDRESS       IPv4 HOME ADDRESS         MOBILE NETWORKS    IDENTITY         CARE-OF ADDRESS  TUNNEL         NAT  REMAINING  LIFETIME  SEQUENCE   SPI
2001:db8:100::100  192.0.2.100, 10.1.0.1/24  2001:db8:200::/64  mn1@example.org  198.51.100.7     UDP port 8763  yes      412 s     420 s         7  1000
2001:db8:100::200  -                         -                  mn2@example.org  192.0.2.1        protocol 41    no         1 s      60 s     65535     -

sent.packets       3
dropped.noBinding  2
`,
  );
  assertEquals(describeBindings({ bindings: [], counters: {} }, plain), "No mobile node is bound.\n");
  assertEquals(describeBindings({}, plain), "No mobile node is bound.\n");
});

Deno.test("status: a mobile node for people", () => {
  const text = describeStatus({
    state: "registered",
    homeAddress: "2001:db8:100::100",
    ipv4HomeAddress: { address: "10.1.0.1", prefixLength: 24 },
    mobileNetworkPrefixes: [{ address: "2001:db8:200::", length: 64 }, {
      address: "2001:db8:f00::",
      length: 60,
    }],
    interfaceName: "eth0",
    homeAgentAddress: "2001:db8:100::1",
    homeAgentIpv4Address: "203.0.113.1",
    careOfAddress: "10.0.0.5",
    encapsulation: "udp",
    natDetected: true,
    keepaliveSeconds: 25,
    lifetimeSeconds: 420,
    remainingSeconds: 400,
    sequenceNumber: 9,
    registrationMs: 1.26,
    lastRefusal: { status: 144, name: "MIPV6-ID-MISMATCH" },
    counters: { received: { packets: 1 } },
  }, plain);
  assertEquals(
    text,
    `state              registered
home address       2001:db8:100::100
IPv4 home address  10.1.0.1/24
mobile networks    2001:db8:200::/64, 2001:db8:f00::/60
home agent         2001:db8:100::1 at 203.0.113.1
care-of address    10.0.0.5
interface          eth0
tunnel             UDP
NAT                yes
keepalive          25 s
lifetime           420 s
remaining          400 s
sequence number    9
registration took  1.3 ms
last refusal       144 MIPV6-ID-MISMATCH

received.packets  1
`,
  );
  const detached = describeStatus({ state: "detached", careOfAddress: null, lastRefusal: null }, plain);
  assert(detached.includes("IPv4 home address  -\nmobile networks    -\n"), detached);
  assert(detached.includes("care-of address    -\n") && !detached.includes("refusal"), detached);
});

Deno.test("configuration check: what a file means, without its keys", () => {
  using folder = new KeyFolder();
  for (
    const [toml, texts] of [
      [HOME_AGENT_TOML, [
        "home prefix          2001:db8:100::/64",
        "home link            none",
        "SPI 1001, hmac-sha1-96, key of 16 octets",
      ]],
      [FULL_TOML, [
        "IPv4 home prefix     192.0.2.0/24",
        "IPv4 pool            192.0.2.128/25",
        "IPv4 network pool    10.64.0.0/16, networks of 26 bits",
        "mobile network pool  2001:db8:f00::/48, networks of 60 bits",
        "link MTU             1400 octets",
        "2001:db8:100::200  10.1.0.1/24        2001:db8:200::/64",
      ]],
      [MOBILE_NODE_TOML + 'ipv4_home_address = "any/28"', [
        "IPv4 home address  any, with a network of 28 bits",
      ]],
      [MOBILE_NODE_TOML, [
        "IPv4 home address  none",
        "egress             eth0, local port 4191",
        "SPI 1000, hmac-sha256-128, key of 16 octets",
      ]],
      [MOBILE_NODE_TOML + '[mobile_network]\ninterface = "lan0"\ndns = "2001:db8::53"\n', [
        "on lan0, served by radvd and dnsmasq, DNS 2001:db8::53",
      ]],
      [MOBILE_NODE_TOML + '[mobile_network]\ninterface = "lan0"\nserve = false\n', [
        "on lan0, served by the operator",
      ]],
    ] as const
  ) {
    const text = describeConfiguration(parseConfiguration(`${folder.path}/x.toml`, toml), plain);
    for (const wanted of texts) assert(text.includes(wanted), text);
    assert(!Object.values(KEY_HEX).some((key) => text.toLowerCase().includes(key.slice(0, 8))), text);
  }
});
