import { assert, assertEquals } from "@std/assert";
import type { HomeAgentAction } from "../../core/control/action.ts";
import { verifyMobilityHeader } from "../../core/control/authentication.ts";
import type { ChangeableSettings, HomeAgentSettings, MobileNodeEntry } from "../../core/control/settings.ts";
import { findOption } from "../../core/wire/mobility_option.ts";
import {
  at,
  careOf,
  fromOuter,
  hmac,
  HOME_ADDRESS,
  homeAgentSettings,
  IDENTITY,
  mobileNodeSettings,
  newHomeAgent,
  newMobileNode,
  ofKind,
  receive,
  register,
  security,
  sent,
  sentAcknowledgement,
  sentUpdate,
} from "./script.ts";

/** A configuration that has changed while bindings stand. */

const COA = "198.51.100.7";
const NODE: MobileNodeEntry = {
  identity: IDENTITY,
  homeAddress: HOME_ADDRESS,
  security,
  mobileNetworkPrefixes: [],
};
const NETWORKS = ["2001:db8:200::", "2001:db8:201::"].map((address) => ({ address, length: 64 }));
const NEW_KEY = { ...security, spi: 1001, key: new Uint8Array(32).fill(9) };

function reconfigured(changes: Partial<HomeAgentSettings>) {
  return { kind: "reconfigured", settings: homeAgentSettings(changes) } as const;
}

function kinds(actions: readonly HomeAgentAction[]): string[] {
  return actions.map(({ kind }) => kind).filter((kind) => kind !== "report");
}

Deno.test("reconfigured: the binding of a mobile node that is gone goes, on the home link, too", () => {
  const withLink = { homeLink: true };
  const homeAgent = newHomeAgent(withLink);
  receive(homeAgent);
  homeAgent.handle({ kind: "homeAddressProbed", homeAddress: HOME_ADDRESS, duplicate: false }, at(10));
  assert(homeAgent.hasBinding(HOME_ADDRESS));
  assertEquals(kinds(homeAgent.handle(reconfigured(withLink), at(20))), []);
  const actions = homeAgent.handle(reconfigured({ ...withLink, mobileNodes: [] }), at(30));
  assertEquals(kinds(actions), ["removeBinding", "releaseHomeAddress", "sendSignalling"]);
  assert(!homeAgent.hasBinding(HOME_ADDRESS));
  assertEquals(kinds(receive(homeAgent, { sequenceNumber: 2 }, 40)), []);
});

Deno.test("reconfigured: another identity has the home address, so that the binding goes", () => {
  const homeAgent = newHomeAgent();
  receive(homeAgent);
  const mobileNodes = [{ ...NODE, identity: "mn2@example.org" }];
  assertEquals(kinds(homeAgent.handle(reconfigured({ mobileNodes }), at(10))), [
    "removeBinding",
    "sendSignalling",
  ]);
});

Deno.test("reconfigured: what waits for duplicate address detection is forgotten with its mobile node", () => {
  const homeAgent = newHomeAgent({ homeLink: true });
  receive(homeAgent);
  homeAgent.handle(reconfigured({ homeLink: true, mobileNodes: [] }), at(10));
  const late = homeAgent.handle(
    { kind: "homeAddressProbed", homeAddress: HOME_ADDRESS, duplicate: false },
    at(20),
  );
  assertEquals(late, []);
});

Deno.test("reconfigured: a mobile node that comes back is not believed what it said before", () => {
  const homeAgent = newHomeAgent();
  receive(homeAgent, {}, 1000);
  homeAgent.handle(reconfigured({ mobileNodes: [] }), at(1500));
  homeAgent.handle(reconfigured({}), at(2000));
  const replayed = receive(homeAgent, {}, 1000);
  assertEquals(sentAcknowledgement(replayed).status, 144);
  assert(!homeAgent.hasBinding(HOME_ADDRESS));
  assertEquals(sentAcknowledgement(receive(homeAgent, { sequenceNumber: 2 }, 3000)).status, 0);
});

