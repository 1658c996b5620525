/** Where packets of a flow are sent from, or where they arrive. */
export interface FlowEnd {
  /** The network namespace, as `ip netns` knows it. */
  readonly namespace: string;
  /** IPv4 or IPv6. */
  readonly address: string;
  /** UDP. One socket serves every flow that begins or ends at a port of a namespace. */
  readonly port: number;
}

/** One direction of traffic. Its number is its place in the plan. */
export interface PlannedFlow {
  readonly from: FlowEnd;
  readonly to: FlowEnd;
}

/** What the program `lab mesh` is told: all flows of a run. */
export interface MeshPlan {
  readonly flows: readonly PlannedFlow[];
  readonly intervalMs: number;
}

/** Both directions between two ends: the flows with an even and with the following number. */
export function bothWays(one: FlowEnd, other: FlowEnd): [PlannedFlow, PlannedFlow] {
  return [{ from: one, to: other }, { from: other, to: one }];
}
