import { assertEquals } from "@std/assert";
import type { MobilityMessage } from "../../core/wire/mobility_message.ts";
import type { MobilityOption } from "../../core/wire/mobility_option.ts";
import {
  bindingAcknowledgement,
  bindingUpdate,
  homeAddressOption,
  ipv4,
  ipv6,
  join,
  mobility,
  octets,
  routingHomeAddress,
  udp,
} from "./packet_builder.ts";
import { captured, line, print } from "./show.ts";

const HOME = "2001:db8:100::100";
const AGENT = "2001:db8:100::1";
const VISITED = "2001:db8:5::5";

const toAgent = (message: MobilityMessage) => ipv6(HOME, AGENT, 135, mobility(HOME, AGENT, message));
const fromAgent = (message: MobilityMessage) => ipv6(AGENT, HOME, 135, mobility(AGENT, HOME, message));
/** What the line says of an update or an acknowledgement with these options, behind the lifetime. */
const update = (...options: MobilityOption[]) =>
  line(toAgent(bindingUpdate({ options }))).split("lifetime=60s")[1];
const acknowledgement = (...options: MobilityOption[]) =>
  line(fromAgent(bindingAcknowledgement({ options }))).split("lifetime=60s")[1];

const COA4: MobilityOption = { kind: "ipv4CareOfAddress", careOfAddress: "10.0.0.42" };

Deno.test("a registration behind a NAT, as it is on the wire on both sides of it", () => {
  const bu = udp(4191, 4191, toAgent(bindingUpdate({ options: [COA4] })));
  const ba = udp(
    4191,
    50_123,
    fromAgent(bindingAcknowledgement({
      options: [{ kind: "natDetection", forceUdp: false, refreshSeconds: 25 }],
    })),
  );
  const packets = [
    ipv4("10.0.0.42", "203.0.113.1", 17, bu),
    ipv4("198.51.100.7", "203.0.113.1", 17, join(octets("c3cb"), bu.subarray(2))),
    ipv4("203.0.113.1", "198.51.100.7", 17, ba),
  ].map((bytes, index) =>
    captured(bytes, { number: index + 1, time: { seconds: 5, nanoseconds: index * 1_204_000 } })
  );
  assertEquals(
    print(packets, "line"),
    [
      "    1    0.000000  2001:db8:100::100 > 2001:db8:100::1     BU seq=7 AHK lifetime=60s CoA4=10.0.0.42 via UDP 10.0.0.42:4191 > 203.0.113.1:4191",
      "    2    0.001204  2001:db8:100::100 > 2001:db8:100::1     BU seq=7 AHK lifetime=60s CoA4=10.0.0.42 [NAT] via UDP 198.51.100.7:50123 > 203.0.113.1:4191",
      "    3    0.002408  2001:db8:100::1 > 2001:db8:100::100     BA accepted seq=7 lifetime=60s NAT refresh=25s via UDP 203.0.113.1:4191 > 198.51.100.7:50123",
      "",
    ].join("\n"),
  );
});

Deno.test("protocol 41, and what an IPv6 access network carries", () => {
  assertEquals(
    line(ipv4("10.0.0.42", "203.0.113.1", 41, toAgent(bindingUpdate()))),
    "2001:db8:100::100 > 2001:db8:100::1 BU seq=7 AHK lifetime=60s via 41 10.0.0.42 > 203.0.113.1",
  );
  const altCoA: MobilityOption = { kind: "alternateCareOfAddress", careOfAddress: VISITED };
  const bu = mobility(HOME, AGENT, bindingUpdate({ options: [altCoA] }));
  assertEquals(
    line(ipv6(VISITED, AGENT, 60, homeAddressOption(135, HOME, bu))),
    `${VISITED} > ${AGENT} BU seq=7 AHK lifetime=60s AltCoA=${VISITED} HoA=${HOME}`,
  );
  const ba = mobility(AGENT, HOME, bindingAcknowledgement());
  assertEquals(
    line(ipv6(AGENT, VISITED, 43, routingHomeAddress(135, HOME, ba))),
    `${AGENT} > ${VISITED} BA accepted seq=7 lifetime=60s RH2=${HOME}`,
  );
});

