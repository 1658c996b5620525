import { INTERFACE_NAME_OCTETS, interfaceRequest } from "./c_string.ts";
import { closeFileDescriptor } from "./file_descriptor.ts";
import { check } from "./errno.ts";
import { libc } from "./libc.ts";
import { AF_INET } from "./netlink_ip.ts";

// <sys/socket.h>, <linux/sockios.h>, <linux/ethtool.h>
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SIOCETHTOOL = 0x8946;
const ETHTOOL_GGRO = 0x2b;

/**
 * Whether the kernel merges packets of a flow that an interface receives one after the other (generic receive offload, ethtool(8)
 * `gro`), before they go through it.
 * @returns undefined where the interface does not say
 * @throws SystemError without a socket
 */
export function mergesReceived(interfaceName: string): boolean | undefined {
  const socket = check(libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket", "ask an interface");
  try {
    // struct ethtool_value: u32 command, u32 data
    const value = new Uint32Array([ETHTOOL_GGRO, 0]);
    const request = interfaceRequest(interfaceName);
    const pointer = Deno.UnsafePointer.value(Deno.UnsafePointer.of(value));
    new DataView(request.buffer).setBigUint64(INTERFACE_NAME_OCTETS, pointer, true);
    return libc.ioctl(socket, SIOCETHTOOL, request) < 0 ? undefined : value[1] !== 0;
  } finally {
    closeFileDescriptor(socket);
  }
}
