import { assert, assertEquals } from "@std/assert";
import { ipv4Octets, ipv6Octets, isIpv4 } from "../../core/wire/address.ts";
import { findOption } from "../../core/wire/mobility_option.ts";
import { ntpTimestamp } from "../../core/control/ntp_timestamp.ts";
import {
  at,
  careOf,
  fromOuter,
  handMade,
  HOME_ADDRESS,
  HOME_AGENT,
  newHomeAgent,
  newMobileNode,
  ofKind,
  receive,
  register,
  security,
  sent,
  sentAcknowledgement,
} from "./script.ts";

const PUBLIC = "198.51.100.7";
const PRIVATE = "10.0.0.42";
const NAT = { address: "192.0.2.9", port: 8763 };

Deno.test("RFC 5555 4.2 D-060 D-063 D-066: no NAT, so protocol 41 and a NAT detection option of all ones", () => {
  const { answer } = register(newMobileNode(), newHomeAgent(), PUBLIC);
  const [binding] = ofKind(answer, "setBinding");
  assertEquals(binding.tunnel, { encapsulation: "ipv6InIpv4", address: PUBLIC, port: 0 });
  const option = findOption(sentAcknowledgement(answer).options, "natDetection");
  assertEquals(option, { kind: "natDetection", forceUdp: false, refreshSeconds: 0xffffffff });
});

Deno.test("RFC 5555 2.3.2.2 D-019 D-020 D-021 D-043 D-045: a NAT, so UDP to the address and port that it showed", () => {
  const { answer } = register(newMobileNode(), newHomeAgent(), PRIVATE, NAT);
  const [binding] = ofKind(answer, "setBinding");
  assertEquals(binding.homeAddress, HOME_ADDRESS);
  assertEquals(binding.tunnel, { encapsulation: "udp", ...NAT });
  const option = findOption(sentAcknowledgement(answer).options, "natDetection");
  assertEquals(option, { kind: "natDetection", forceUdp: false, refreshSeconds: 25 });
});

Deno.test("RFC 5555 4.2 D-062 D-064 D-118 D-119: the answer goes to the outer source, inside to the home address", () => {
  const { answer } = register(newMobileNode(), newHomeAgent(), PRIVATE, NAT);
  const packet = sent(answer);
  assertEquals([packet.destination, packet.destinationPort], [NAT.address, NAT.port]);
  assertEquals([packet.message.source, packet.message.destination], [HOME_AGENT, HOME_ADDRESS]);
  assertEquals(packet.message.routingHomeAddress, undefined);
  assert(packet.message.checksumValid);
});

Deno.test("RFC 5555 4.2 D-067: a new mapping of the NAT moves the binding at the next update", () => {
  const homeAgent = newHomeAgent();
  receive(homeAgent, { careOfAddress: PRIVATE });
  const packet = handMade({ careOfAddress: PRIVATE, sequenceNumber: 2 }, at(1000));
  const actions = homeAgent.handle({ kind: "signalling", outer: { ...NAT, port: 40001 }, packet }, at(1000));
  assertEquals(ofKind(actions, "setBinding")[0].tunnel.port, 40001);
  assertEquals(homeAgent.bindings(at(1000))[0].port, 40001);
});

Deno.test("RFC 5555 3.2.2 D-046: forced by the home agent, UDP without a NAT, and no keepalive", () => {
  const { answer } = register(newMobileNode(), newHomeAgent({ forceUdp: true }), PUBLIC);
  assertEquals(ofKind(answer, "setBinding")[0].tunnel.encapsulation, "udp");
  const option = findOption(sentAcknowledgement(answer).options, "natDetection");
  assertEquals(option, { kind: "natDetection", forceUdp: true, refreshSeconds: 0xffffffff });
});

Deno.test("RFC 5555 4.5 D-106: the F flag is granted, or refused with status 144 and the timestamp as it came", () => {
  const granted = receive(newHomeAgent(), { forceUdp: true });
  assertEquals(ofKind(granted, "setBinding")[0].tunnel.encapsulation, "udp");
  assertEquals(findOption(sentAcknowledgement(granted).options, "natDetection")?.forceUdp, true);

  const homeAgent = newHomeAgent({ acceptForceUdp: false });
  const timestamp = ntpTimestamp(at(0).unixMs, 0);
  const refused = receive(homeAgent, { forceUdp: true, timestamp });
  assertEquals(sentAcknowledgement(refused).status, 144);
  assertEquals(
    findOption(sentAcknowledgement(refused).options, "messageIdentification")?.timestamp,
    timestamp,
  );
  assertEquals(homeAgent.bindings(at(0)), []);
});

