import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { HomeAgentTurns } from "../../core/control/home_agent_turns.ts";

const FIRST = "2001:db8:100::1";
const SECOND = "2001:db8:100::2";
const THIRD = "2001:db8:100::3";

/** Whose turn it is after each of these failures. */
function turnsAfter(
  turns: HomeAgentTurns,
  failures: readonly Parameters<HomeAgentTurns["fails"]>[0][],
): string[] {
  return failures.map((failure) => {
    if (turns.fails(failure)) turns.goOn();
    return turns.current;
  });
}

Deno.test("RFC 6275 11.4.1 M-394 M-396, 11.7.1 M-471: the home agents of the answer are kept, and have their turns when one is silent or refuses", () => {
  const turns = new HomeAgentTurns([FIRST, SECOND, THIRD]);
  assertEquals(turns.current, FIRST);
  assertEquals(turnsAfter(turns, ["silent", "refused", "silent", "refused"]), [SECOND, THIRD, FIRST, SECOND]);
  assertEquals(turns.allRefuseMobileRouter, false);
});

Deno.test("RFC 6275 11.7.1: with one home agent the mobile node stays there", () => {
  const turns = new HomeAgentTurns([FIRST]);
  assertEquals(turnsAfter(turns, ["silent", "refused", "mobileRouterRefused"]), [FIRST, FIRST, FIRST]);
});

Deno.test("RFC 3963 5.4.2 N-014 N-016: a mobile router that is refused as one asks the others, each once", () => {
  const turns = new HomeAgentTurns([FIRST, SECOND, THIRD]);
  const refused = "mobileRouterRefused";
  assertEquals(turnsAfter(turns, [refused, refused]), [SECOND, THIRD]);
  assertEquals(turns.allRefuseMobileRouter, false);
  assertEquals(turnsAfter(turns, [refused]), [THIRD], "its home address alone, here");
  assertEquals(turns.allRefuseMobileRouter, true, "N-015: none is asked with the R flag again");
});

Deno.test("who is refused as a mobile router by all that answer stays, though others are silent", () => {
  const turns = new HomeAgentTurns([FIRST, SECOND, THIRD]);
  const refused = "mobileRouterRefused";
  assertEquals(turnsAfter(turns, [refused, "silent", refused]), [SECOND, THIRD, FIRST]);
  assertEquals(turnsAfter(turns, [refused]), [FIRST]);
  assertEquals(turns.allRefuseMobileRouter, false, "the second may be a home agent for mobile routers yet");
  assertEquals(turnsAfter(turns, ["silent"]), [SECOND]);
});

Deno.test("any story: it does not leave home agents that answer for ever", () => {
  const answers = fc.array(fc.constantFrom("mobileRouterRefused", "silent"), { minLength: 1, maxLength: 6 });
  fc.assert(fc.property(answers, (byHomeAgent) => {
    const turns = new HomeAgentTurns(byHomeAgent.map((_, index) => `2001:db8:100::${index + 1}`));
    let stays = false;
    for (let i = 0; i < 2 * byHomeAgent.length && !stays; i++) {
      const index = Number(turns.current.split("::")[1]) - 1;
      const failure = byHomeAgent[index] as "mobileRouterRefused" | "silent";
      stays = !turns.fails(failure) && failure === "mobileRouterRefused";
      if (!stays) turns.goOn();
    }
    assertEquals(stays, byHomeAgent.includes("mobileRouterRefused"));
  }));
});
