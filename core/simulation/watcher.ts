import type { HomeAgentAction, MobileNodeAction } from "../control/action.ts";
import type { HomeAgentEvent, MobileNodeEvent } from "../control/event.ts";
import type { Now } from "../control/now.ts";
import type { AcceptedUpdate } from "./exchange.ts";
import type { BindingStatus, MobileNodeStatus } from "./machine.ts";
import type { MobileHost } from "./mobile_host.ts";
import type { OuterPacket } from "./packet.ts";

/** One event that the home agent has handled, its actions performed. */
export interface HomeAgentStep {
  readonly event: HomeAgentEvent;
  /** The packet that brought the event, if one did. */
  readonly cause: OuterPacket | undefined;
  readonly actions: readonly HomeAgentAction[];
  /** What the event's Binding Update did, if it was one and was accepted. */
  readonly accepted: AcceptedUpdate | undefined;
  readonly before: readonly BindingStatus[];
  readonly after: readonly BindingStatus[];
  readonly nextDeadlineMs: number | undefined;
  readonly now: Now;
}

/** One event that a mobile node has handled, its actions performed. */
export interface MobileNodeStep {
  readonly host: MobileHost;
  readonly event: MobileNodeEvent;
  readonly cause: OuterPacket | undefined;
  readonly actions: readonly MobileNodeAction[];
  readonly before: MobileNodeStatus;
  readonly after: MobileNodeStatus;
  readonly nextDeadlineMs: number | undefined;
  readonly now: Now;
}

/** Looks on at a world. A method that finds something wrong throws InvariantBroken. */
export interface Watcher {
  homeAgentHandled?(step: HomeAgentStep): void;
  mobileNodeHandled?(step: MobileNodeStep): void;
  /** `cause`: the packet that is being answered, or undefined for data and what time alone brings. */
  homeAgentSent?(packet: OuterPacket, cause: OuterPacket | undefined): void;
  mobileNodeSent?(host: MobileHost, packet: OuterPacket): void;
  homeAgentRestarted?(): void;
  /** After every event of the world, whatever it was. */
  afterEvent?(): void;
}

/** An invariant does not hold: the machines (or the simulator) are wrong. */
export class InvariantBroken extends Error {
  constructor(readonly invariant: string, detail: string) {
    super(detail);
    this.name = "InvariantBroken";
  }
}
