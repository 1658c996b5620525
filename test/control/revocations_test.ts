import { assert, assertEquals } from "@std/assert";
import { verifyMobilityHeader } from "../../core/control/authentication.ts";
import type { RegisteredBinding } from "../../core/control/binding_cache.ts";
import { Revocations } from "../../core/control/revocations.ts";
import type { Hmac, MobileNodeEntry } from "../../core/control/settings.ts";
import type { BindingRevocationIndication } from "../../core/wire/mobility_message.ts";
import { at, hmac, HOME_ADDRESS, homeAgentSettings, ofKind, security, sent } from "./script.ts";

/** What a home agent has to remember of mobile nodes that it tells of a revocation (RFC 5846 section 7). */

const NAT = { address: "192.0.2.9", port: 8763 };
const [NODE] = homeAgentSettings().mobileNodes;
const MOST_AT_ONCE = 16_384;
const GIVEN_UP_MS = 60_000;

function binding(changes: Partial<RegisteredBinding> = {}): RegisteredBinding {
  return {
    kind: "registered",
    homeAddress: HOME_ADDRESS,
    identity: NODE.identity,
    path: { kind: "udp", outer: NAT },
    tunnel: { encapsulation: "udp", ...NAT },
    careOfAddress: "10.0.0.42",
    mobileRouter: false,
    linkLocalCompatibility: false,
    prefixes: [],
    ipv4HomeAddresses: [],
    natDetected: true,
    origin: undefined,
    spi: security.spi,
    timestamp: 1n,
    sequenceNumber: 1,
    lifetimeSeconds: 420,
    expiresAtMs: 420_000,
    refreshRequestAtMs: undefined,
    ...changes,
  };
}

function newRevocations({ mac = hmac, random = () => 0.5 }: { mac?: Hmac; random?: () => number } = {}) {
  return new Revocations(homeAgentSettings(), { hmac: mac, random });
}

Deno.test("revocations: while two keys are taken, the indication is proven by the one that the binding came with", () => {
  const previous = { ...security, spi: 999, key: new Uint8Array(16).fill(9) };
  const node: MobileNodeEntry = { ...NODE, previousSecurity: previous };
  const addresses = { careOfAddress: "10.0.0.42", homeAddress: HOME_ADDRESS };
  for (const [used, other] of [[security, previous], [previous, security]]) {
    const told = newRevocations().start(binding({ spi: used.spi }), node, at(0));
    const { mobilityHeader, header } = sent(told).message;
    assert(verifyMobilityHeader(mobilityHeader, header, used, addresses, hmac));
    assert(!verifyMobilityHeader(mobilityHeader, header, other, addresses, hmac));
  }
});

Deno.test("revocations: a key is kept as long as an answer is waited for, and not beyond; the configuration's stays", () => {
  const seen = new Set<Uint8Array>();
  const mac: Hmac = (hash, key, data) => {
    seen.add(key);
    return hmac(hash, key, data);
  };
  const revocations = newRevocations({ mac });
  revocations.start(binding(), NODE, at(0));
  const [copy] = seen;
  assertEquals(copy, security.key);
  revocations.passTime(at(GIVEN_UP_MS / 2));
  assertEquals(copy, security.key);
  for (let nowMs = GIVEN_UP_MS; revocations.nextDeadline() !== undefined; nowMs += GIVEN_UP_MS) {
    revocations.passTime(at(nowMs));
  }
  assertEquals(copy, new Uint8Array(16));
  assertEquals(security.key, new Uint8Array(16).fill(7));
});

Deno.test("revocations: sequence numbers go on from 65535 with 0", () => {
  const revocations = newRevocations({ random: () => 0xfffe / 0x10000 });
  const numbers = [1, 2, 3].map(() => {
    const { message } = sent(revocations.start(binding(), NODE, at(0))).message.header;
    return (message as BindingRevocationIndication).sequenceNumber;
  });
  assertEquals(numbers, [0xffff, 0, 1]);
});

Deno.test("revocations: so many answers are waited for at once; who is beyond that is not told, until one has ended", () => {
  const revocations = newRevocations();
  const start = (i: number) =>
    revocations.start(
      binding({ homeAddress: `2001:db8:100::${i.toString(16)}`, spi: undefined }),
      undefined,
      at(0),
    );
  for (let i = 1; i <= MOST_AT_ONCE; i++) assertEquals(ofKind(start(i), "sendSignalling").length, 1);
  assertEquals(start(MOST_AT_ONCE + 1).map(({ kind }) => kind), ["report"]);
  revocations.cancel("2001:db8:100::1");
  assertEquals(ofKind(start(MOST_AT_ONCE + 1), "sendSignalling").length, 1);
});
