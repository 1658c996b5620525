import type { Watcher } from "../watcher.ts";
import type { World } from "../world.ts";
import { attacksChangeNoBinding, attacksChangeNoRegistration } from "./attacks.ts";
import {
  acceptedSequenceNumbersIncrease,
  bindingsEndWithTheirLifetime,
  bindingsPointToWhereTheUpdateCameFrom,
  dataPathHoldsTheBindings,
  oneBindingForEachHomeAddress,
  revokedStaysUnbound,
} from "./binding_table.ts";
import { bothEndsHaveOneIpv4HomeAddress, ipv4HomeAddressesAreApart } from "./ipv4_home_addresses.ts";
import { homeAgentSendsOnlyToAuthenticSources } from "./destinations.ts";
import {
  believersAreReachable,
  lifetimesEndAtTheMobileNodeFirst,
  mobileNodesSendWell,
  stateAndTunnelAgree,
  updateRateIsKept,
} from "./mobile_node.ts";
import { actionsAreFew, deadlinesLieAhead } from "./progress.ts";

/**
 * Everything that has to hold after every step. `calmSinceMs` says since when nothing has gone wrong, in
 * virtual milliseconds; Infinity while something does.
 */
export function allInvariants(world: World, calmSinceMs: () => number): Watcher[] {
  return [
    oneBindingForEachHomeAddress(world),
    revokedStaysUnbound(world),
    attacksChangeNoBinding(),
    attacksChangeNoRegistration(),
    dataPathHoldsTheBindings(world),
    bindingsPointToWhereTheUpdateCameFrom(world),
    acceptedSequenceNumbersIncrease(),
    bindingsEndWithTheirLifetime(world),
    homeAgentSendsOnlyToAuthenticSources(world),
    believersAreReachable(world, calmSinceMs),
    lifetimesEndAtTheMobileNodeFirst(world),
    ipv4HomeAddressesAreApart(world),
    bothEndsHaveOneIpv4HomeAddress(world, calmSinceMs),
    mobileNodesSendWell(world),
    updateRateIsKept(world),
    stateAndTunnelAgree(),
    deadlinesLieAhead(),
    actionsAreFew(world),
  ];
}
