import { cString, fromCString, INTERFACE_NAME_OCTETS, invalidInterfaceName } from "./c_string.ts";
import { check, EACCES, EBUSY, EINVAL, ENODEV, ENOENT, EPERM } from "./errno.ts";
import { closingOnError } from "./file_descriptor.ts";
import { libc } from "./libc.ts";

const TUN_DEVICE = "/dev/net/tun";

// <fcntl.h>; O_CLOEXEC and O_NONBLOCK have these values on x86-64 and arm64
const O_RDWR = 0o2;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

// <linux/if_tun.h>
const TUNSETIFF = 0x400454ca;
const IFF_TUN = 0x0001;
const IFF_NO_PI = 0x1000;

// struct ifreq: char ifr_name[16]; union { short ifr_flags; ... } of 24 octets
const IFREQ_OCTETS = 40;

export interface Tun {
  readonly fileDescriptor: number;
  /** The interface's name, as the kernel gives it. */
  readonly name: string;
}

function adviseOpen(errno: number): string | undefined {
  if (errno === ENOENT || errno === ENODEV) {
    return "The kernel has no TUN driver loaded: run `modprobe tun`; in a container, pass the device in (`--device /dev/net/tun`)";
  }
  if (errno === EACCES || errno === EPERM) {
    return `Run as root, or make ${TUN_DEVICE} readable and writable for this user`;
  }
  return undefined;
}

function adviseCreate(name: string): (errno: number) => string | undefined {
  return (errno) => {
    if (errno === EPERM) return "Run as root, or give the process CAP_NET_ADMIN";
    if (errno === EBUSY) return `Another process holds ${name}: end it, or choose another name`;
    if (errno === EINVAL) return `${name} is there already and is not a TUN device: choose another name`;
    return undefined;
  };
}

/**
 * A layer 3 tunnel device: each read() gives one whole IP packet that the kernel routed there, each
 * write() is one that arrives. Non-blocking; without the packet information header (IFF_NO_PI). The
 * device goes away with its file descriptor. It is down and has no address at first.
 *
 * @throws SystemError with what to do: no /dev/net/tun, no permission, name in use
 * @throws RangeError for a name that no interface can have
 */
export function openTun({ name }: { name: string }): Tun {
  const fault = invalidInterfaceName(name);
  if (fault !== undefined) throw new RangeError(`Cannot create a TUN device: the name "${name}" ${fault}`);
  const fileDescriptor = check(
    libc.open(cString(TUN_DEVICE), O_RDWR | O_NONBLOCK | O_CLOEXEC),
    "open",
    `open ${TUN_DEVICE}`,
    adviseOpen,
  );
  return closingOnError(fileDescriptor, () => {
    const request = new Uint8Array(IFREQ_OCTETS);
    request.set(cString(name));
    new DataView(request.buffer).setUint16(INTERFACE_NAME_OCTETS, IFF_TUN | IFF_NO_PI, true);
    check(
      libc.ioctl(fileDescriptor, TUNSETIFF, request),
      "ioctl TUNSETIFF",
      `create the TUN device ${name}`,
      adviseCreate(name),
    );
    return { fileDescriptor, name: fromCString(request.subarray(0, INTERFACE_NAME_OCTETS)) };
  });
}
