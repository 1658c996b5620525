import { DropReason } from "../../core/forwarding/drop_reason.ts";
import {
  CLOCK_MONOTONIC,
  type DataPathCalls,
  dataPathCalls,
  EBADF,
  MSG_DONTWAIT,
  pointerInto,
} from "../../ffi/data_path_calls.ts";
import { EAGAIN, EINTR, ENOBUFS, errnoName, lastErrno } from "../../ffi/errno.ts";
import { POLLIN } from "../../ffi/poll.ts";
import { type ForwarderModule, instantiateForwarder } from "../../wasm/forwarder_module.ts";
import * as map from "../../wasm/memory_map.ts";

/** Places in POLL_DESCRIPTORS. */
const TUN = 0;
const UDP = 1;
const RAW = 2;
const EVENT = 3;

const WAIT_FOR_EVER = -1;
/** poll() passes over a negative descriptor; sendmmsg() gives EBADF. */
const NO_SOCKET = -1;
/** No events at a descriptor. */
const NOTHING = 0;
/** The TUN device has the packet. */
const TAKEN = -1;

/**
 * Moves packets between the TUN device and the sockets until it is told to stop. Each round takes at most one
 * batch from each of them, so that none waits for the others; what the kernel does not take at once is dropped
 * and counted. After the constructor nothing is allocated.
 *
 * A round: poll -> commands
 *   TUN: read until empty -> outbound -> sendmmsg (UDP), sendmmsg (41), writev (ICMPv6 errors)
 *   UDP, 41: recvmmsg -> inbound -> writev for each packet; the ring wakes control
 */
export class DataPathLoop {
  readonly #calls: DataPathCalls = dataPathCalls;
  readonly #module: ForwarderModule;
  readonly #words: Int32Array;
  readonly #tun: number;
  readonly #event: number;
  #udp = NO_SOCKET;
  #raw = NO_SOCKET;
  /** Why the loop cannot go on; empty while it can. */
  #fault = "";
  #isStopped = false;

  // Places in the shared memory, as the kernel sees them.
  readonly #pollDescriptors: Deno.PointerObject;
  readonly #clock: Deno.PointerObject;
  readonly #eventValue: Deno.PointerObject;
  readonly #slots: readonly Deno.PointerObject[];
  readonly #udpReceive: Deno.PointerObject;
  readonly #rawReceive: Deno.PointerObject;
  readonly #udpSends: readonly Deno.PointerObject[];
  readonly #rawSends: readonly Deno.PointerObject[];
  readonly #tunWrites: readonly Deno.PointerObject[];

  constructor({ memory, tunFileDescriptor, eventFileDescriptor }: {
    readonly memory: WebAssembly.Memory;
    readonly tunFileDescriptor: number;
    readonly eventFileDescriptor: number;
  }) {
    this.#module = instantiateForwarder(memory);
    this.#words = new Int32Array(memory.buffer);
    this.#tun = tunFileDescriptor;
    this.#event = eventFileDescriptor;
    const each = (start: number, stride: number) =>
      Array.from({ length: map.BATCH }, (_, index) => pointerInto(memory, start + index * stride));
    this.#pollDescriptors = pointerInto(memory, map.POLL_DESCRIPTORS);
    this.#clock = pointerInto(memory, map.CLOCK);
    this.#eventValue = pointerInto(memory, map.EVENT_VALUE);
    this.#slots = each(map.SLOTS + map.HEADROOM, map.SLOT_STRIDE);
    this.#udpReceive = pointerInto(memory, map.UDP_RECEIVE_MESSAGES);
    this.#rawReceive = pointerInto(memory, map.RAW_RECEIVE_MESSAGES);
    this.#udpSends = each(map.UDP_SEND_MESSAGES, map.MESSAGE_OCTETS);
    this.#rawSends = each(map.RAW_SEND_MESSAGES, map.MESSAGE_OCTETS);
    this.#tunWrites = each(map.TUN_WRITE_VECTORS, map.VECTOR_OCTETS);
    this.#watch(TUN, tunFileDescriptor);
    this.#watch(UDP, NO_SOCKET);
    this.#watch(RAW, NO_SOCKET);
    this.#watch(EVENT, eventFileDescriptor);
    this.#obey();
  }