Deno.test("every message of RFC 6275 has its line", () => {
  const cookie = octets("0102030405060708");
  const token = octets("1112131415161718");
  const says = (message: MobilityMessage) => line(toAgent(message)).slice(`${HOME} > ${AGENT} `.length);
  assertEquals(says({ kind: "bindingRefreshRequest", options: [] }), "BRR");
  assertEquals(
    says({ kind: "homeTestInit", homeInitCookie: cookie, options: [] }),
    "HoTI cookie=0102030405060708",
  );
  assertEquals(
    says({ kind: "careOfTestInit", careOfInitCookie: cookie, options: [] }),
    "CoTI cookie=0102030405060708",
  );
  assertEquals(
    says({
      kind: "homeTest",
      homeNonceIndex: 9,
      homeInitCookie: cookie,
      homeKeygenToken: token,
      options: [],
    }),
    "HoT index=9 cookie=0102030405060708",
  );
  assertEquals(
    says({
      kind: "careOfTest",
      careOfNonceIndex: 9,
      careOfInitCookie: cookie,
      careOfKeygenToken: token,
      options: [],
    }),
    "CoT index=9 cookie=0102030405060708",
  );
  assertEquals(
    says({ kind: "bindingError", status: 1, homeAddress: HOME, options: [] }),
    `BE Unknown binding for Home Address destination option (1) HoA=${HOME}`,
  );
  assertEquals(
    says({ kind: "unknownMessage", type: 11, data: new Uint8Array(10) }),
    "Experimental Mobility Header len=16",
  );
  assertEquals(
    says({ kind: "unknownMessage", type: 99, data: new Uint8Array(2) }),
    "unknown message 99 len=8",
  );
});

Deno.test("flags of updates and acknowledgements, and the bit that is O or B", () => {
  const flags = (changes: Parameters<typeof bindingUpdate>[0]) =>
    line(
      toAgent(
        bindingUpdate({
          acknowledge: false,
          homeRegistration: false,
          keyManagementMobility: false,
          ...changes,
        }),
      ),
    )
      .split(" ").slice(5, -1).join(" ");
  assertEquals(flags({}), "");
  assertEquals(flags({ linkLocalCompatibility: true, mapRegistration: true, mobileRouter: true }), "LMR");
  assertEquals(flags({ forceUdp: true, tlvHeader: true, overwriteOrBulk: true }), "FTO");
  assertEquals(flags({ proxyRegistration: true, overwriteOrBulk: true }), "PB");
  const all = {
    keyManagementMobility: true,
    mobileRouter: true,
    proxyRegistration: true,
    tlvHeader: true,
    bulk: true,
  };
  assertEquals(line(fromAgent(bindingAcknowledgement(all))).split(" ")[6], "KRPTB");
});

Deno.test("lifetimes, de-registration, and statuses with their names", () => {
  assertEquals(
    line(toAgent(bindingUpdate({ sequenceNumber: 65_535, lifetimeSeconds: 0 }))),
    `${HOME} > ${AGENT} BU seq=65535 AHK lifetime=0s (de-registration)`,
  );
  const says = (status: number) =>
    line(fromAgent(bindingAcknowledgement({ status, lifetimeSeconds: 0 }))).slice(
      `${AGENT} > ${HOME} `.length,
    );
  assertEquals(says(1), "BA accepted: Accepted but prefix discovery necessary (1) seq=7 lifetime=0s");
  assertEquals(says(135), "BA refused: Sequence number out of window (135) seq=7 lifetime=0s");
  assertEquals(says(144), "BA refused: UDP cannot be forced, or MIPV6-ID-MISMATCH (144) seq=7 lifetime=0s");
  const identified = bindingAcknowledgement({
    status: 144,
    lifetimeSeconds: 0,
    options: [COA4, { kind: "messageIdentification", timestamp: 1n }],
  });
  assertEquals(
    line(fromAgent(identified)).slice(`${AGENT} > ${HOME} `.length),
    "BA refused: MIPV6-ID-MISMATCH, or UDP cannot be forced (144) seq=7 lifetime=0s CoA4=10.0.0.42",
  );
  assertEquals(says(255), "BA refused: unassigned, refused (255) seq=7 lifetime=0s");
});

