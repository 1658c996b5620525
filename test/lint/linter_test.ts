import { assert, assertEquals } from "@std/assert";
import { CaptureReader } from "../../core/capture/capture_reader.ts";
import { LINT_RULES, Linter } from "../../core/lint/linter.ts";
import type { BindingAcknowledgement, BindingUpdate } from "../../core/wire/mobility_message.ts";
import type { MobilityOption } from "../../core/wire/mobility_option.ts";
import {
  HOME_ADDRESS,
  HOME_AGENT,
  HOME_AGENT_IPV4,
  newHomeAgent,
  newMobileNode,
  register,
  sent,
} from "../control/script.ts";
import {
  bindingAcknowledgement,
  bindingUpdate,
  homeAddressOption,
  ipv4,
  ipv6,
  mobility,
  routingHomeAddress,
  udp,
} from "../inspect/packet_builder.ts";
import { random } from "../inspect/random.ts";
import { captured } from "../inspect/show.ts";

const CARE_OF = "198.51.100.7";
const IPV6_CARE_OF = "2001:db8:200::7";
const SECONDS = 1_700_000_000;

/** The ids of the rules that packets break, each 10 s, or `gapSeconds`, after the one before. */
function lint(packets: readonly Uint8Array[], gapSeconds = 10): string[] {
  const found: string[] = [];
  const linter = new Linter(({ rule }) => found.push(rule.id));
  packets.forEach((bytes, index) => {
    const seconds = SECONDS + Math.floor(index * gapSeconds);
    const nanoseconds = Math.round((index * gapSeconds % 1) * 1e9);
    linter.add(captured(bytes, { number: index + 1, time: { seconds, nanoseconds } }));
  });
  return found;
}

function authentication(): MobilityOption {
  return { kind: "messageAuthentication", subtype: 1, spi: 1000, authenticationData: new Uint8Array(16) };
}

function identified(): MobilityOption {
  return {
    kind: "mobileNodeIdentifier",
    subtype: 1,
    identifier: new TextEncoder().encode("mn1@example.org"),
  };
}

function careOf(): MobilityOption {
  return { kind: "ipv4CareOfAddress", careOfAddress: CARE_OF };
}

function natDetection(refreshSeconds = 25): MobilityOption {
  return { kind: "natDetection", forceUdp: false, refreshSeconds };
}

/** A Binding Update over IPv4 with these options before the one that seals it. */
function update(options: MobilityOption[] = [careOf(), identified()], changes: Partial<BindingUpdate> = {}) {
  const message = bindingUpdate({ options: [...options, authentication()], ...changes });
  return overIpv4(CARE_OF, HOME_AGENT_IPV4, HOME_ADDRESS, HOME_AGENT, message);
}

function answer(options: MobilityOption[] = [natDetection()], changes: Partial<BindingAcknowledgement> = {}) {
  const message = bindingAcknowledgement({ options: [...options, authentication()], ...changes });
  return overIpv4(HOME_AGENT_IPV4, CARE_OF, HOME_AGENT, HOME_ADDRESS, message);
}

function overIpv4(
  outerSource: string,
  outerDestination: string,
  source: string,
  destination: string,
  message: BindingUpdate | BindingAcknowledgement,
) {
  const inner = ipv6(source, destination, 135, mobility(source, destination, message));
  return ipv4(outerSource, outerDestination, 17, udp(4191, 4191, inner));
}

function overIpv6(message: BindingUpdate) {
  const header = homeAddressOption(135, HOME_ADDRESS, mobility(HOME_ADDRESS, HOME_AGENT, message));
  return ipv6(IPV6_CARE_OF, HOME_AGENT, 60, header);
}

const alternate: MobilityOption = { kind: "alternateCareOfAddress", careOfAddress: IPV6_CARE_OF };

/** Where the mobility header of a packet over IPv4 begins. */
const HEADER = 20 + 8 + 40;

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
}