Deno.test("RFC 5555 2.3.2.1 D-014: an update over IPv4 without the IPv4 care-of address option is refused (174)", () => {
  const homeAgent = newHomeAgent();
  assertEquals(sentAcknowledgement(receive(homeAgent, { careOfAddress: "" })).status, 174);
  assertEquals(homeAgent.bindings(at(0)), []);
});

Deno.test("RFC 6275 10.3.1 M-286 M-287: the lifetime granted is the smaller, the sequence number is copied", () => {
  const homeAgent = newHomeAgent({ maximumLifetimeSeconds: 120 });
  const long = sentAcknowledgement(receive(homeAgent, { sequenceNumber: 77, lifetimeSeconds: 600 }));
  assertEquals([long.status, long.sequenceNumber, long.lifetimeSeconds], [0, 77, 120]);
  const short = sentAcknowledgement(receive(homeAgent, { sequenceNumber: 78, lifetimeSeconds: 60 }, 1000));
  assertEquals(short.lifetimeSeconds, 60);
});

Deno.test("RFC 6275 10.3.1 M-246: an acknowledgement is returned also without the A flag", () => {
  assertEquals(sentAcknowledgement(receive(newHomeAgent(), { acknowledge: false })).status, 0);
});

Deno.test("RFC 6275 9.1 M-180, 9.5.1 M-220 M-227: not greater modulo 2^16 is status 135 with the last accepted one", () => {
  const homeAgent = newHomeAgent();
  receive(homeAgent, { sequenceNumber: 15 });
  let time = 1000;
  for (const sequenceNumber of [15, 14, 0, 32783, 65535]) {
    const answer = sentAcknowledgement(receive(homeAgent, { sequenceNumber }, time++));
    assertEquals([sequenceNumber, answer.status, answer.sequenceNumber], [sequenceNumber, 135, 15]);
  }
  for (const sequenceNumber of [16, 32782]) {
    assertEquals(sentAcknowledgement(receive(homeAgent, { sequenceNumber }, time++)).status, 0);
  }
});

Deno.test("RFC 6275 10.3.2 M-298 M-299 M-300 M-303: status 0, lifetime 0, and a late update does not bring it back", () => {
  const homeAgent = newHomeAgent();
  receive(homeAgent, { sequenceNumber: 5 });
  const actions = receive(homeAgent, { sequenceNumber: 7, lifetimeSeconds: 0 }, 1000);
  assertEquals(ofKind(actions, "removeBinding"), [{
    kind: "removeBinding",
    homeAddress: HOME_ADDRESS,
    prefixes: [],
  }]);
  const answer = sentAcknowledgement(actions);
  assertEquals([answer.status, answer.lifetimeSeconds, answer.sequenceNumber], [0, 0, 7]);
  assertEquals(homeAgent.bindings(at(1000)), []);
  assertEquals(sentAcknowledgement(receive(homeAgent, { sequenceNumber: 6 }, 2000)).status, 135);
  assertEquals(homeAgent.nextDeadline(), 11_000);
  assertEquals(homeAgent.handle({ kind: "deadline" }, at(11_000)), []);
  assertEquals(sentAcknowledgement(receive(homeAgent, { sequenceNumber: 6 }, 12_000)).status, 0);
});

Deno.test("RFC 6275 10.3.2 M-296: de-registration of nothing is status 133", () => {
  assertEquals(sentAcknowledgement(receive(newHomeAgent(), { lifetimeSeconds: 0 })).status, 133);
});

Deno.test("RFC 6275 6.1.7 M-046, 10.3.1 M-291: a binding asks for its refresh, then ends with its lifetime", () => {
  const homeAgent = newHomeAgent();
  receive(homeAgent, { lifetimeSeconds: 80 });
  assertEquals(homeAgent.nextDeadline(), 70_000);
  const request = homeAgent.handle({ kind: "deadline" }, at(70_000));
  assertEquals(sent(request).message.header.message.kind, "bindingRefreshRequest");
  assertEquals(homeAgent.nextDeadline(), 80_000);
  const end = homeAgent.handle({ kind: "deadline" }, at(80_000));
  assertEquals(ofKind(end, "removeBinding").length, 1);
  assertEquals(homeAgent.bindings(at(80_000)), []);
  assertEquals(homeAgent.nextDeadline(), undefined);
});

Deno.test("RFC 6275 10.3.1 M-266 M-267: outside the home prefix: 132; the home agent's own address: 129", () => {
  const foreign = "2001:db8:200::100";
  const nodes = [foreign, HOME_AGENT].map((homeAddress) => ({
    identity: homeAddress,
    homeAddress,
    security,
    mobileNetworkPrefixes: [],
  }));
  const homeAgent = newHomeAgent({ mobileNodes: nodes });
  const statusOf = (homeAddress: string) =>
    sentAcknowledgement(receive(homeAgent, { homeAddress, identity: homeAddress })).status;
  assertEquals(statusOf(foreign), 132);
  assertEquals(statusOf(HOME_AGENT), 129);
});

