import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { AskedPrefixes } from "../../core/control/asked_prefixes.ts";
import {
  at,
  fromIpv6,
  HOME_ADDRESS,
  IDENTITY,
  newHomeAgent,
  newMobileNode,
  ofKind,
  registerOverIpv6,
  security,
} from "./script.ts";

const prefixes = Array.from({ length: 8 }, (_, index) => ({ address: `2001:db8:20${index}::`, length: 64 }));
const [ONE, FOREIGN, TWO] = prefixes;

Deno.test("RFC 3963 5.4.2: whatever a home agent takes is found, with an update for each prefix and two more", () => {
  const sets = fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { maxLength: 8 });
  fc.assert(fc.property(sets, sets, (asked, allowed) => {
    const trial = new AskedPrefixes(asked.map((index) => prefixes[index]));
    const isTaken = () => trial.current.every((prefix) => allowed.includes(prefixes.indexOf(prefix)));
    const refused: unknown[] = [];
    let updates = 0;
    for (let isMore = true; isMore;) {
      assert(++updates <= asked.length + 2);
      if (isTaken()) isMore = trial.take();
      else {
        const answer = trial.refuse();
        if (answer.refused !== undefined) refused.push(answer.refused);
        isMore = answer.isAnyLeft;
      }
    }
    const expected = asked.filter((index) => allowed.includes(index)).map((index) => prefixes[index]);
    assertEquals(trial.current, expected);
    assertEquals(refused.length, asked.length - expected.length);
  }));
});

Deno.test("RFC 3963 5.4.2: a refused prefix leaves the others working, also one that is refused later", () => {
  const mine = { identity: IDENTITY, homeAddress: HOME_ADDRESS, security };
  const homeAgentOf = (mobileNetworkPrefixes: typeof prefixes) =>
    newHomeAgent({ mobileNodes: [{ ...mine, mobileNetworkPrefixes }] });
  const mobileNode = newMobileNode({ mobileNetworkPrefixes: [ONE, FOREIGN, TWO] });
  let homeAgent = homeAgentOf([ONE, TWO]);
  let { result } = registerOverIpv6(mobileNode, homeAgent, "2001:db8:f::7");
  const told = [...result];
  /** Exchanges updates and answers until there are no more. */
  const goOn = (startMs: number) => {
    for (let step = 1; ofKind(result, "sendPacket").length > 0; step++) {
      const now = at(startMs + 1000 * step);
      const answer = homeAgent.handle(fromIpv6(result), now);
      result = mobileNode.handle(fromIpv6(answer), now);
      told.push(...result);
    }
  };
  goOn(0);
  const status = () => {
    const { state, mobileNetworkPrefixes } = mobileNode.status(at(5000));
    return [state, mobileNetworkPrefixes];
  };
  assertEquals(status(), ["registered", [ONE, TWO]]);
  assertEquals(homeAgent.bindings(at(5000))[0].mobileNetworkPrefixes, [ONE, TWO]);
  const networks = ofKind(told, "setMobileNetworks");
  assertEquals(networks.map((action) => action.prefixes), [[ONE, TWO]], "told once, at the end");
  const errors = ofKind(told, "report").filter(({ level }) => level === "error");
  assertEquals(errors.map(({ details }) => details.prefix), ["2001:db8:201::/64"]);
  assertEquals(ofKind(told, "homeAgentFails"), []);

  // The administrator takes another one away; the home agent begins anew.
  homeAgent = homeAgentOf([TWO]);
  result = mobileNode.handle({ kind: "deadline" }, at(330_000));
  goOn(330_000);
  assertEquals(homeAgent.bindings(at(335_000))[0].mobileNetworkPrefixes, [TWO]);
  assertEquals(mobileNode.status(at(335_000)).mobileNetworkPrefixes, [TWO]);
});

Deno.test("RFC 3963 5.4.2: an old refusal that comes twice costs no other prefix", () => {
  const mobileNode = newMobileNode({ mobileNetworkPrefixes: [ONE, FOREIGN, TWO] });
  const mine = { identity: IDENTITY, homeAddress: HOME_ADDRESS, security, mobileNetworkPrefixes: [ONE, TWO] };
  const homeAgent = newHomeAgent({ mobileNodes: [mine] });
  const { answer, result } = registerOverIpv6(mobileNode, homeAgent, "2001:db8:f::7");
  const again = mobileNode.handle(fromIpv6(answer), at(11));
  assertEquals(again.map(({ kind }) => kind), ["report"]);
  const taken = homeAgent.handle(fromIpv6(result), at(400));
  const next = mobileNode.handle(fromIpv6(taken), at(401));
  assertEquals(ofKind(next, "sendPacket").length, 1, "goes on with the next prefix");
  assertEquals(homeAgent.bindings(at(402))[0].mobileNetworkPrefixes, [ONE]);
});
