import type { SendSignalling } from "../../core/control/action.ts";
import type { Ipv4Address, Ipv6Address } from "../../core/wire/address.ts";
import { Protocol } from "../../core/wire/constants.ts";
import type { EspEnd } from "../../ffi/esp_end.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { IPPROTO_RAW, openRaw6Socket } from "../../ffi/raw6_socket.ts";
import { openRawSocket, sendTo } from "../../ffi/socket.ts";
import { openUdpGroup } from "../../ffi/udp_group.ts";
import type { Ipv4Sockets, Ipv6Sockets } from "./data_path_sockets.ts";
import type { Log } from "./log.ts";
import type { Offloads } from "./offloads.ts";

/** Room for a burst while the data path is busy elsewhere. */
const RECEIVE_BUFFER_OCTETS = 4 * 1024 * 1024;

/** The sockets of one outer IPv4 address: UDP for signalling and data, raw for protocols 41 and 4. */
export interface OuterSockets extends Disposable {
  readonly family: 4;
  /** One for each worker of the data path; the first receives signalling for all. */
  readonly queues: readonly Ipv4Sockets[];
  /** What control sends from. */
  readonly udpFileDescriptor: number;
  readonly outerSource: Ipv4Address;
  /** The UDP port that the sockets have. */
  readonly port: number;
  /** ESP of ours comes in where mobility messages do; see UdpGroup. */
  setSpis(spis: ReadonlySet<number>): void;
}

/** The sockets of one outer IPv6 address: raw, for protocols 41 and 4. Signalling has others. */
export interface OuterIpv6Sockets extends Disposable {
  readonly family: 6;
  /** One for each worker of the data path. */
  readonly queues: readonly Ipv6Sockets[];
}

export interface OuterSocketOptions {
  readonly address: Ipv4Address;
  readonly port: number;
  readonly device?: string;
  readonly workers: number;
  readonly offloads: Offloads;
  readonly espEnd: EspEnd;
}

/** @throws SystemError: port taken, address not of this host, no permission */
export function openOuterSockets(options: OuterSocketOptions): OuterSockets {
  const { address, port, device, workers, offloads, espEnd } = options;
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
    end: espEnd,
  });
  for (const { fileDescriptor } of [...udp.data, udp.signalling]) closeLater(fileDescriptor);
  const queues = udp.data.map(({ fileDescriptor, canSegment }, index) => {
    const openRaw = (protocol: number) => {
      const share = { index, of: workers };
      return closeLater(
        openRawSocket({ protocol, address, device, receiveBufferOctets, share }).fileDescriptor,
      );
    };
    return {
      udpFileDescriptor: fileDescriptor,
      signallingFileDescriptor: index === 0 ? udp.signalling.fileDescriptor : undefined,
      rawIpv6FileDescriptor: openRaw(Protocol.ipv6),
      rawIpv4FileDescriptor: openRaw(Protocol.ipv4),
      outerSource: address,
      canSegment: offloads.udpSegment && canSegment,
    };
  });
  const owned = opened.move();
  return {
    family: 4,
    queues,
    udpFileDescriptor: udp.data[0].fileDescriptor,
    outerSource: address,
    port: udp.data[0].port,
    setSpis: udp.setSpis,
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** @throws SystemError: address not of this host or still tentative, no permission */
export function openOuterIpv6Sockets(
  { address, device, workers }: {
    readonly address: Ipv6Address;
    readonly device?: string;
    readonly workers: number;
  },
): OuterIpv6Sockets {
  using opened = new DisposableStack();
  const queues = Array.from({ length: workers }, (_, index): Ipv6Sockets => {
    const open = (protocol: number) => {
      const share = { index, of: workers };
      const options = { protocol, address, device, bufferOctets: RECEIVE_BUFFER_OCTETS };
      const fileDescriptor = openRaw6Socket(protocol === IPPROTO_RAW ? options : { ...options, share });
      opened.defer(() => closeFileDescriptor(fileDescriptor));
      return fileDescriptor;
    };
    return {
      sendFileDescriptor: open(IPPROTO_RAW),
      rawIpv6FileDescriptor: open(Protocol.ipv6),
      rawIpv4FileDescriptor: open(Protocol.ipv4),
      outerSource: address,
    };
  });
  const owned = opened.move();
  return { family: 6, queues, [Symbol.dispose]: () => owned.dispose() };
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