Deno.test("RFC 6275 5.1 M-005: an identity may only claim its own home addresses", () => {
  const other = {
    identity: "mn2@example.org",
    homeAddress: "2001:db8:100::200",
    security: { ...security, spi: 2000 },
    mobileNetworkPrefixes: [],
  };
  const mine = {
    identity: "mn1@example.org",
    homeAddress: HOME_ADDRESS,
    security,
    mobileNetworkPrefixes: [],
  };
  const homeAgent = newHomeAgent({ mobileNodes: [mine, other] });
  assertEquals(sentAcknowledgement(receive(homeAgent, { homeAddress: other.homeAddress })).status, 129);
  assertEquals(sentAcknowledgement(receive(homeAgent, { homeAddress: "2001:db8:300::1" }, 1)).status, 132);
  // With the other's name but our key and SPI: unknown SPI, silence.
  const stolen = receive(homeAgent, { homeAddress: other.homeAddress, identity: other.identity }, 2);
  assertEquals(ofKind(stolen, "sendSignalling"), []);
  assertEquals(homeAgent.bindings(at(2)), []);
});

Deno.test("mobile router and proxy registrations are refused by name (140, 152)", () => {
  assertEquals(sentAcknowledgement(receive(newHomeAgent(), { mobileRouter: true })).status, 140);
  assertEquals(sentAcknowledgement(receive(newHomeAgent(), { proxyRegistration: true })).status, 152);
});

Deno.test("RFC 5555 2.3.1 D-009: an IPv4 home address option is acknowledged, here with a refusal of length 0 (D-039)", () => {
  const homeAddress = "192.0.2.100";
  const answer = sentAcknowledgement(
    receive(newHomeAgent(), {
      more: [{ kind: "ipv4HomeAddress", prefixLength: 32, requestPrefix: false, homeAddress }],
    }),
  );
  assertEquals(answer.status, 0);
  assertEquals(findOption(answer.options, "ipv4AddressAcknowledgement"), {
    kind: "ipv4AddressAcknowledgement",
    status: 129,
    prefixLength: 0,
    homeAddress,
  });
});

Deno.test("RFC 6275 9.5.1 M-218 M-226 M-231, 6.1.7 M-051, 9.2 M-184 M-187: silence for what is no home registration of ours", () => {
  const homeAgent = newHomeAgent();
  const silent = (changes: Parameters<typeof receive>[1]) =>
    assertEquals(ofKind(receive(homeAgent, changes), "sendSignalling"), []);
  silent({ homeRegistration: false });
  silent({ more: [{ kind: "nonceIndices", homeNonceIndex: 1, careOfNonceIndex: 1 }] });
  silent({ destination: "2001:db8:100::2" });
  silent({ homeAddress: "fe80::1" });
  silent({ careOfAddress: "224.0.0.1" });
  const payload = handMade();
  // Payload protocol 58 in place of 59; the checksum follows.
  payload[40] = 58;
  payload[44] += payload[44] === 0xff ? -0xff : 1;
  const outerOfPayload = { address: PUBLIC, port: 4191 };
  const [report, ...more] = homeAgent.handle(
    { kind: "signalling", outer: outerOfPayload, packet: payload },
    at(0),
  );
  assertEquals(report.kind === "report" && report.message, "dropped: a payload in a mobility header");
  assertEquals(more, []);
  const broken = handMade();
  broken[broken.length - 1] ^= 1;
  const outer = { address: PUBLIC, port: 4191 };
  assertEquals(
    ofKind(homeAgent.handle({ kind: "signalling", outer, packet: broken }, at(0)), "sendSignalling"),
    [],
  );
  assertEquals(homeAgent.bindings(at(0)), []);
});

Deno.test("RFC 6275 9.3.3 M-208: traffic without a binding is answered with Binding Error 1, to where it came from, rarely", () => {
  const homeAgent = newHomeAgent();
  const packet = new Uint8Array(60);
  packet[0] = 0x60;
  packet.set([0x20, 1, 0xd, 0xb8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0], 8);
  const ask = (encapsulation: "udp" | "ipv6InIpv4", monotonicMs: number) =>
    homeAgent.handle({ kind: "unboundTraffic", outer: NAT, encapsulation, packet }, at(monotonicMs));
  const error = sent(ask("udp", 0));
  assertEquals([error.destination, error.destinationPort], [NAT.address, NAT.port]);
  assertEquals(error.message.header.message, {
    kind: "bindingError",
    status: 1,
    homeAddress: HOME_ADDRESS,
    options: [],
  });
  assertEquals(sent(ask("ipv6InIpv4", 0)).destinationPort, 4191);
  let answers = 0;
  for (let i = 0; i < 1000; i++) answers += ofKind(ask("udp", i), "sendSignalling").length;
  assert(answers <= 6, `${answers} answers within a second`);
  packet.set([0x20, 1, 0xd, 0xb8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 9], 8);
  assertEquals(ask("udp", 60_000), []);
});