Deno.test("a good exchange over IPv4, and a good update over IPv6, break no rule", () => {
  assertEquals(lint([update(), answer()]), []);
  assertEquals(lint([overIpv6(bindingUpdate({ options: [identified(), alternate, authentication()] }))]), []);
});

const homeOption: MobilityOption = {
  kind: "ipv4HomeAddress",
  prefixLength: 0,
  requestPrefix: false,
  homeAddress: "203.0.113.9",
};
const refusal: MobilityOption = {
  kind: "ipv4AddressAcknowledgement",
  status: 129,
  prefixLength: 32,
  homeAddress: "203.0.113.9",
};
const nonces: MobilityOption = { kind: "nonceIndices", homeNonceIndex: 1, careOfNonceIndex: 2 };
const bindingId: MobilityOption = {
  kind: "bindingIdentifier",
  bindingId: 0,
  status: 0,
  simultaneousHomeAndForeign: false,
  priority: 0,
  careOfAddress: CARE_OF,
};
const inIpv6In4 = ipv6(
  HOME_ADDRESS,
  HOME_AGENT,
  135,
  mobility(HOME_ADDRESS, HOME_AGENT, bindingUpdate({ options: [careOf(), identified(), authentication()] })),
);
const authorization: MobilityOption = {
  kind: "bindingAuthorizationData",
  authenticator: new Uint8Array(12),
};

/** An answer to an IPv6 care-of address. */
function routedAnswer(detection: MobilityOption): Uint8Array {
  const message = bindingAcknowledgement({ options: [detection, authentication()] });
  const header = mobility(HOME_AGENT, HOME_ADDRESS, message);
  return ipv6(HOME_AGENT, IPV6_CARE_OF, 43, routingHomeAddress(135, HOME_ADDRESS, header));
}

