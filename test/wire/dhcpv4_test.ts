import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decodeDhcpMessage, type DhcpMessage, encodeDhcpMessage } from "../../core/wire/dhcpv4.ts";
import { DHCP_OPTION_TABLE } from "../../core/wire/dhcpv4_option.ts";
import { faultOf, valueOf } from "./decoded.ts";
import { dhcpMessages } from "./dhcpv4_arbitraries.ts";
import { hexOf, octetsOf } from "./octets.ts";

const MESSAGE: DhcpMessage = {
  operation: 2,
  transactionId: 0x01020304,
  seconds: 5,
  broadcast: true,
  clientAddress: "0.0.0.0",
  yourAddress: "192.0.2.7",
  nextServerAddress: "192.0.2.2",
  relayAddress: "192.0.2.3",
  clientHardwareAddress: octetsOf("020000000001"),
  options: { messageType: 2 },
};

/** A message with these octets as options, and these in the file and server name fields. */
function withOptions(options: string, file = "", serverName = ""): Uint8Array {
  const bytes = new Uint8Array(240 + options.length / 2);
  bytes.set(encodeDhcpMessage(MESSAGE).subarray(0, 240));
  bytes.set(octetsOf(serverName), 44);
  bytes.set(octetsOf(file), 108);
  bytes.set(octetsOf(options), 240);
  return bytes;
}

function optionsOf(...given: Parameters<typeof withOptions>) {
  return valueOf(decodeDhcpMessage(withOptions(...given))).options;
}

Deno.test("DHCP: an offer by hand, both ways", () => {
  const bytes = encodeDhcpMessage(MESSAGE);
  assertEquals(bytes.length, 300);
  assertEquals(
    hexOf(bytes.subarray(0, 34)),
    "02010600" + "01020304" + "00058000" + "00000000" + "c0000207" + "c0000202" + "c0000203" + "020000000001",
  );
  assertEquals(hexOf(bytes.subarray(236, 244)), "63825363" + "350102ff");
  assertEquals(valueOf(decodeDhcpMessage(bytes)), MESSAGE);
});

Deno.test("DHCP: every message comes back, long options in several instances", () => {
  fc.assert(fc.property(dhcpMessages, (message) => {
    assertEquals(valueOf(decodeDhcpMessage(encodeDhcpMessage(message))), message);
  }));
});

Deno.test("DHCP: damaged messages are values", () => {
  const damage = fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { minLength: 1, maxLength: 8 });
  fc.assert(fc.property(dhcpMessages, damage, fc.nat(2000), (message, changes, length) => {
    const bytes = encodeDhcpMessage(message).slice(0, Math.max(240, length));
    for (const [at, octet] of changes) bytes[at % bytes.length] = octet;
    const result = decodeDhcpMessage(bytes);
    if (!result.ok) assertEquals(result.error.offset <= bytes.length, true);
  }));
});

Deno.test("DHCP: pads, unknown options, and what stands after the end", () => {
  assertEquals(optionsOf("00" + "0c0141" + "00" + "350105" + "ff" + "1a02"), { messageType: 5 });
});

Deno.test("DHCP: options go on in the file field, then in the server name (RFC 2131 4.1)", () => {
  const options = "340103" + "350105ff";
  assertEquals(optionsOf(options, "330400000e10ff", "0104ffffff00ff"), {
    messageType: 5,
    leaseSeconds: 3600,
    subnetMask: "255.255.255.0",
  });
  // One option in three places: file comes before server name.
  const parts = optionsOf("340103" + "0304c0000201ff", "0304c0000202ff", "0304c0000203ff");
  assertEquals(parts.routers, ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
  assertEquals(optionsOf("340101ff", "350105ff", "1a0105").messageType, 5);
});

Deno.test("DHCP: classless routes have no bits after their mask (RFC 3442)", () => {
  assertEquals(optionsOf("7907" + "0cc0afc0000201" + "ff").classlessRoutes, [
    { destination: "192.160.0.0", prefixLength: 12, router: "192.0.2.1" },
  ]);
});

Deno.test("DHCP: faults, each with its place", () => {
  const changed = (offset: number, octet: number) => {
    const bytes = withOptions("ff");
    bytes[offset] = octet;
    return bytes;
  };
  const faults: readonly [Uint8Array, string][] = [
    [new Uint8Array(239), "DHCP message at offset 239: is cut off"],
    [changed(1, 6), "hardware type at offset 1: is 6, not Ethernet"],
    [changed(2, 16), "hardware address length at offset 2: is 16, not 6"],
    [changed(236, 0), "magic cookie at offset 236: is wrong"],
    [withOptions("35"), "DHCP option 53 at offset 240: goes past the end"],
    [withOptions("003502ff"), "DHCP option 53 at offset 241: goes past the end"],
    [withOptions("340104ff"), "option overload at offset 240: is not 1, 2 or 3"],
    [withOptions("34020101ff"), "option overload at offset 240: is not 1, 2 or 3"],
    [withOptions("340102ff", "", "35ff"), "DHCP option 53 at offset 44: goes past the end"],
    [withOptions("35020101ff"), "DHCP message type at offset 240: has 2 octets, not 1"],
    [withOptions("0103ffffffff"), "subnet mask at offset 240: has 3 octets, not 4"],
    [withOptions("0305c000020101ff"), "router at offset 240: has 5 octets, not a multiple of 4"],
    [withOptions("0300ff"), "router at offset 240: has 0 octets, not a multiple of 4"],
    [withOptions("1a0105ff"), "interface MTU at offset 240: has 1 octets, not 2"],
    [withOptions("3d0101ff"), "client-identifier at offset 240: has 1 octets, not at least 2"],
    [withOptions("500101ff"), "rapid commit at offset 240: has 1 octets, not 0"],
    [withOptions("7900ff"), "classless static route at offset 240: is empty"],
    [withOptions("790121ff"), "classless static route at offset 240: has a prefix length of 33"],
    [withOptions("790518c0000201ff"), "classless static route at offset 240: ends within a route"],
  ];
  for (const [bytes, expected] of faults) assertEquals(faultOf(decodeDhcpMessage(bytes)), expected);
});

Deno.test("DHCP: each option has a code of its own", () => {
  const codes = Object.values(DHCP_OPTION_TABLE).map(({ code }) => code);
  assertEquals(new Set(codes).size, codes.length);
});

Deno.test("DHCP: what cannot be sent is refused", () => {
  const hardware = { ...MESSAGE, clientHardwareAddress: new Uint8Array(8) };
  assertThrows(() => encodeDhcpMessage(hardware), RangeError, "six octets");
  assertThrows(() => encodeDhcpMessage({ ...MESSAGE, seconds: 65536 }), RangeError, "seconds");
});
