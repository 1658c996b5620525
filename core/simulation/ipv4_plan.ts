import type { Ipv4HomeAddress } from "../control/settings.ts";
import type { Random } from "./random.ts";
import type { WorldSettings } from "./world.ts";

/** The IPv4 side of the home network. The pools are small, so that they run dry. */
const HOME_NETWORK = {
  ipv4HomePrefix: { address: "203.0.114.0", length: 24 },
  ipv4Pool: { address: "203.0.114.8", length: 31 },
  ipv4NetworkPool: { prefix: { address: "10.64.0.0", length: 27 }, networkLength: 28 },
};
const ANY = { address: "0.0.0.0", prefixLength: 32 };
const ANY_NETWORK = { address: "0.0.0.0", prefixLength: 29 };
/** Of the pool, and inside no entry: what a node asks for that had it from an earlier home agent. */
const OF_THE_POOL = { address: "203.0.114.9", prefixLength: 32 };

/** Gives some mobile nodes IPv4 home addresses: some of their own, some of a pool, some that they must not get. */
export function withIpv4(world: WorldSettings, random: Random): WorldSettings {
  const own = world.homeAgent.machine.mobileNodes.map((_, index): Ipv4HomeAddress | undefined =>
    random.pick([
      undefined,
      { address: `203.0.114.${100 + index}`, prefixLength: 32 },
      { address: `10.1.${index}.1`, prefixLength: 24 },
    ])
  );
  const wanted = world.mobileNodes.map((_, index) =>
    random.pick([undefined, ANY, ANY, ANY_NETWORK, OF_THE_POOL, own[index], own[0]])
  );
  return {
    ...world,
    homeAgent: {
      ...world.homeAgent,
      machine: {
        ...world.homeAgent.machine,
        ...HOME_NETWORK,
        mobileNodes: world.homeAgent.machine.mobileNodes.map((entry, index) => {
          return { ...entry, ipv4HomeAddress: own[index] };
        }),
      },
    },
    mobileNodes: world.mobileNodes.map((host, index) => {
      return { ...host, machine: { ...host.machine, ipv4HomeAddress: wanted[index] } };
    }),
  };
}
