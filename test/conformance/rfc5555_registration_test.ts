import { assertEquals } from "@std/assert";
import { DSMIPV6_PORT } from "../../core/wire/constants.ts";
import { findOption, type MobilityOption } from "../../core/wire/mobility_option.ts";
import { MOBILITY_OPTIONS } from "../../core/wire/mobility_option_table.ts";
import {
  acknowledgementOverIpv6,
  at,
  careOf,
  fromOuter,
  handMade,
  HOME_AGENT_IPV4,
  newHomeAgent,
  newMobileNode,
  ofKind,
  receiveOverIpv6,
  register,
  sent,
  sentAcknowledgement,
  sentUpdate,
} from "../control/script.ts";

const PUBLIC = "198.51.100.7";
const NAT = { address: "192.0.2.9", port: 8763 };
const IPV4_HOME_ADDRESS: MobilityOption = {
  kind: "ipv4HomeAddress",
  prefixLength: 32,
  requestPrefix: false,
  homeAddress: "192.0.2.100",
};

for (const [what, outer] of [["no NAT", { address: PUBLIC, port: 4191 }], ["a NAT", NAT]] as const) {
  const behindNat = outer === NAT;
  Deno.test(`RFC 5555 2.3.2 D-018 D-022, 4.5 D-101 D-105 D-116 D-120: ${what}: answer, NAT detection and tunnel, with option 29 and without`, () => {
    for (const more of [[], [IPV4_HOME_ADDRESS]]) {
      const packet = handMade({ more, sequenceNumber: 77 });
      const answer = newHomeAgent().handle({ kind: "signalling", outer, packet }, at(0));
      const { sequenceNumber, status, options } = sentAcknowledgement(answer);
      assertEquals([sequenceNumber, status], [77, 0]);
      assertEquals(findOption(options, "ipv4AddressAcknowledgement") !== undefined, more.length > 0);
      assertEquals(findOption(options, "natDetection")?.refreshSeconds, behindNat ? 25 : 0xffffffff);
      const tunnel = behindNat
        ? { encapsulation: "udp", ...NAT }
        : { encapsulation: "ipv6InIpv4", address: PUBLIC, port: 0 };
      assertEquals(ofKind(answer, "setBinding")[0].tunnel, tunnel);
    }
  });

  Deno.test(`RFC 5555 5.1 D-137: ${what}: a refusal goes to where the update came from`, () => {
    const packet = handMade({ proxyRegistration: true });
    const answer = newHomeAgent().handle({ kind: "signalling", outer, packet }, at(0));
    assertEquals(sentAcknowledgement(answer).status, 152);
    const { destination, destinationPort } = sent(answer);
    assertEquals([destination, destinationPort], [outer.address, outer.port]);
  });
}

Deno.test("RFC 5555 2.3.1 D-008: over IPv6 the answer is that of RFC 6275, and has option 30 for option 29", () => {
  const answer = receiveOverIpv6(newHomeAgent(), { sequenceNumber: 77, more: [IPV4_HOME_ADDRESS] });
  const { sequenceNumber, options } = acknowledgementOverIpv6(answer);
  assertEquals(sequenceNumber, 77);
  assertEquals(findOption(options, "ipv4AddressAcknowledgement")?.status, 129);
});

Deno.test("RFC 5555 2.1 D-003, 2.4 D-024, 4.2 D-052: from an IPv4 network the mobile node sends Binding Updates in UDP, nothing else", () => {
  const mobileNode = newMobileNode();
  const homeAgent = newHomeAgent();
  const actions = [...register(mobileNode, homeAgent, PUBLIC).update];
  for (let i = 0; i < 8; i++) {
    const deadlineMs = mobileNode.nextDeadline()!;
    actions.push(...mobileNode.handle({ kind: "deadline" }, at(deadlineMs)));
  }
  actions.push(...mobileNode.handle(careOf("192.0.2.77"), at(1_000_000)));
  actions.push(...mobileNode.handle({ kind: "stop" }, at(1_000_001)));
  assertEquals(ofKind(actions, "sendPacket"), []);
  const messages = ofKind(actions, "sendSignalling").map((action) => sent([action]));
  assertEquals(messages.length > 5, true);
  for (const { destination, destinationPort, message } of messages) {
    assertEquals([destination, destinationPort], [HOME_AGENT_IPV4, 4191]);
    assertEquals(message.header.message.kind, "bindingUpdate");
  }
});

Deno.test("RFC 5555 4.3 D-070: all ones with the F flag: UDP, and no keepalive", () => {
  const mobileNode = newMobileNode();
  const { result } = register(mobileNode, newHomeAgent({ forceUdp: true }), PUBLIC);
  assertEquals(ofKind(result, "setTunnel")[0].tunnel.encapsulation, "udp");
  const { keepaliveSeconds, natDetected } = mobileNode.status(at(20));
  assertEquals([keepaliveSeconds, natDetected], [null, false]);
  assertEquals(mobileNode.nextDeadline(), 315_000);
});

Deno.test("RFC 5555 4.4.4 D-098: without an IPv6 address the registration over IPv4 does not wait", () => {
  const update = newMobileNode().handle(careOf(PUBLIC), at(0));
  assertEquals(sentUpdate(update).homeRegistration, true);
});

Deno.test("RFC 5555 5.1 D-135: the update comes from the new care-of address, and the binding stands until its answer", () => {
  const mobileNode = newMobileNode();
  const homeAgent = newHomeAgent();
  register(mobileNode, homeAgent, PUBLIC);
  const update = mobileNode.handle(careOf("192.0.2.77"), at(1000));
  const order = update.map(({ kind }) => kind).filter((kind) =>
    kind === "sendSignalling" || kind === "setTunnel"
  );
  assertEquals(order, ["sendSignalling", "setTunnel"]);
  assertEquals(sent(update).source, "192.0.2.77");
  assertEquals([ofKind(update, "clearTunnel"), homeAgent.bindings(at(1000))[0].careOfAddress], [[], PUBLIC]);
  homeAgent.handle(fromOuter(update, "192.0.2.77", 4191), at(1010));
  assertEquals(homeAgent.bindings(at(1010))[0].careOfAddress, "192.0.2.77");
});

Deno.test("RFC 5555 8 D-149: the port and the numbers of the options", () => {
  const { ipv4HomeAddress, ipv4AddressAcknowledgement, natDetection, ipv4CareOfAddress } = MOBILITY_OPTIONS;
  const entries = [ipv4HomeAddress, ipv4AddressAcknowledgement, natDetection, ipv4CareOfAddress];
  assertEquals([DSMIPV6_PORT, ...entries.map(({ type }) => type)], [4191, 29, 30, 31, 32]);
});
