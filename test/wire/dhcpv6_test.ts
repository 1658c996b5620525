import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decodeDhcpv6, type Dhcpv6Message, encodeDhcpv6 } from "../../core/wire/dhcpv6.ts";
import type { Dhcpv6Option } from "../../core/wire/dhcpv6_option.ts";
import { faultOf, valueOf } from "./decoded.ts";
import { dhcpv6Messages } from "./dhcpv6_arbitraries.ts";
import { hexOf, octetsOf } from "./octets.ts";

function message(...options: readonly Dhcpv6Option[]): Dhcpv6Message {
  return { kind: "message", type: 1, transactionId: 0x010203, options };
}

/** Decodes a Solicit with these octets as options. */
function withOptions(hex: string) {
  return decodeDhcpv6(octetsOf(`01010203 ${hex}`));
}

const SOLICIT_TEXT = "01010203" +
  "00010006" + "000300010200" + // Client Identifier
  "00080002" + "0010" + // Elapsed Time
  "000e0000" + // Rapid Commit
  "00060002" + "0052" + // Option Request
  "00190029" + "00000001" + "00000000" + "00000000" + // IA_PD
  "001a0019" + "00000000" + "00000000" + "40" + "00".repeat(16); // IA Prefix

const SOLICIT = message(
  { kind: "clientIdentifier", duid: octetsOf("000300010200") },
  { kind: "elapsedTime", centiseconds: 16 },
  { kind: "rapidCommit" },
  { kind: "optionRequest", codes: [82] },
  {
    kind: "iaPd",
    iaid: 1,
    renewSeconds: 0,
    rebindSeconds: 0,
    options: [{
      kind: "iaPrefix",
      preferredLifetimeSeconds: 0,
      validLifetimeSeconds: 0,
      prefixLength: 64,
      prefix: "::",
      options: [],
    }],
  },
);

Deno.test("DHCPv6: a Solicit by hand, both ways", () => {
  assertEquals(hexOf(encodeDhcpv6(SOLICIT)), SOLICIT_TEXT);
  assertEquals(valueOf(decodeDhcpv6(octetsOf(SOLICIT_TEXT))), SOLICIT);
});

Deno.test("DHCPv6: a Relay-forward by hand, both ways", () => {
  const text = "0c01" + "20010db8000000000000000000000001" + "20010db8000000000000000000000002" +
    "00090004" + "01010203" + "00120001" + "07";
  const relayed = {
    kind: "relayForward",
    hopCount: 1,
    linkAddress: "2001:db8::1",
    peerAddress: "2001:db8::2",
    options: [
      { kind: "relayMessage", message: octetsOf("01010203") },
      { kind: "interfaceId", interfaceId: octetsOf("07") },
    ],
  } as const;
  assertEquals(hexOf(encodeDhcpv6(relayed)), text);
  assertEquals(valueOf(decodeDhcpv6(octetsOf(text))), relayed);
});

Deno.test("DHCPv6: every message comes back", () => {
  fc.assert(fc.property(dhcpv6Messages, (given) => {
    assertEquals(valueOf(decodeDhcpv6(encodeDhcpv6(given))), given);
  }));
});

Deno.test("DHCPv6: what can be read says the same when it is written again", () => {
  const damage = fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(dhcpv6Messages, damage, fc.nat(2000), (given, changes, length) => {
      const bytes = encodeDhcpv6(given).slice(0, 4 + length);
      for (const [at, octet] of changes) bytes[at % bytes.length] = octet;
      const result = decodeDhcpv6(bytes);
      if (!result.ok) return assertEquals(result.error.offset <= bytes.length, true);
      // Status texts that are not UTF-8 become others, so the first reading counts.
      assertEquals(valueOf(decodeDhcpv6(encodeDhcpv6(result.value))), result.value);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("DHCPv6: any octets are a message or a fault inside them", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const result = decodeDhcpv6(bytes);
      if (!result.ok) assertEquals(result.error.offset <= bytes.length, true);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("DHCPv6: options that stand where they mean nothing are kept as octets", () => {
  const prefix = "001a0019" + "00".repeat(25);
  assertEquals(valueOf(withOptions(prefix)).options, [
    { kind: "unknownOption", code: 26, data: new Uint8Array(25) },
  ]);
  const nested = "0019000c" + "00".repeat(12);
  assertEquals(valueOf(withOptions(`0019001c ${"00".repeat(12)} ${nested}`)).options, [
    {
      kind: "iaPd",
      iaid: 0,
      renewSeconds: 0,
      rebindSeconds: 0,
      options: [{ kind: "unknownOption", code: 25, data: new Uint8Array(12) }],
    },
  ]);
  assertEquals(valueOf(withOptions("03e80001ff")).options, [
    { kind: "unknownOption", code: 1000, data: octetsOf("ff") },
  ]);
});

Deno.test("DHCPv6: faults say where they are", () => {
  assertEquals(faultOf(decodeDhcpv6(octetsOf(""))), "DHCPv6 message at offset 0: is cut off");
  assertEquals(faultOf(decodeDhcpv6(octetsOf("0c01ff"))), "DHCPv6 message at offset 3: is cut off");
  assertEquals(faultOf(withOptions("000100")), "DHCPv6 option at offset 4: is cut off");
  assertEquals(
    faultOf(withOptions("0001000400")),
    "length of DHCPv6 option 1 at offset 6: goes past the end",
  );
  assertEquals(
    faultOf(withOptions("000100020003")),
    "length of Client Identifier at offset 6: is 2, not 3 to 130",
  );
  assertEquals(
    faultOf(withOptions(`00020083 ${"00".repeat(131)}`)),
    "length of Server Identifier at offset 6: is 131, not 3 to 130",
  );
  assertEquals(faultOf(withOptions("0006000101")), "length of Option Request at offset 6: is 1, not even");
  assertEquals(faultOf(withOptions("00080000")), "length of Elapsed Time at offset 6: is 0, not 2");
  assertEquals(faultOf(withOptions("000e000100")), "length of Rapid Commit at offset 6: is 1, not 0");
  assertEquals(
    faultOf(withOptions(`00190010 ${"00".repeat(12)} 001a0019`)),
    "length of DHCPv6 option 26 at offset 22: goes past the end",
  );
});

Deno.test("DHCPv6: records that cannot be sent are refused", () => {
  const refused = (given: Parameters<typeof encodeDhcpv6>[0], text: string) =>
    assertThrows(() => encodeDhcpv6(given), RangeError, text);
  refused({ ...message(), transactionId: 0x1000000 }, "over 24 bits");
  refused({ ...message(), type: 12 }, "it is a relay agent's");
  refused({ ...message(), type: 256 }, "message type");
  refused(message({ kind: "clientIdentifier", duid: new Uint8Array(2) }), "2 octets, not 3 to 130");
  refused(message({ kind: "preference", preference: 256 }), "preference");
  refused(
    message({ kind: "unknownOption", code: 9999, data: new Uint8Array(0x10000) }),
    "length of DHCPv6 option 9999",
  );
});
