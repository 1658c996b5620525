import { MAXIMUM_CAPTURED_OCTETS } from "../../core/capture/captured_packet.ts";
import { LinkType } from "../../core/capture/link_type.ts";
import { encodePcapHeader, encodePcapRecord, type PcapFormat } from "../../core/capture/pcap_writer.ts";
import { SystemError } from "../../ffi/errno.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { HARDWARE_LOOPBACK, PacketSocket, type ReceivedPacket } from "../../ffi/packet_socket.ts";
import { ReadableWaiter } from "../../ffi/poll.ts";
import { stopSignal } from "../daemon/stop_signal.ts";
import { Failure, messageOf, UsageError } from "../output/fault.ts";
import { remark } from "../output/write.ts";

const RECEIVE_BUFFER_OCTETS = 8 * 1_048_576;
/** How many packets wait at most for one another before they are shown. */
const BATCH_PACKETS = 256;
const CAPTURED_LENGTH_AT = 12;

/** ARPHRD_* of <linux/if_arp.h>: what a packet socket gives on such an interface. */
const LINK_TYPES: ReadonlyMap<number, number> = new Map([
  [1, LinkType.ethernet],
  [HARDWARE_LOOPBACK, LinkType.ethernet],
  // PPP and tunnels (IP in IP, IPv6 in IPv6, SIT), and TUN devices: bare IP packets.
  [512, LinkType.raw],
  [768, LinkType.raw],
  [769, LinkType.raw],
  [776, LinkType.raw],
  [0xfffe, LinkType.raw],
]);

export interface LiveCaptureOptions {
  readonly interfaceName: string;
  /** Keeps all that was seen as pcap. */
  readonly writeTo?: string;
  /** Ends the capture after so many packets. */
  readonly count?: number;
}

/**
 * What an interface sees, as the chunks of a pcap file, until SIGINT or SIGTERM; then a summary on standard error.
 * Throws Failure where the interface cannot be captured from, UsageError for a name that none can have.
 */
export async function* captureLive(options: LiveCaptureOptions): AsyncGenerator<Uint8Array> {
  const { interfaceName, writeTo, count = Infinity } = options;
  const socket = open(interfaceName);
  const waiter = new ReadableWaiter(socket.fileDescriptor);
  using stop = stopSignal();
  stop.requested.then(() => waiter.cancel());
  let seen = 0;
  let file: Deno.FsFile | undefined;
  try {
    const linkType = LINK_TYPES.get(socket.hardwareType);
    if (linkType === undefined) {
      throw new Failure(
        `Cannot capture from ${interfaceName}: hardware type ${socket.hardwareType} is not known`,
      );
    }
    const format: PcapFormat = { linkType, snapLength: MAXIMUM_CAPTURED_OCTETS };
    if (writeTo !== undefined) file = create(writeTo);
    const header = encodePcapHeader(format);
    if (file !== undefined) write(file, header, writeTo!);
    yield header;
    while (seen < count && await waiter.wait() === "readable") {
      // One batch a wait: Ctrl-C is noticed also when packets never stop coming.
      const batch = takeBatch(socket, format, count - seen);
      if (batch.packets === 0) continue;
      seen += batch.packets;
      if (file !== undefined) write(file, batch.bytes, writeTo!);
      yield batch.bytes;
    }
  } finally {
    await waiter.close();
    remark(summary(seen, socket.takeDropped(), writeTo));
    closeFileDescriptor(socket.fileDescriptor);
    file?.close();
  }
}

function open(interfaceName: string): PacketSocket {
  try {
    return new PacketSocket(interfaceName, {
      maximumOctets: MAXIMUM_CAPTURED_OCTETS - 4,
      receiveBufferOctets: RECEIVE_BUFFER_OCTETS,
    });
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw new Failure(messageOf(error), { cause: error });
  }
}

function takeBatch(
  socket: PacketSocket,
  format: PcapFormat,
  room: number,
): { packets: number; bytes: Uint8Array } {
  const records: Uint8Array[] = [];
  let octets = 0;
  while (records.length < Math.min(room, BATCH_PACKETS)) {
    const packet = receive(socket);
    if (packet === undefined) break;
    const record = encodePcapRecord(format, packet, packet.bytes);
    new DataView(record.buffer).setUint32(CAPTURED_LENGTH_AT, packet.originalLength, true);
    records.push(record);
    octets += record.length;
  }
  const bytes = new Uint8Array(octets);
  let at = 0;
  for (const record of records) {
    bytes.set(record, at);
    at += record.length;
  }
  return { packets: records.length, bytes };
}

function receive(socket: PacketSocket): ReceivedPacket | undefined {
  try {
    return socket.receive();
  } catch (error) {
    if (error instanceof SystemError) throw new Failure(error.message, { cause: error });
    throw error;
  }
}

function create(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { write: true, create: true, truncate: true });
  } catch (error) {
    throw new Failure(`Cannot write ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function write(file: Deno.FsFile, bytes: Uint8Array, path: string): void {
  try {
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
  } catch (error) {
    throw new Failure(`Cannot write ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function summary(seen: number, dropped: number, writeTo: string | undefined): string {
  const kept = writeTo === undefined ? "" : `, kept in ${writeTo}`;
  const lost = dropped === 0 ? "" : `, ${packets(dropped)} lost because this program was too slow`;
  return `${packets(seen)} seen${kept}${lost}\n`;
}

function packets(count: number): string {
  return `${count} ${count === 1 ? "packet" : "packets"}`;
}