/** For each rule packets of which the last breaks it; more rules may be broken by them. */
const BREAKS: Readonly<Record<string, () => string[]>> = {
  "ipv4-checksum": () => lint([changed(update(), 10, 0)]),
  "mobility-checksum": () => lint([changed(update(), HEADER + 4, update()[HEADER + 4] ^ 1)]),
  "payload-protocol": () => lint([changed(update(), HEADER, 6)]),
  "mobility-length": () => lint([changed(update(), HEADER + 1, 200)]),
  "message-unknown": () => lint([changed(update(), HEADER + 2, 250)]),
  "reserved-bits": () => lint([changed(update(), HEADER + 3, 1)]),
  "option-cut": () => lint([changed(update(), HEADER + 13, 250)]),
  "option-unknown": () => lint([changed(update(), HEADER + 12, 250)]),
  "option-length": () => lint([changed(update(), HEADER + 13, 5)]),
  "option-reserved-bits": () => lint([changed(update(), HEADER + 15, 1)]),
  "option-forbidden": () => lint([update([careOf(), identified(), natDetection()])]),
  "option-repeated": () => lint([update([careOf(), careOf(), identified()])]),
  "ipv4-not-in-udp": () => lint([ipv4(CARE_OF, HOME_AGENT_IPV4, 41, inIpv6In4)]),
  "ipv4-care-of-missing": () => lint([update([identified()])]),
  "ipv4-alternate-care-of": () => lint([update([careOf(), alternate, identified()])]),
  "ipv4-home-address-option": () =>
    lint([ipv4(
      CARE_OF,
      HOME_AGENT_IPV4,
      17,
      udp(4191, 4191, overIpv6(bindingUpdate({ options: [careOf(), identified(), authentication()] }))),
    )]),
  "ipv4-routing-header": () =>
    lint([ipv4(HOME_AGENT_IPV4, CARE_OF, 17, udp(4191, 4191, routedAnswer(natDetection())))]),
  "alternate-care-of-missing": () =>
    lint([overIpv6(bindingUpdate({ options: [identified(), authentication()] }))]),
  "acknowledge-missing": () => lint([update(undefined, { acknowledge: false })]),
  "nonce-indices-at-home-agent": () => lint([update([careOf(), nonces, identified()])]),
  "update-unauthenticated": () => lint([update(undefined, { options: [careOf()] })]),
  "identifier-missing": () => lint([update([careOf()])]),
  "force-udp-with-ipv6": () =>
    lint([overIpv6(bindingUpdate({ forceUdp: true, options: [identified(), alternate, authentication()] }))]),
  "ipv4-home-prefix-zero": () => lint([update([careOf(), homeOption, identified()])]),
  "ipv4-refusal-with-prefix": () => lint([update(), answer([natDetection(), refusal])]),
  "nat-detection-missing": () => lint([update(), answer([])]),
  "refresh-later-than-lifetime": () => lint([update(), answer([natDetection(90)])]),
  "several-care-of-with-option-32": () => lint([update([careOf(), bindingId, identified()])]),
  "binding-identifier-zero": () => lint([update([bindingId, identified()])]),
  "authentication-not-last": () =>
    lint([update(undefined, { options: [authentication(), careOf(), identified()] })]),
  "headers": () => lint([changed(update(), 3, 250)]),
  "home-address-option-repeated": () => {
    const header = homeAddressOption(
      60,
      HOME_ADDRESS,
      homeAddressOption(59, HOME_ADDRESS, new Uint8Array(0)),
    );
    return lint([ipv6(IPV6_CARE_OF, HOME_AGENT, 60, header)]);
  },
  "udp-checksum": () => lint([changed(update(), 27, 1)]),
  "udp-checksum-missing": () => lint([ipv6(HOME_ADDRESS, HOME_AGENT, 17, udp(9, 9, new Uint8Array(4)))]),
  "icmpv6-checksum": () =>
    lint([ipv6(HOME_ADDRESS, HOME_AGENT, 58, Uint8Array.of(128, 0, 1, 2, 0, 0, 0, 0))]),
  "ipv4-inner-source": () => {
    const message = bindingUpdate({ options: [careOf(), identified(), authentication()] });
    return lint([overIpv4(CARE_OF, HOME_AGENT_IPV4, "fe80::1", HOME_AGENT, message)]);
  },
  "home-address-option-missing": () => lint([inIpv6In4]),
  "care-of-not-unicast": () =>
    lint([update([{ kind: "ipv4CareOfAddress", careOfAddress: "224.0.0.1" }, identified()])]),
  "authorization-not-last": () =>
    lint([update([
      careOf(),
      { kind: "bindingAuthorizationData", authenticator: new Uint8Array(12) },
      identified(),
    ])]),
  "answer-source-port": () => lint([update(), changed(answer(), 21, 1)]),
  "refresh-advice-too-late": () =>
    lint([update(), answer([natDetection(), { kind: "bindingRefreshAdvice", refreshIntervalSeconds: 60 }])]),
  "ipv4-acknowledgement-missing": () =>
    lint([update([careOf(), { ...homeOption, prefixLength: 32 } as MobilityOption, identified()]), answer()]),
  "answer-not-in-udp": () => lint([update(), ipv4(HOME_AGENT_IPV4, CARE_OF, 41, answer().slice(28))]),
  "sequence-not-greater": () => lint([update(), update()]),
  "update-rate": () =>
    lint([7, 8, 9, 10].map((sequenceNumber) => update(undefined, { sequenceNumber })), 0.2),
  "retransmission-too-fast": () => lint([update(), update(undefined, { sequenceNumber: 8 })], 0.5),
  "answer-without-update": () => lint([answer()]),
  "sequence-not-copied": () => lint([update(), answer(undefined, { sequenceNumber: 9 })]),
  "lifetime-greater": () => lint([update(), answer(undefined, { lifetimeSeconds: 64 })]),
  // Octets 20 to 37 are the mobile node identifier, as long as an Alternate Care-of Address, which aligns 8n+6.
  "option-alignment": () => lint([changed(update(), HEADER + 20, 3)]),
  // Then a PadN of one octet stands before the authentication option.
  "padding-content": () => lint([changed(update(), HEADER + 40, 7)]),
  "authentication-order": () => {
    const options = [
      careOf(),
      identified(),
      { ...authentication(), subtype: 2 } as MobilityOption,
      authentication(),
    ];
    return lint([update(undefined, { options })]);
  },
  "nonce-indices-missing": () =>
    lint([overIpv6(bindingUpdate({ homeRegistration: false, options: [authorization] }))]),
  "nat-detection-with-ipv6": () =>
    lint([routedAnswer({ kind: "natDetection", forceUdp: true, refreshSeconds: 25 })]),
  "authorization-with-expired-nonces": () =>
    lint([update(), answer(undefined, { status: 136, options: [natDetection(), authorization] })]),
  "answer-unauthenticated": () => lint([update(), answer(undefined, { options: [natDetection()] })]),
};

