import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { openTunQueues, type Tun } from "../../ffi/tun.ts";
import type { Configuration } from "../configuration/record.ts";
import { HostNetwork } from "./host_network.ts";
import type { Log } from "./log.ts";
import type { Offloads } from "./offloads.ts";
import { beOnlyDaemon } from "./only_daemon.ts";
import { SavedSysctls } from "./saved_sysctls.ts";

/** What a daemon holds of its host. */
export interface Host {
  /** The queues of the TUN device, one for each worker. */
  readonly tuns: readonly Tun[];
  /** The name of the TUN device. */
  readonly tun: string;
  readonly sysctls: SavedSysctls;
  readonly network: HostNetwork;
}

/**
 * Takes them in an order in which a second daemon fails before it touches anything of the first: its name in the network
 * namespace, then the TUN device, and only then what an earlier run may have left.
 * @param cleanup gives all of it back
 * @throws Failure where another daemon of this kind is there; SystemError
 */
export function openHost(
  { kind, tun: name, workers, controlSocket }: Pick<
    Configuration,
    "kind" | "tun" | "workers" | "controlSocket"
  >,
  { offloads, log, cleanup }: {
    readonly offloads: Offloads;
    readonly log: Log;
    readonly cleanup: AsyncDisposableStack;
  },
): Host {
  cleanup.use(beOnlyDaemon(kind));
  const tuns = openTunQueues({ name, queues: workers, offloads: offloads.tun });
  for (const { fileDescriptor } of tuns) cleanup.defer(() => closeFileDescriptor(fileDescriptor));
  const sysctls = cleanup.use(new SavedSysctls({ path: `${controlSocket}.sysctls`, log }));
  return { tuns, tun: tuns[0].name, sysctls, network: cleanup.use(HostNetwork.open(log)) };
}
