import type { EspEnd } from "./esp_end.ts";
import { closeFileDescriptor } from "./file_descriptor.ts";
import { openUdpSocket, sharePort, type UdpSocket, type UdpSocketOptions } from "./socket.ts";
import { attachSignallingSteering } from "./socket_filter.ts";

/** Sockets on one address and port. */
export interface UdpGroup {
  /** Receive everything else; a flow keeps to one of them. */
  readonly data: readonly UdpSocket[];
  /**
   * Receives datagrams of at most 1,280 octets with a mobility message or ESP of ours, apart, so that no flood of others can
   * fill its queue.
   */
  readonly signalling: UdpSocket;
  /** ESP is ours where one end is the home agent and its SPI lies between the lowest and highest of these. At first: none is. */
  setSpis(spis: ReadonlySet<number>): void;
}

/**
 * Opens `dataSockets` sockets for data and one for signalling.
 * @throws SystemError as openUdpSocket does; also where another process has the port, shared or not
 */
export function openUdpGroup(
  { dataSockets, end, ...options }: UdpSocketOptions & { readonly dataSockets: number; readonly end: EspEnd },
): UdpGroup {
  const opened: UdpSocket[] = [];
  try {
    // The first has the port to itself until the others come: so a second daemon fails, as it should.
    opened.push(openUdpSocket(options));
    sharePort(opened[0].fileDescriptor);
    const { port } = opened[0];
    while (opened.length < dataSockets + 1) opened.push(openUdpSocket({ ...options, port, isShared: true }));
    const setSpis = (spis: ReadonlySet<number>) =>
      attachSignallingSteering(opened[0].fileDescriptor, { dataSockets, end, spis });
    setSpis(new Set());
    return { data: opened.slice(0, dataSockets), signalling: opened[dataSockets], setSpis };
  } catch (error) {
    for (const { fileDescriptor } of opened) closeFileDescriptor(fileDescriptor);
    throw error;
  }
}
