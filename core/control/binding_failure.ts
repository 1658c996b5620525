import type { HomeAgentAction } from "./action.ts";
import type { HomeAgentEvent } from "./event.ts";

/** What becomes of an event's actions after one of them could not be performed. */
export interface BindingFailure {
  /** For the home agent, before any other event. */
  readonly event: HomeAgentEvent;
  /** What is to be performed after that: of other bindings. */
  readonly rest: readonly HomeAgentAction[];
}

/**
 * A binding that has no place in the data path, no route or nobody to defend it is no binding: nothing more is done for it, and
 * no acknowledgement goes out. Undefined for actions that no binding depends on.
 * @param rest the actions that were to come after the failed one
 */
export function bindingFailure(
  failed: HomeAgentAction,
  rest: readonly HomeAgentAction[],
): BindingFailure | undefined {
  switch (failed.kind) {
    case "setBinding":
    case "interceptHomeAddress":
    case "interceptIpv4HomeAddress": {
      const { homeAddress } = failed;
      const next = rest.findIndex((action) => "homeAddress" in action && action.homeAddress !== homeAddress);
      return { event: { kind: "bindingFailed", homeAddress }, rest: next < 0 ? [] : rest.slice(next) };
    }
  }
}
