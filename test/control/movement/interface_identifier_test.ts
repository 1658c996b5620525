import { assertEquals } from "@std/assert";
import { type IdentifierSource, makeAddress } from "../../../core/control/movement/interface_identifier.ts";
import { octetsOf } from "../../wire/octets.ts";
import { hmac } from "../script.ts";

const source: IdentifierSource = {
  interfaceName: "eg0",
  secret: new Uint8Array(16).fill(7),
  hardwareAddress: octetsOf("3456789abcde"),
  hmac,
  random: () => 0.5,
};
const A = "2001:db8:a::";

Deno.test("RFC 4291 appendix A: the identifier of a hardware address, and no other after a duplicate", () => {
  assertEquals(makeAddress("hardware", A, 0, source), {
    address: "2001:db8:a:0:3656:78ff:fe9a:bcde",
    attempt: 0,
  });
  assertEquals(makeAddress("hardware", A, 1, source), undefined);
});

Deno.test("RFC 7217 section 5: a stable identifier depends on prefix, interface, counter and secret, and on nothing else", () => {
  const of = (changes: Partial<IdentifierSource>, prefix = A, attempt = 0) =>
    makeAddress("stable", prefix, attempt, { ...source, ...changes })?.address.split(":").slice(-4).join(":");
  const identifiers = [
    of({}),
    of({}, "2001:db8:b::"),
    of({}, A, 1),
    of({ interfaceName: "eg1" }),
    of({ secret: new Uint8Array(16).fill(8) }),
  ];
  assertEquals(new Set(identifiers).size, identifiers.length);
  assertEquals(of({ hardwareAddress: octetsOf("020000000009"), random: () => 0 }), identifiers[0]);
});

Deno.test("RFC 7217 section 5, RFC 5453: reserved identifiers are passed over", () => {
  for (const reserved of ["0000000000000000", "fdffffffffffff80", "fdffffffffffffff", "02005efffe005213"]) {
    const first = octetsOf(reserved);
    const replies = [first, octetsOf("1122334455667788")];
    const made = makeAddress("stable", A, 0, { ...source, hmac: () => replies.shift()! });
    assertEquals(made, { address: "2001:db8:a:0:1122:3344:5566:7788", attempt: 1 }, reserved);
  }
  assertEquals(makeAddress("temporary", A, 0, { ...source, random: () => 0 }), undefined);
});
