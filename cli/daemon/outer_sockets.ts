import type { SendSignalling } from "../../core/control/action.ts";
import type { Ipv4Address } from "../../core/wire/address.ts";
import { Protocol } from "../../core/wire/constants.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { openRawSocket, sendTo } from "../../ffi/socket.ts";
import { openUdpGroup } from "../../ffi/udp_group.ts";
import type { DataPathSockets } from "./data_path.ts";
import type { Log } from "./log.ts";
import type { Offloads } from "./offloads.ts";

/** Room for a burst while the data path is busy elsewhere. */
const RECEIVE_BUFFER_OCTETS = 4 * 1024 * 1024;

/** The sockets of one outer address: UDP for signalling and data, raw for protocol 41. */
export interface OuterSockets extends Disposable {
  /** One for each worker of the data path; the first receives signalling for all. */
  readonly queues: readonly DataPathSockets[];
  /** What control sends from. */
  readonly udpFileDescriptor: number;
  readonly outerSource: Ipv4Address;
  /** The UDP port that the sockets have. */
  readonly port: number;
}

export interface OuterSocketOptions {
  readonly address: Ipv4Address;
  readonly port: number;
  readonly device?: string;
  readonly workers: number;
  readonly offloads: Offloads;
}

/** @throws SystemError: port taken, address not of this host, no permission */
export function openOuterSockets(options: OuterSocketOptions): OuterSockets {
  const { address, port, device, workers, offloads } = options;
  using opened = new DisposableStack();
  const closeLater = (fileDescriptor: number) => {
    opened.defer(() => closeFileDescriptor(fileDescriptor));
    return fileDescriptor;
  };
  const receiveBufferOctets = RECEIVE_BUFFER_OCTETS;
  const udp = openUdpGroup({
    address,
    port,
    device,
    receiveBufferOctets,
    receiveMerged: offloads.udpReceive,
    dataSockets: workers,
  });
  for (const { fileDescriptor } of [...udp.data, udp.signalling]) closeLater(fileDescriptor);
  const queues = udp.data.map(({ fileDescriptor, canSegment }, index) => {
    const raw = openRawSocket({
      protocol: Protocol.ipv6,
      address,
      device,
      receiveBufferOctets,
      share: { index, of: workers },
    });
    return {
      udpFileDescriptor: fileDescriptor,
      signallingFileDescriptor: index === 0 ? udp.signalling.fileDescriptor : undefined,
      rawFileDescriptor: closeLater(raw.fileDescriptor),
      outerSource: address,
      canSegment: offloads.udpSegment && canSegment,
    };
  });
  const owned = opened.move();
  return {
    queues,
    udpFileDescriptor: udp.data[0].fileDescriptor,
    outerSource: address,
    port: udp.data[0].port,
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** Sends a mobility message; what the network refuses, retransmission makes good. */
export function sendSignalling(sockets: OuterSockets | undefined, action: SendSignalling, log: Log): void {
  const { destination, destinationPort, packet } = action;
  if (sockets === undefined || (action.source !== undefined && action.source !== sockets.outerSource)) {
    return log.debug("dropped: no socket for this care-of address", { source: action.source ?? "" });
  }
  const fault = sendTo(sockets.udpFileDescriptor, packet, destination, destinationPort);
  if (fault !== undefined) log.warning("signalling not sent", { error: fault.message });
}