Deno.test("every rule has packets that break it", () => {
  assertEquals(LINT_RULES.map(({ id }) => id).filter((id) => !(id in BREAKS)), []);
});

for (const [rule, broken] of Object.entries(BREAKS)) {
  Deno.test(`lint finds ${rule}`, () => {
    assert(LINT_RULES.some(({ id }) => id === rule), "no such rule");
    const found = broken();
    assert(found.includes(rule), `found ${found.join(", ") || "nothing"}`);
  });
}

Deno.test("what the state machines send breaks no rule", () => {
  const { update: asked, answer: answered } = register(newMobileNode(), newHomeAgent(), CARE_OF);
  const wrap = (source: string, destination: string, packet: Uint8Array) =>
    ipv4(source, destination, 17, udp(4191, 4191, packet));
  const packets = [
    wrap(CARE_OF, HOME_AGENT_IPV4, sent(asked).packet),
    wrap(HOME_AGENT_IPV4, CARE_OF, sent(answered).packet),
  ];
  assertEquals(lint(packets), []);
});

Deno.test("a sequence number out of window is answered with the last good one, and sent again at once", () => {
  const refused = answer(undefined, { status: 135, sequenceNumber: 3, lifetimeSeconds: 0 });
  assertEquals(lint([update(), refused, update(undefined, { sequenceNumber: 8 })], 0.3), []);
});

Deno.test("behind a de-registration the sequence number may start anywhere", () => {
  assertEquals(
    lint([update(undefined, { lifetimeSeconds: 0 }), update(undefined, { sequenceNumber: 3 })]),
    [],
  );
});

Deno.test("mutated packets never throw", () => {
  const next = random(5);
  for (let round = 0; round < 5000; round++) {
    const bytes = (round % 2 === 0 ? update() : answer()).slice();
    for (let change = 0; change < 4; change++) bytes[next(bytes.length)] = next(256);
    lint([bytes.subarray(0, 1 + next(bytes.length))]);
    lint([bytes]);
  }
});

const CAPTURES = new URL("../../../shared/captures/", import.meta.url);

for (
  const [file, expected] of [
    ["mip6-bad-mh-chksum.pcap", ["mobility-checksum"]],
    ["mip6-good-mh-chksum.pcap", []],
  ] as const
) {
  const bytes = readIfThere(new URL(file, CAPTURES));
  Deno.test({
    name: `lint of tshark's ${file}`,
    ignore: bytes === undefined,
    fn() {
      const reader = new CaptureReader();
      reader.push(bytes!);
      const found: string[] = [];
      const linter = new Linter(({ rule }) => found.push(rule.id));
      for (let packet = reader.next(); packet !== undefined; packet = reader.next()) linter.add(packet);
      assertEquals(found, [...expected]);
    },
  });
}

function readIfThere(file: URL): Uint8Array | undefined {
  try {
    return Deno.readFileSync(file);
  } catch {
    return undefined;
  }
}