Deno.test("reconfigured: another key counts from now on, and the binding stays", () => {
  const homeAgent = newHomeAgent();
  receive(homeAgent);
  assertEquals(homeAgent.handle(reconfigured({ mobileNodes: [{ ...NODE, security: NEW_KEY }] }), at(10)), []);
  assert(homeAgent.hasBinding(HOME_ADDRESS));
  assertEquals(kinds(receive(homeAgent, { sequenceNumber: 2 }, 1000)), []);
  assertEquals(
    sentAcknowledgement(receive(homeAgent, { sequenceNumber: 3, sealWith: NEW_KEY }, 2000)).status,
    0,
  );
});

Deno.test("RFC 4285 5.1: while keys are rolled both are taken, and the answer is proven with the one that the update used", () => {
  const homeAgent = newHomeAgent({
    mobileNodes: [{ ...NODE, security: NEW_KEY, previousSecurity: security }],
  });
  for (const [sequenceNumber, key] of [[1, security], [2, NEW_KEY], [3, security]] as const) {
    const answer = receive(homeAgent, { sequenceNumber, sealWith: key }, 1000 * sequenceNumber);
    const { header, mobilityHeader } = sent(answer).message;
    assertEquals(sentAcknowledgement(answer).status, 0);
    const addresses = { careOfAddress: COA, homeAddress: HOME_ADDRESS };
    assert(verifyMobilityHeader(mobilityHeader, header, key, addresses, hmac));
    assertEquals(homeAgent.bindings(at(0))[0].spi, key.spi);
  }
  // The SPI of one with the key of the other proves nothing.
  const mixed = receive(homeAgent, { sequenceNumber: 4, sealWith: { ...NEW_KEY, spi: security.spi } }, 4000);
  assertEquals(sentAcknowledgement(mixed).status, 146);
  homeAgent.handle(reconfigured({ mobileNodes: [{ ...NODE, security: NEW_KEY }] }), at(4500));
  assertEquals(kinds(receive(homeAgent, { sequenceNumber: 5 }, 5000)), []);
});

Deno.test("reconfigured: a mobile router loses the prefix that is not its own any more, and keeps the other", () => {
  const router = { ...NODE, mobileNetworkPrefixes: NETWORKS };
  const homeAgent = newHomeAgent({ mobileNodes: [router] });
  receive(homeAgent, { mobileRouter: true });
  const mobileNodes = [{ ...router, mobileNetworkPrefixes: NETWORKS.slice(1) }];
  const [binding] = ofKind(homeAgent.handle(reconfigured({ mobileNodes }), at(10)), "setBinding");
  assertEquals(binding.prefixes, NETWORKS.slice(1));
  assertEquals(homeAgent.bindings(at(20))[0].mobileNetworkPrefixes, NETWORKS.slice(1));
});

Deno.test("reconfigured: a mobile router that may have a part of its prefix from now on does not keep the whole", () => {
  const [part] = NETWORKS;
  const router = { ...NODE, mobileNetworkPrefixes: [{ ...part, length: 56 }] };
  const homeAgent = newHomeAgent({ mobileNodes: [router] });
  receive(homeAgent, { mobileRouter: true });
  const mobileNodes = [{ ...router, mobileNetworkPrefixes: [part] }];
  const [binding] = ofKind(homeAgent.handle(reconfigured({ mobileNodes }), at(10)), "setBinding");
  assertEquals(binding.prefixes, []);
});

Deno.test("reconfigured: an address of the pool that another mobile node is given as its own is taken back", () => {
  const pool = {
    ipv4HomePrefix: { address: "192.0.2.0", length: 24 },
    ipv4Pool: { address: "192.0.2.128", length: 25 },
  };
  const other = { ...NODE, identity: "mn2@example.org", homeAddress: "2001:db8:100::200", security: NEW_KEY };
  const homeAgent = newHomeAgent({ ...pool, mobileNodes: [NODE, other] });
  const any = {
    kind: "ipv4HomeAddress",
    prefixLength: 32,
    requestPrefix: false,
    homeAddress: "0.0.0.0",
  } as const;
  const answer = receive(homeAgent, { more: [any] });
  const address = findOption(sentAcknowledgement(answer).options, "ipv4AddressAcknowledgement")!.homeAddress;
  const mobileNodes = [NODE, { ...other, ipv4HomeAddress: { address, prefixLength: 32 } }];
  const [binding] = ofKind(homeAgent.handle(reconfigured({ ...pool, mobileNodes }), at(10)), "setBinding");
  assertEquals(binding.ipv4HomeAddresses, []);
  const next = receive(homeAgent, { sequenceNumber: 2, more: [any] }, 1000);
  const another = findOption(sentAcknowledgement(next).options, "ipv4AddressAcknowledgement")!;
  assertEquals(another.status, 0);
  assert(another.homeAddress !== address);
});

