import type { SendSignalling } from "../../core/control/action.ts";
import type { Ipv4Address } from "../../core/wire/address.ts";
import { Protocol } from "../../core/wire/constants.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { openRawSocket, openUdpSocket, sendTo } from "../../ffi/socket.ts";
import type { DataPathSockets } from "./data_path.ts";
import type { Log } from "./log.ts";

/** Room for a burst while the data path is busy elsewhere. */
const RECEIVE_BUFFER_OCTETS = 4 * 1024 * 1024;

/** The two sockets of one outer address: UDP for signalling and data, raw for protocol 41. */
export interface OuterSockets extends DataPathSockets, Disposable {
  /** The UDP port that the socket has. */
  readonly port: number;
}

/** @throws SystemError: port taken, address not of this host, no permission */
export function openOuterSockets(
  { address, port, device }: {
    readonly address: Ipv4Address;
    readonly port: number;
    readonly device?: string;
  },
): OuterSockets {
  const receiveBufferOctets = RECEIVE_BUFFER_OCTETS;
  const udp = openUdpSocket({ address, port, device, receiveBufferOctets });
  try {
    const raw = openRawSocket({ protocol: Protocol.ipv6, address, device, receiveBufferOctets });
    return {
      udpFileDescriptor: udp.fileDescriptor,
      rawFileDescriptor: raw.fileDescriptor,
      outerSource: address,
      port: udp.port,
      [Symbol.dispose]() {
        closeFileDescriptor(udp.fileDescriptor);
        closeFileDescriptor(raw.fileDescriptor);
      },
    };
  } catch (error) {
    closeFileDescriptor(udp.fileDescriptor);
    throw error;
  }
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