Deno.test("every option of core/wire has its words", () => {
  const data = octets("0102030405060708090a0b0c");
  assertEquals(update(COA4), " CoA4=10.0.0.42");
  assertEquals(update({ kind: "alternateCareOfAddress", careOfAddress: VISITED }), ` AltCoA=${VISITED}`);
  assertEquals(
    update({ kind: "nonceIndices", homeNonceIndex: 1, careOfNonceIndex: 65_535 }),
    " nonces=1,65535",
  );
  assertEquals(update({ kind: "bindingAuthorizationData", authenticator: data }), " authorized");
  assertEquals(
    update({ kind: "mobileNetworkPrefix", prefixLength: 56, prefix: "2001:db8:7::" }),
    " MNP=2001:db8:7::/56",
  );
  const nai = new TextEncoder().encode("mn1@example.org");
  assertEquals(update({ kind: "mobileNodeIdentifier", subtype: 1, identifier: nai }), " id=mn1@example.org");
  const auth: MobilityOption = {
    kind: "messageAuthentication",
    subtype: 1,
    spi: 1000,
    authenticationData: data,
  };
  assertEquals(update(auth), " auth=MN-HA spi=1000");
  assertEquals(update({ ...auth, subtype: 2, spi: 0xffff_ffff }), " auth=MN-AAA spi=4294967295");
  assertEquals(update({ ...auth, subtype: 9 }), " auth=subtype 9 spi=1000");
  assertEquals(update({ ...auth, authenticationData: new Uint8Array(0) }), " auth=MN-HA spi=1000");
  assertEquals(update({ kind: "messageIdentification", timestamp: 5n }), "");
  const home4 = {
    kind: "ipv4HomeAddress",
    prefixLength: 32,
    requestPrefix: false,
    homeAddress: "10.1.0.5",
  } as const;
  assertEquals(update(home4), " HoA4=10.1.0.5");
  assertEquals(
    update({ ...home4, prefixLength: 24, requestPrefix: true }),
    " HoA4=10.1.0.5/24 prefix-wanted",
  );
  assertEquals(update({ kind: "bindingIdentifier", ...BID, careOfAddress: undefined }), " BID=3");
  assertEquals(
    update({ kind: "bindingIdentifier", ...BID, careOfAddress: "10.0.0.42" }),
    " BID=3 CoA4=10.0.0.42",
  );
  assertEquals(
    update({ kind: "bindingIdentifier", ...BID, careOfAddress: VISITED }),
    ` BID=3 CoA=${VISITED}`,
  );
  assertEquals(update({ kind: "unknownOption", type: 20, data }), " service=0x0102030405060708090a0b0c");
  assertEquals(update({ kind: "unknownOption", type: 200, data }), " option 200 (unknown)");
  assertEquals(
    acknowledgement({ kind: "bindingRefreshAdvice", refreshIntervalSeconds: 2400 }),
    " refresh=2400s",
  );
  const ack4 = { kind: "ipv4AddressAcknowledgement", prefixLength: 32, homeAddress: "10.1.0.5" } as const;
  assertEquals(acknowledgement({ ...ack4, status: 0 }), " HoA4=10.1.0.5");
  assertEquals(
    acknowledgement({ ...ack4, status: 129 }),
    " HoA4=10.1.0.5 refused: Administratively prohibited (129)",
  );
  const nat = { kind: "natDetection", forceUdp: false, refreshSeconds: 25 } as const;
  assertEquals(acknowledgement(nat), " NAT refresh=25s");
  assertEquals(acknowledgement({ ...nat, refreshSeconds: 0 }), " NAT refresh=default");
  assertEquals(
    acknowledgement({ ...nat, refreshSeconds: 0xffff_ffff, forceUdp: true }),
    " NAT force-UDP refresh=never",
  );
});
const BID = { bindingId: 3, status: 0, simultaneousHomeAndForeign: false, priority: 0 } as const;

Deno.test("a wrong checksum, a wrong length and a lying length are said", () => {
  const packet = toAgent(bindingUpdate({ options: [COA4] }));
  const wrong = packet.slice();
  wrong[45] ^= 0xff;
  const [right, found] = [packet, wrong].map((bytes) => bytes.subarray(44, 46).toHex());
  assertEquals(
    line(wrong),
    `${HOME} > ${AGENT} BU seq=7 AHK lifetime=60s CoA4=10.0.0.42 [checksum 0x${found} incorrect, should be 0x${right}]`,
  );
  const endsInZero: MobilityOption = { kind: "ipv4CareOfAddress", careOfAddress: "10.0.42.0" };
  const option = toAgent(bindingUpdate({ options: [endsInZero] }));
  option[53] = 5;
  assertEquals(line(recompute(option)).split("60s")[1], " [IPv4 Care-of Address option of length 5, not 6]");
  option[53] = 200;
  assertEquals(
    line(recompute(option)).split("60s")[1],
    " [mobility option 32 (IPv4 Care-of Address) goes past the end of its header]",
  );
  const header = packet.slice();
  header[41] = 9;
  assertEquals(
    line(header).split("10.0.0.42")[1],
    " [the mobility header length says 80 bytes, 24 are there]",
  );
});

Deno.test("what a NAI says cannot reach the terminal", () => {
  const identifier = new TextEncoder().encode("mn\x1b[2J\\\u00e9");
  assertEquals(
    update({ kind: "mobileNodeIdentifier", subtype: 1, identifier }),
    " id=mn\\x1b[2J\\x5c\\xc3\\xa9",
  );
});

/** The packet with the mobility header's checksum made right again. */
function recompute(packet: Uint8Array): Uint8Array {
  const fixed = packet.slice();
  fixed.set([0, 0], 44);
  const right = /should be 0x([0-9a-f]{4})/.exec(line(fixed))?.[1] ?? "";
  fixed.set(octets(right), 44);
  return fixed;
}