  /** Returns when told to stop, with "", or when the loop cannot go on, with the reason. */
  run(): string {
    while (this.#fault === "" && !this.#isStopped) {
      const ready = this.#calls.poll(this.#pollDescriptors, map.POLL_DESCRIPTOR_COUNT, WAIT_FOR_EVER);
      if (ready < 0) {
        const errno = lastErrno();
        if (errno !== EINTR) this.#fault = `poll: ${errnoName(errno)}`;
        continue;
      }
      if (this.#happened(EVENT) !== NOTHING) {
        this.#calls.read(this.#event, this.#eventValue, 8);
        this.#obey();
      }
      this.#calls.clockGettime(CLOCK_MONOTONIC, this.#clock);
      if (this.#happened(TUN) !== NOTHING) this.#fromTun();
      this.#fromSocket(UDP, this.#udp, this.#udpReceive);
      this.#fromSocket(RAW, this.#raw, this.#rawReceive);
    }
    return this.#fault;
  }

  /** Takes the sockets that control names; told to stop, the loop ends after this round. */
  #obey(): void {
    const words = this.#words;
    const sequence = Atomics.load(words, map.COMMAND_SEQUENCE / 4);
    const udp = words[map.COMMAND_UDP_DESCRIPTOR / 4];
    const raw = words[map.COMMAND_RAW_DESCRIPTOR / 4];
    if (udp !== this.#udp) this.#watch(UDP, udp);
    if (raw !== this.#raw) this.#watch(RAW, raw);
    this.#udp = udp;
    this.#raw = raw;
    words[map.OUTER_SOURCE / 4] = words[map.COMMAND_OUTER_SOURCE / 4];
    Atomics.store(words, map.COMMAND_DONE / 4, sequence);
    Atomics.notify(words, map.COMMAND_DONE / 4);
    this.#isStopped = words[map.COMMAND_STOP / 4] !== 0;
  }

  /** Clears what the last round found there. */
  #watch(place: number, fileDescriptor: number): void {
    const at = (map.POLL_DESCRIPTORS + place * map.POLL_DESCRIPTOR_OCTETS) / 4;
    this.#words[at] = fileDescriptor;
    this.#words[at + 1] = POLLIN;
  }

  /** The events that poll() has returned for a descriptor: the upper half of its second word. */
  #happened(place: number): number {
    return this.#words[(map.POLL_DESCRIPTORS + place * map.POLL_DESCRIPTOR_OCTETS) / 4 + 1] >>> 16;
  }

  #fromTun(): void {
    const words = this.#words;
    let count = 0;
    while (count < map.BATCH) {
      const octets = this.#calls.read(this.#tun, this.#slots[count], map.SLOT_CAPACITY);
      if (octets < 0) {
        const errno = lastErrno();
        if (errno === EINTR) continue;
        if (errno !== EAGAIN) this.#fault = `the TUN device is gone (read: ${errnoName(errno)})`;
        break;
      }
      words[map.SLOT_LENGTHS / 4 + count] = octets;
      count++;
    }
    if (count === 0) return;
    this.#module.outbound(count);
    this.#send(UDP, this.#udp, this.#udpSends, words[map.UDP_SEND_COUNT / 4]);
    this.#send(RAW, this.#raw, this.#rawSends, words[map.RAW_SEND_COUNT / 4]);
    const answers = words[map.TUN_WRITE_COUNT / 4];
    for (let index = 0; index < answers; index++) {
      const reason = this.#writeTun(index);
      if (reason !== TAKEN) this.#module.countDrop(reason);
    }
  }

  #send(
    place: number,
    fileDescriptor: number,
    messages: readonly Deno.PointerObject[],
    count: number,
  ): void {
    let next = 0;
    while (next < count) {
      const sent = this.#calls.sendmmsg(fileDescriptor, messages[next], count - next, MSG_DONTWAIT);
      if (sent > 0) {
        next += sent;
        continue;
      }
      const errno = lastErrno();
      if (errno === EINTR) continue;
      // No socket, or one that is full, stays so for the rest of the batch; another error is of one packet.
      const end = errno === EBADF || errno === EAGAIN ? count : next + 1;
      const reason = refusedSend(place, errno);
      for (; next < end; next++) {
        if (place === UDP) this.#module.refuseUdpSend(next, reason);
        else this.#module.refuseRawSend(next, reason);
      }
    }
  }

  #fromSocket(place: number, fileDescriptor: number, messages: Deno.PointerObject): void {
    if (this.#happened(place) === NOTHING) return;
    const count = this.#calls.recvmmsg(fileDescriptor, messages, map.BATCH, MSG_DONTWAIT, null);
    if (count <= 0) {
      const errno = lastErrno();
      if (errno === EBADF) this.#fault = "a socket was closed before the data path had let go of it";
      else if (errno !== EAGAIN && errno !== EINTR) this.#module.countSocketError();
      return;
    }
    if (place === UDP) this.#module.inboundUdp(count);
    else this.#module.inboundRaw(count);
    const packets = this.#words[map.TUN_WRITE_COUNT / 4];
    for (let index = 0; index < packets; index++) {
      const reason = this.#writeTun(index);
      if (reason !== TAKEN) this.#module.refuseTunWrite(index, reason);
    }
  }

  /** Why the TUN device does not take a packet, or TAKEN. */
  #writeTun(index: number): number {
    while (this.#calls.writev(this.#tun, this.#tunWrites[index], 1) < 0) {
      const errno = lastErrno();
      if (errno === EINTR) continue;
      return errno === EAGAIN || errno === ENOBUFS ? DropReason.tunFull : DropReason.tunWriteFailed;
    }
    return TAKEN;
  }
}

function refusedSend(place: number, errno: number): DropReason {
  if (errno === EBADF) return DropReason.noSocket;
  const isFull = errno === EAGAIN || errno === ENOBUFS;
  if (place === UDP) return isFull ? DropReason.udpSocketFull : DropReason.udpSendFailed;
  return isFull ? DropReason.rawSocketFull : DropReason.rawSendFailed;
}
