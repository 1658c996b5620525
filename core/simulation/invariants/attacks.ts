import type { BindingStatus } from "../machine.ts";
import { InvariantBroken, type Watcher } from "../watcher.ts";

/** Nothing that an attacker or a node without the right key sends changes a binding. */
export function attacksChangeNoBinding(): Watcher {
  return {
    homeAgentHandled({ cause, before, after }) {
      if (cause === undefined || cause.origin.kind === "homeAgent") return;
      if (cause.origin.kind === "mobileNode" && cause.origin.authentic) return;
      if (bindingsText(before) === bindingsText(after)) return;
      const who = cause.origin.kind === "attacker" ? cause.origin.deed : cause.origin.name;
      throw new InvariantBroken(
        cause.origin.kind === "attacker" && who.includes("replay")
          ? "a replay changes no binding"
          : "a forgery changes no binding",
        `${who}: ${bindingsText(before)} became ${bindingsText(after)}`,
      );
    },
  };
}

/** Nothing that an attacker makes up takes a mobile node's registration away or gives it one. */
export function attacksChangeNoRegistration(): Watcher {
  return {
    mobileNodeHandled({ host, event, cause, before, after, actions }) {
      if (event.kind !== "signalling" || cause?.origin.kind !== "attacker") return;
      // A replayed answer may be the first copy to arrive: then it is the home agent's word.
      if (cause.origin.deed.includes("replay")) return;
      const changed = actions.some((action) => action.kind === "setTunnel" || action.kind === "clearTunnel");
      if (before.state === after.state && before.remainingSeconds === after.remainingSeconds && !changed) {
        return;
      }
      throw new InvariantBroken(
        "a forgery changes no registration",
        `${host.name}, ${cause.origin.deed}: ${before.state} became ${after.state}`,
      );
    },
  };
}

/** All but the lifetime that is left, of what is still bound. */
function bindingsText(bindings: readonly BindingStatus[]): string {
  const texts = bindings.filter((binding) => binding.remainingSeconds > 0).map((binding) =>
    `${binding.homeAddress} at ${binding.careOfAddress}:${binding.port} ${binding.encapsulation} ` +
    `sequence ${binding.sequenceNumber} until ${binding.remainingSeconds}`
  );
  return texts.sort().join(", ") || "none";
}
