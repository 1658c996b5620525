import type { IpAddress } from "../../core/wire/address.ts";
import type { InterfaceAddress, Link } from "../../ffi/netlink_record.ts";
import { Netlink } from "../../ffi/netlink.ts";
import { mergesReceived } from "../../ffi/receive_offload.ts";
import { readSysctl } from "../../ffi/sysctl.ts";

/** What is looked at on this machine, read once. */
export interface Machine {
  readonly links: readonly Link[];
  readonly addresses: readonly InterfaceAddress[];
  /** Whether an interface merges packets that it receives; undefined where it does not say. */
  readonly mergesReceived: (interfaceName: string) => boolean | undefined;
  /** Undefined where the kernel has no such setting. */
  readonly readSetting: (key: string) => string | undefined;
  /** Whether settings can be changed: in a container /proc/sys is often read-only. */
  readonly canSet: boolean;
}

/** @throws SystemError when the kernel does not list its interfaces */
export function readMachine(): Machine {
  const netlink = new Netlink();
  try {
    return {
      links: netlink.links(),
      addresses: netlink.addresses(),
      mergesReceived,
      readSetting,
      canSet: canSet(),
    };
  } finally {
    netlink.close();
  }
}

/** The addresses of an interface that can be a care-of address now. */
export function usableAddresses(
  interfaceName: string,
  { links, addresses }: Pick<Machine, "links" | "addresses">,
): IpAddress[] {
  const index = links.find(({ name }) => name === interfaceName)?.index;
  return addresses.filter((one) =>
    one.interfaceIndex === index && one.scope === "global" && !one.tentative && !one.deprecated
  ).map(({ address }) => address);
}

function readSetting(key: string): string | undefined {
  try {
    return readSysctl(key);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Opens one for writing, and writes nothing. */
function canSet(): boolean {
  try {
    Deno.openSync("/proc/sys/net/ipv4/ip_forward", { write: true }).close();
    return true;
  } catch {
    return false;
  }
}
