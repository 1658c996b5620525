import { EADDRNOTAVAIL, ENODEV, ENOENT, ESRCH, SystemError } from "../../ffi/errno.ts";
import type { Netlink } from "../../ffi/netlink.ts";
import { DSMIP_PROTOCOL } from "../../ffi/netlink_record.ts";
import type { Log } from "./log.ts";

/** Errors which mean that what was to be removed has gone already, with its interface for example. */
const GONE: ReadonlySet<number> = new Set([ENODEV, ENOENT, ESRCH, EADDRNOTAVAIL]);

/** Runs a removal. @returns whether there was anything to remove */
export function ignoringGone(removal: () => void): boolean {
  try {
    removal();
    return true;
  } catch (error) {
    if (error instanceof SystemError && GONE.has(error.errno)) return false;
    throw error;
  }
}

/**
 * Removes what a dsmip that was killed could not take back: routes, rules, neighbours, proxy entries and addresses that
 * carry our protocol number. (TUN devices and owned nftables tables vanish with their process.) What sits on a TUN
 * device that another process holds belongs to a dsmip that is alive, and stays.
 *
 * @param options `tun`: the name of our own TUN device
 */
export function removeLeftovers(
  netlink: Netlink,
  { log, tun }: { readonly log: Log; readonly tun: string },
): void {
  const alive = new Set(
    netlink.links().filter(({ kind, carrier, name }) => kind === "tun" && carrier && name !== tun)
      .map(({ index }) => index),
  );
  const remove = <Entry extends { protocol: number; interfaceIndex?: number }>(
    entries: readonly Entry[],
    describe: (entry: Entry) => string,
    removal: (entry: Entry) => void,
  ) => {
    for (const entry of entries) {
      if (entry.protocol !== DSMIP_PROTOCOL) continue;
      if (entry.interfaceIndex !== undefined && alive.has(entry.interfaceIndex)) continue;
      if (ignoringGone(() => removal(entry))) {
        log.info("left over from an earlier run, removed", { what: describe(entry) });
      }
    }
  };
  remove(netlink.rules(), (rule) => `rule ${rule.priority}`, (rule) => netlink.deleteRule(rule));
  remove(
    netlink.routes(),
    (route) => `route ${route.destination}/${route.prefixLength}`,
    (route) => netlink.deleteRoute(route),
  );
  remove(
    netlink.neighbors(),
    (neighbor) => `${neighbor.isProxy ? "proxy entry" : "neighbour"} ${neighbor.address}`,
    (neighbor) => netlink.deleteNeighbor(neighbor),
  );
  remove(
    netlink.addresses(),
    (address) => `address ${address.address}/${address.prefixLength}`,
    (address) => netlink.deleteAddress(address),
  );
}
