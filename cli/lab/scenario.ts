import type { Stage } from "./scenarios/stage.ts";

/** One thing that a scenario does, shown to the user as it happens. */
export interface Step {
  /** What happens, for people: "A DHCP server gives the mobile nodes their addresses". */
  readonly title: string;
  run(stage: Stage): Promise<void>;
}

export interface Scenario {
  readonly name: "public" | "nat";
  readonly summary: string;
  /** Whether the access network hides its mobile nodes behind a NAT. */
  readonly behindNat: boolean;
  readonly steps: readonly Step[];
}