Deno.test("reconfigured: lifetimes are granted as the new configuration says", () => {
  const homeAgent = newHomeAgent();
  homeAgent.handle(reconfigured({ maximumLifetimeSeconds: 60 }), at(0));
  assertEquals(sentAcknowledgement(receive(homeAgent, {}, 10)).lifetimeSeconds, 60);
});

function changed(changes: Partial<ChangeableSettings>) {
  const { lifetimeSeconds, firstTimeoutMs, forceUdp, keepaliveSeconds, prefer } = mobileNodeSettings();
  const settings = {
    security,
    lifetimeSeconds,
    firstTimeoutMs,
    forceUdp,
    keepaliveSeconds,
    prefer,
    ...changes,
  };
  return { kind: "reconfigured", settings } as const;
}

Deno.test("reconfigured: a mobile node proves itself with its new key at once, and the tunnel stays", () => {
  const mobileNode = newMobileNode();
  const homeAgent = newHomeAgent();
  register(mobileNode, homeAgent, COA);
  homeAgent.handle(reconfigured({ mobileNodes: [{ ...NODE, security: NEW_KEY }] }), at(20));
  const update = mobileNode.handle(changed({ security: NEW_KEY, lifetimeSeconds: 60 }), at(2000));
  assertEquals(ofKind(update, "clearTunnel"), []);
  assertEquals(sentUpdate(update).lifetimeSeconds, 60);
  const answer = homeAgent.handle(fromOuter(update, COA, 4191), at(2010));
  assertEquals(sentAcknowledgement(answer).status, 0);
  mobileNode.handle(fromOuter(answer, "203.0.113.1", 4191), at(2020));
  assertEquals(mobileNode.status(at(2020)).lifetimeSeconds, 60);
});

Deno.test("reconfigured: a mobile node that was refused asks again at once", () => {
  const mobileNode = newMobileNode();
  const homeAgent = newHomeAgent({ homePrefix: { address: "2001:db8:999::", length: 64 } });
  register(mobileNode, homeAgent, COA);
  assertEquals(mobileNode.status(at(20)).state, "refused");
  assertEquals(sent(mobileNode.handle(changed({}), at(2000))).message.header.message.kind, "bindingUpdate");
});

Deno.test("reconfigured: another family is preferred from now on", () => {
  const mobileNode = newMobileNode();
  mobileNode.handle(careOf("2001:db8:f::7"), at(0));
  const both = [...careOf("2001:db8:f::7").candidates, ...careOf(COA).candidates];
  mobileNode.handle({ kind: "careOfAddresses", candidates: both }, at(10));
  assertEquals(mobileNode.status(at(20)).careOfAddress, "2001:db8:f::7");
  const moved = mobileNode.handle(changed({ prefer: "ipv4" }), at(2000));
  assertEquals(ofKind(moved, "useCareOfAddress")[0].candidate?.address, COA);
});

Deno.test("reconfigured: a mobile node without a care-of address has nothing to say", () => {
  assertEquals(newMobileNode().handle(changed({ security: NEW_KEY }), at(0)), []);
});

Deno.test("reconfigured: a mobile node that de-registers goes on so, with its new key", () => {
  const mobileNode = newMobileNode();
  const homeAgent = newHomeAgent({ mobileNodes: [{ ...NODE, security: NEW_KEY }] });
  mobileNode.handle(careOf(COA), at(0));
  mobileNode.handle({ kind: "stop" }, at(2000));
  const update = mobileNode.handle(changed({ security: NEW_KEY }), at(4000));
  assertEquals([sentUpdate(update).lifetimeSeconds, mobileNode.status(at(4000)).state], [0, "deregistering"]);
  assertEquals(sentAcknowledgement(homeAgent.handle(fromOuter(update, COA, 4191), at(4010))).status, 133);
});
