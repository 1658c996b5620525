import type { Scenario } from "../scenario.ts";
import * as beginning from "./beginning.ts";
import * as disturbances from "./disturbances.ts";
import * as ending from "./ending.ts";
import * as traffic from "./traffic_checks.ts";

export const publicScenario: Scenario = {
  name: "public",
  summary: "an IPv4-only access network with public addresses: data as protocol 41",
  behindNat: false,
  steps: [
    beginning.buildNetwork,
    beginning.giveAddresses,
    beginning.startHomeAgent,
    beginning.registerMobileNode,
    traffic.pingBothWays,
    traffic.flowBothWays,
    traffic.transferOverTcp,
    disturbances.refuseWrongKey,
    beginning.registerSecondMobileNode,
    disturbances.restartHomeAgent,
    disturbances.restartMobileNode,
    ending.deregister,
    ending.lookForLeftovers,
    ending.readTheWire,
  ],
};
