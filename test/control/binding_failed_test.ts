import { assertEquals } from "@std/assert";
import { bindingFailure } from "../../core/control/binding_failure.ts";
import type { HomeAgentAction } from "../../core/control/action.ts";
import { HOME_ADDRESS, newHomeAgent, ofKind, receive, security, sentAcknowledgement } from "./script.ts";
import { at } from "./script.ts";

/** A binding that the data path or the kernel refuses: docs/recovery.md. */

const FAILED = { kind: "bindingFailed", homeAddress: HOME_ADDRESS } as const;
const ROUTER = {
  homeLink: true,
  mobileNodes: [{
    identity: "mn1@example.org",
    homeAddress: HOME_ADDRESS,
    security,
    mobileNetworkPrefixes: [{ address: "2001:db8:200::", length: 64 }],
    ipv4HomeAddress: { address: "192.0.2.100", prefixLength: 32 },
  }],
  ipv4HomePrefix: { address: "192.0.2.0", length: 24 },
};

function kinds(actions: readonly HomeAgentAction[]): string[] {
  return actions.map(({ kind }) => kind).filter((kind) => kind !== "report");
}

Deno.test("RFC 6275 10.3.1 M-267: the binding is made before its acknowledgement goes out, and before it is logged", () => {
  const actions = receive(newHomeAgent());
  assertEquals(actions.map(({ kind }) => kind), ["setBinding", "report", "sendSignalling"]);
});

Deno.test("RFC 6275 10.3.1 M-267: what cannot be bound is refused with status 130, and nothing of it stays", () => {
  const homeAgent = newHomeAgent();
  receive(homeAgent, { sequenceNumber: 7 });
  const actions = homeAgent.handle(FAILED, at(1));
  assertEquals(kinds(actions), ["removeBinding", "sendSignalling"]);
  const { status, sequenceNumber, lifetimeSeconds } = sentAcknowledgement(actions);
  assertEquals([status, sequenceNumber, lifetimeSeconds], [130, 7, 0]);
  assertEquals([homeAgent.bindings(at(1)), homeAgent.nextDeadline()], [[], undefined]);
  const again = receive(homeAgent, { sequenceNumber: 8 }, 60_000);
  assertEquals([kinds(again), sentAcknowledgement(again).status], [["setBinding", "sendSignalling"], 0]);
});

Deno.test("a binding that cannot be moved is gone: its mobile node has left there", () => {
  const homeAgent = newHomeAgent();
  receive(homeAgent);
  receive(homeAgent, { sequenceNumber: 2, careOfAddress: "198.51.100.8" }, 1000);
  const actions = homeAgent.handle(FAILED, at(1001));
  assertEquals([kinds(actions), sentAcknowledgement(actions).status], [
    ["removeBinding", "sendSignalling"],
    130,
  ]);
  assertEquals(ofKind(actions, "sendSignalling")[0].destination, "198.51.100.8");
  assertEquals(homeAgent.hasBinding(HOME_ADDRESS), false);
});

Deno.test("on a home link, what was intercepted is given back, the IPv4 home address, too", () => {
  const homeAgent = newHomeAgent(ROUTER);
  const ipv4 = {
    kind: "ipv4HomeAddress",
    prefixLength: 32,
    requestPrefix: false,
    homeAddress: "192.0.2.100",
  } as const;
  receive(homeAgent, { more: [ipv4] });
  const made = homeAgent.handle(
    { kind: "homeAddressProbed", homeAddress: HOME_ADDRESS, duplicate: false },
    at(1000),
  );
  assertEquals(kinds(made), [
    "setBinding",
    "interceptHomeAddress",
    "interceptIpv4HomeAddress",
    "sendSignalling",
  ]);
  const actions = homeAgent.handle(FAILED, at(1001));
  const undone = ["removeBinding", "releaseHomeAddress", "releaseIpv4HomeAddress", "sendSignalling"];
  assertEquals([kinds(actions), sentAcknowledgement(actions).status], [undone, 130]);
});

Deno.test("prefixes that were delegated and cannot be routed: the binding goes, and nobody is answered", () => {
  const homeAgent = newHomeAgent({ ...ROUTER, homeLink: false });
  receive(homeAgent, { mobileRouter: true });
  const prefixes = [{ address: "2001:db8:f00::", length: 64 }];
  const bound = homeAgent.handle(
    { kind: "delegatedPrefixes", homeAddress: HOME_ADDRESS, prefixes },
    at(1000),
  );
  assertEquals(kinds(bound), ["setBinding"]);
  assertEquals(kinds(homeAgent.handle(FAILED, at(1001))), ["removeBinding"]);
});

Deno.test("a failure is of the last event only, and of a binding that is there", () => {
  const homeAgent = newHomeAgent();
  assertEquals(homeAgent.handle(FAILED, at(0)), []);
  receive(homeAgent);
  homeAgent.handle({ kind: "deadline" }, at(1));
  assertEquals(kinds(homeAgent.handle(FAILED, at(2))), ["removeBinding"]);
});

Deno.test("a failure ends what was to be done for its own binding, and goes on with others'", () => {
  const [failed, said, answer] = receive(newHomeAgent());
  const other = { kind: "removeBinding", homeAddress: "2001:db8:100::101", prefixes: [] } as const;
  assertEquals(bindingFailure(failed, [said, answer]), { event: FAILED, rest: [] });
  assertEquals(bindingFailure(failed, [said, other, said]), { event: FAILED, rest: [other, said] });
  for (const harmless of [said, answer, other]) assertEquals(bindingFailure(harmless, [answer]), undefined);
});
