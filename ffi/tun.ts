import {
  cString,
  fromCString,
  INTERFACE_NAME_OCTETS,
  interfaceRequest,
  invalidInterfaceName,
} from "./c_string.ts";
import { check, EACCES, EBUSY, EINVAL, ENODEV, ENOENT, ENXIO, EPERM } from "./errno.ts";
import { closeFileDescriptor, closingOnError } from "./file_descriptor.ts";
import { libc } from "./libc.ts";
import { NO_TUN_OFFLOADS, type TunOffloads } from "./tun_offloads.ts";
import { steerByFlow } from "./tun_steering.ts";

const TUN_DEVICE = "/dev/net/tun";

// <fcntl.h>; O_CLOEXEC and O_NONBLOCK have these values on x86-64 and arm64
const O_RDWR = 0o2;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

// <linux/if_tun.h>
const TUNSETIFF = 0x400454ca;
const TUNSETOFFLOAD = 0x400454d0;
const TUNGETFEATURES = 0x800454cf;
const IFF_TUN = 0x0001;
const IFF_TAP = 0x0002;
const IFF_MULTI_QUEUE = 0x0100;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
const TUN_F_CSUM = 0x01;
const TUN_F_TSO4 = 0x02;
const TUN_F_TSO6 = 0x04;
const TUN_F_TSO_ECN = 0x08;
const TUN_F_USO4 = 0x20;
const TUN_F_USO6 = 0x40;
const TCP_OFFLOADS = TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
const UDP_OFFLOADS = TUN_F_USO4 | TUN_F_USO6;

export interface Tun {
  readonly fileDescriptor: number;
  /** The interface's name, as the kernel gives it. */
  readonly name: string;
  /**
   * What the kernel may leave to us, and takes from us: each packet has a struct virtio_net_hdr in front ("header"),
   * TCP segments and UDP datagrams may come and go several in one packet.
   */
  readonly offloads: TunOffloads;
}

function adviseOpen(errno: number): string | undefined {
  if (errno === ENOENT || errno === ENODEV || errno === ENXIO) {
    return "The kernel has no TUN driver loaded: run `modprobe tun`; in a container, pass the device in (`--device /dev/net/tun`)";
  }
  if (errno === EACCES || errno === EPERM) {
    return `Run as root; another user needs CAP_NET_ADMIN and CAP_NET_RAW, and to read and write ${TUN_DEVICE}`;
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
 * A layer 3 tunnel device: each read() gives one whole IP packet that the kernel routed there, each write() is one that
 * arrives. Non-blocking; without the packet information header (IFF_NO_PI). The device goes away with its last file
 * descriptor. It is down and has no address at first.
 *
 * @param offloads what is wanted; `offloads` of the result is what the kernel has
 * @param queues open so many descriptors of the one device, each with a queue of its own, which share the flows (`steerByFlow`);
 * with more than one, all that open the device have to say so
 * @returns one for each queue
 * @throws SystemError with what to do: no /dev/net/tun, no permission, name in use
 * @throws RangeError for a name that no interface can have
 */
export function openTunQueues(
  { name, queues, offloads }: { name: string; queues: number; offloads: TunOffloads },
): Tun[] {
  const opened: Tun[] = [];
  try {
    for (let queue = 0; queue < queues; queue++) {
      const flags = IFF_TUN | (queues > 1 ? IFF_MULTI_QUEUE : 0);
      opened.push(openQueue(opened[0]?.name ?? name, flags, opened[0]?.offloads ?? offloads));
    }
    if (queues > 1) steerByFlow(opened[0].fileDescriptor);
  } catch (error) {
    for (const { fileDescriptor } of opened) closeFileDescriptor(fileDescriptor);
    throw error;
  }
  return opened;
}

/** The same with one queue, and without offloads where none are asked for. */
export function openTun({ name, offloads = NO_TUN_OFFLOADS }: { name: string; offloads?: TunOffloads }): Tun {
  return openTunQueues({ name, queues: 1, offloads })[0];
}

/** The same for a layer 2 device: each read() and each write() is one Ethernet frame without its checksum. */
export function openTap(name: string): Tun {
  return openQueue(name, IFF_TAP, NO_TUN_OFFLOADS);
}

function openQueue(name: string, kindFlags: number, wanted: TunOffloads): Tun {
  const fault = invalidInterfaceName(name);
  if (fault !== undefined) throw new RangeError(`Cannot create a TUN device: the name "${name}" ${fault}`);
  const fileDescriptor = check(
    libc.open(cString(TUN_DEVICE), O_RDWR | O_NONBLOCK | O_CLOEXEC),
    "open",
    `open ${TUN_DEVICE}`,
    adviseOpen,
  );
  return closingOnError(fileDescriptor, () => {
    const header = wanted.header && hasFeature(fileDescriptor, IFF_VNET_HDR);
    const request = interfaceRequest(name);
    const flags = kindFlags | IFF_NO_PI | (header ? IFF_VNET_HDR : 0);
    new DataView(request.buffer).setUint16(INTERFACE_NAME_OCTETS, flags, true);
    check(
      libc.ioctl(fileDescriptor, TUNSETIFF, request),
      "ioctl TUNSETIFF",
      `create the TUN device ${name}`,
      adviseCreate(name),
    );
    return {
      fileDescriptor,
      name: fromCString(request.subarray(0, INTERFACE_NAME_OCTETS)),
      offloads: header ? setOffloads(fileDescriptor, wanted) : NO_TUN_OFFLOADS,
    };
  });
}

function hasFeature(fileDescriptor: number, flag: number): boolean {
  const features = new Uint32Array(1);
  const bytes = new Uint8Array(features.buffer);
  return libc.ioctl(fileDescriptor, TUNGETFEATURES, bytes) === 0 && (features[0] & flag) !== 0;
}

/** As much of what is wanted as the kernel has: UDP came with Linux 6.2. */
function setOffloads(fileDescriptor: number, { tcp, udp }: TunOffloads): TunOffloads {
  const headerOnly = { header: true, tcp: false, udp: false };
  const choices = [{ header: true, tcp, udp }, { header: true, tcp, udp: false }, headerOnly];
  const taken = choices.find((choice) => {
    const flags = TUN_F_CSUM | (choice.tcp ? TCP_OFFLOADS : 0) | (choice.udp ? UDP_OFFLOADS : 0);
    return libc.ioctlValue(fileDescriptor, TUNSETOFFLOAD, BigInt(flags)) === 0;
  });
  return taken ?? headerOnly;
}
