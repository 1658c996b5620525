import type { HomeAgentAction, MobileNodeAction } from "../control/action.ts";
import type { HomeAgentEvent, MobileNodeEvent } from "../control/event.ts";
import type { BindingStatus } from "../control/binding_cache.ts";
import { HomeAgent } from "../control/home_agent.ts";
import type { MobileNodeEnvironment } from "../control/binding_update_sender.ts";
import type { EgressAction } from "../control/movement/egress_action.ts";
import type { EgressEvent } from "../control/movement/egress_event.ts";
import {
  type EgressEnvironment,
  EgressInterface,
  type EgressSettings,
} from "../control/movement/egress_interface.ts";
import type { HomeAgentEnvironment } from "../control/update_verifier.ts";
import { MobileNode } from "../control/mobile_node.ts";
import type { MobileNodeStatus } from "../control/mobile_node_status.ts";
import type { Now } from "../control/now.ts";
import type { HomeAgentSettings, MobileNodeSettings } from "../control/settings.ts";

/** What the simulator needs of a home agent: the control part's interface, so that a test can wrap it. */
export interface HomeAgentMachine {
  handle(event: HomeAgentEvent, now: Now): HomeAgentAction[];
  nextDeadline(): number | undefined;
  bindings(now: Now): BindingStatus[];
}

/** What the simulator needs of a mobile node. */
export interface MobileNodeMachine {
  handle(event: MobileNodeEvent, now: Now): MobileNodeAction[];
  nextDeadline(): number | undefined;
  status(now: Now): MobileNodeStatus;
}

/** What the simulator needs of an egress interface. */
export interface EgressMachine {
  handle(event: EgressEvent, now: Now): EgressAction[];
  nextDeadline(): number | undefined;
}

/** Makes the machines of a world; a restart makes a new one. */
export interface Machines {
  homeAgent(settings: HomeAgentSettings, environment: HomeAgentEnvironment): HomeAgentMachine;
  mobileNode(settings: MobileNodeSettings, environment: MobileNodeEnvironment): MobileNodeMachine;
  egress(settings: EgressSettings, environment: EgressEnvironment): EgressMachine;
}

/** The machines that the daemons run. */
export const REAL_MACHINES: Machines = {
  homeAgent: (settings, environment) => new HomeAgent(settings, environment),
  mobileNode: (settings, environment) => new MobileNode(settings, environment),
  egress: (settings, environment) => new EgressInterface(settings, environment),
};

export type { BindingStatus, MobileNodeStatus };