Deno.test("RFC 6275 9.3.3: traffic of a host behind a mobile router, and of IPv4, is answered to the router", () => {
  const homeAgent = newHomeAgent({
    mobileNodes: [{
      identity: "mr",
      homeAddress: HOME_ADDRESS,
      security: undefined,
      mobileNetworkPrefixes: [{ address: "2001:db8:200::", length: 56 }],
      ipv4HomeAddress: { address: "10.1.0.1", prefixLength: 24 },
    }],
  });
  const packetFrom = (source: string): Uint8Array => {
    const packet = new Uint8Array(60);
    packet[0] = isIpv4(source) ? 0x45 : 0x60;
    if (isIpv4(source)) packet.set(ipv4Octets(source), 12);
    else packet.set(ipv6Octets(source), 8);
    return packet;
  };
  const ask = (source: string, monotonicMs: number, octets = 60) => {
    const packet = packetFrom(source).subarray(0, octets);
    return homeAgent.handle(
      { kind: "unboundTraffic", outer: NAT, encapsulation: "udp", packet },
      at(monotonicMs),
    );
  };
  for (const [index, source] of [HOME_ADDRESS, "2001:db8:200:ff::9", "10.1.0.25", "10.1.0.1"].entries()) {
    const { message, destination } = sent(ask(source, index * 10_000));
    assertEquals([message.destination, destination], [HOME_ADDRESS, NAT.address], source);
    const expected = { kind: "bindingError", status: 1, homeAddress: HOME_ADDRESS, options: [] } as const;
    assertEquals(message.header.message, expected, source);
  }
  for (const source of ["2001:db8:200:100::9", "10.1.1.25", "2001:db8:100::101"]) {
    assertEquals(ask(source, 60_000), []);
  }
  assertEquals(ask("10.1.0.25", 60_000, 19), []);
  assertEquals(ask(HOME_ADDRESS, 60_000, 39), []);
});

Deno.test("RFC 6275 9.3.3: where nobody needs a key, traffic of any home address is answered, and no other", () => {
  const homeAgent = newHomeAgent({ requireAuthentication: false, mobileNodes: [] });
  const ask = (source: string) => {
    const packet = new Uint8Array(60);
    packet[0] = 0x60;
    packet.set(ipv6Octets(source), 8);
    return homeAgent.handle({ kind: "unboundTraffic", outer: NAT, encapsulation: "udp", packet }, at(0));
  };
  assertEquals(sent(ask("2001:db8:100::77")).message.destination, "2001:db8:100::77");
  for (const source of ["2001:db8:200::77", HOME_AGENT]) {
    assertEquals(ask(source), [], source);
  }
});

Deno.test("RFC 6275 9.2 M-186, 9.3.3 M-207: an unknown mobility header type is answered with Binding Error 2", () => {
  const homeAgent = newHomeAgent();
  const update = newMobileNode().handle(careOf(PUBLIC), at(0));
  const event = fromOuter(update, PUBLIC, 4191);
  const unknown = event.packet.slice();
  // Type 5 becomes 200; the checksum follows (one's complement: subtract the difference).
  const type = 42, checksum = 44;
  const before = (unknown[type] << 8) | unknown[type + 1];
  unknown[type] = 200;
  const after = (unknown[type] << 8) | unknown[type + 1];
  let sum = (((unknown[checksum] << 8) | unknown[checksum + 1]) ^ 0xffff) + after + (before ^ 0xffff);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = ((sum & 0xffff) + (sum >> 16)) ^ 0xffff;
  unknown[checksum] = sum >> 8;
  unknown[checksum + 1] = sum & 0xff;
  const answer = sent(homeAgent.handle({ ...event, packet: unknown }, at(0)));
  assertEquals(answer.destination, PUBLIC);
  assertEquals(answer.message.header.message, {
    kind: "bindingError",
    status: 2,
    homeAddress: "::",
    options: [],
  });
});

Deno.test("running open: any address of the home prefix, unless its node has a key", () => {
  const homeAgent = newHomeAgent({ requireAuthentication: false });
  const open = { sealWith: undefined, identity: undefined, timestamp: undefined };
  const answer = sentAcknowledgement(receive(homeAgent, { ...open, homeAddress: "2001:db8:100::77" }));
  assertEquals([answer.status, findOption(answer.options, "messageAuthentication")], [0, undefined]);
  assertEquals(ofKind(receive(homeAgent, open), "sendSignalling"), []);
  assertEquals(homeAgent.bindings(at(0)).map((binding) => binding.homeAddress), ["2001:db8:100::77"]);
});
