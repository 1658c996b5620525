import type { HomeAgentAction } from "../control/action.ts";
import type { OuterSource } from "../control/outer_source.ts";
import type { Ipv6Address } from "../wire/address.ts";
import type { BindingUpdate } from "../wire/mobility_message.ts";
import { type OuterPacket, Signalling } from "./packet.ts";

/** A Binding Update that the home agent has accepted, read from what went over the wire. */
export interface AcceptedUpdate {
  readonly homeAddress: Ipv6Address;
  readonly outer: OuterSource;
  readonly update: BindingUpdate;
  /** As granted; 0 after a de-registration. */
  readonly lifetimeSeconds: number;
}

/** The update that a packet brought, if the actions that answer it say that it is accepted. */
export function acceptedUpdate(
  cause: OuterPacket,
  actions: readonly HomeAgentAction[],
): AcceptedUpdate | undefined {
  const update = bindingUpdateIn(cause);
  if (update === undefined) return undefined;
  for (const action of actions) {
    if (action.kind !== "sendSignalling") continue;
    const answer = new Signalling(action.packet).decode();
    const message = answer.ok ? answer.value.header.message : undefined;
    if (message?.kind !== "bindingAcknowledgement" || message.status >= 128) continue;
    const { lifetimeSeconds } = message;
    const outer = { address: cause.source, port: cause.sourcePort };
    return { homeAddress: update.homeAddress, outer, update: update.message, lifetimeSeconds };
  }
  return undefined;
}

/** The Binding Update in a packet, if there is one, and the home address that it is for. */
export function bindingUpdateIn(
  { payload }: OuterPacket,
): { homeAddress: Ipv6Address; message: BindingUpdate } | undefined {
  const decoded = payload.kind === "signalling" ? payload.decode() : undefined;
  if (!decoded?.ok || decoded.value.header.message.kind !== "bindingUpdate") return undefined;
  return { homeAddress: decoded.value.source, message: decoded.value.header.message };
}
