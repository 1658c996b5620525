import { DropReason } from "../../core/forwarding/drop_reason.ts";
import {
  CLOCK_MONOTONIC,
  type DataPathCalls,
  dataPathCalls,
  EBADF,
  MSG_DONTWAIT,
  pointerInto,
  pointersInto,
} from "../../ffi/data_path_calls.ts";
import {
  EAGAIN,
  EINTR,
  EINVAL,
  EIO,
  EMSGSIZE,
  ENOBUFS,
  EOPNOTSUPP,
  errnoName,
  lastErrno,
} from "../../ffi/errno.ts";
import { OwnScheduling } from "../../ffi/scheduling.ts";
import { type ForwarderModule, instantiateForwarder } from "../../wasm/forwarder_module.ts";
import * as map from "../../wasm/memory_map.ts";
import { Turns } from "./data_path_turns.ts";
import { NONE, Waiting } from "./data_path_waiting.ts";

/** Places of what is waited for; the sockets that are received from follow. */
const TUN = 0;
const EVENT = 1;
const FIRST_SOCKET = 2;
const PLACES = FIRST_SOCKET + map.RECEIVE_SOCKETS;
/** What is sent by. */
const UDP = 0;
const RAW_IPV4 = 1;
const RAW_IPV6 = 2;

/** sendmmsg() gives EBADF. */
const NO_SOCKET = NONE;
/** A round reads no more from the TUN device once it has this much: what is read should still be in the cache when sent. */
const BATCH_OCTETS = 256 * 1024;
/** A round that receives so many datagrams, or sends so many octets, has much to do for the socket. */
const MANY_DATAGRAMS = 16;
const MANY_OCTETS = 16 * 1024;
/** How a kernel or a device says that it cannot cut a message after all (udp(7) and the kernel's udp_send_skb). */
const SEGMENT_REFUSALS: readonly number[] = [EINVAL, EIO, EMSGSIZE, EOPNOTSUPP];
/** How a TUN device that is down refuses everything, merged or not. */
const TUN_IS_DOWN = EIO;
/** The TUN device has the packet. */
const TAKEN = 0;
const CLOSED_TOO_EARLY = "a socket was closed before the data path had let go of it";

/**
 * Moves packets between the TUN device and the sockets until it is told to stop. Each round takes at most one
 * batch from each of them, so that none waits for the others; what the kernel does not take at once is dropped
 * and counted. Once it runs, nothing is allocated for a packet.
 *
 * A round: wait -> commands -> signalling, as UDP
 *   TUN: read until empty -> outbound -> sendmmsg (UDP, raw in IPv4, raw in IPv6), writev (ICMP errors)
 *   UDP, raw: recvmmsg -> inbound -> writev for each packet; the ring wakes control
 */
export class DataPathLoop {
  readonly #calls: DataPathCalls = dataPathCalls;
  readonly #module: ForwarderModule;
  readonly #words: Int32Array;
  readonly #tun: number;
  readonly #event: number;
  readonly #waiting: Waiting;
  /** struct virtio_net_hdr in front of each packet: its octets, and what a read asks for with it. */
  readonly #tunHeaderOctets: number;
  readonly #tunReadOctets: number;
  #udp = NO_SOCKET;
  #rawIpv4 = NO_SOCKET;
  #rawIpv6 = NO_SOCKET;
  /** Sockets that are received from, what each of them receives (RECEIVE_*); those for signalling come first. */
  readonly #kinds = new Int32Array(map.RECEIVE_SOCKETS);
  #socketCount = 0;
  #signallingCount = 0;
  /** The descriptor that each place is to have, or NONE. */
  readonly #wanted = new Int32Array(PLACES).fill(NONE);
  /** Where the sockets are received from that are sent by. */
  #udpPlace = NONE;
  #rawIpv4Place = NONE;
  /**
   * Reads of the TUN device in the next round: twice as many after a round that found enough. So a lone packet costs no
   * second read to learn that it is alone, and a flood goes in whole batches.
   */
  #tunLimit = 1;
  /** Why the loop cannot go on; empty while it can. */
  #fault = "";
  #isStopped = false;

  // Places in the shared memory, as the kernel sees them.
  readonly #eventValue: Deno.PointerObject;
  readonly #tunReads: readonly Deno.PointerObject[];
  readonly #udpReceive: Deno.PointerObject;
  readonly #rawIpv4Receive: Deno.PointerObject;
  readonly #rawIpv6Receive: Deno.PointerObject;
  readonly #udpSends: readonly Deno.PointerObject[];
  readonly #rawIpv4Sends: readonly Deno.PointerObject[];
  readonly #rawIpv6Sends: readonly Deno.PointerObject[];
  readonly #tunWrites: readonly Deno.PointerObject[];

  constructor({ memory, tunFileDescriptor, eventFileDescriptor }: {
    readonly memory: WebAssembly.Memory;
    readonly tunFileDescriptor: number;
    readonly eventFileDescriptor: number;
  }) {
    const clock = pointerInto(memory, map.CLOCK);
    this.#module = instantiateForwarder(memory, () => {
      this.#calls.clockGettime(CLOCK_MONOTONIC, clock);
    });
    this.#words = new Int32Array(memory.buffer);
    this.#tun = tunFileDescriptor;
    this.#event = eventFileDescriptor;
    this.#waiting = new Waiting(memory, PLACES);
    const each = (start: number, stride: number, length: number) =>
      pointersInto(memory, { start, stride, length });
    this.#tunHeaderOctets = this.#words[map.TUN_HEADER_OCTETS / 4];
    this.#tunReadOctets = map.SLOT_CAPACITY + this.#tunHeaderOctets;
    this.#eventValue = pointerInto(memory, map.EVENT_VALUE);
    this.#tunReads = each(map.SLOTS + map.HEADROOM - this.#tunHeaderOctets, map.SLOT_STRIDE, map.BATCH);
    this.#udpReceive = pointerInto(memory, map.UDP_RECEIVE_MESSAGES);
    this.#rawIpv4Receive = pointerInto(memory, map.RAW_IPV4_RECEIVE_MESSAGES);
    this.#rawIpv6Receive = pointerInto(memory, map.RAW_IPV6_RECEIVE_MESSAGES);
    this.#udpSends = each(map.UDP_SEND_MESSAGES, map.MESSAGE_OCTETS, map.UDP_MESSAGES);
    this.#rawIpv4Sends = each(map.RAW_IPV4_SEND_MESSAGES, map.MESSAGE_OCTETS, map.DATAGRAMS);
    this.#rawIpv6Sends = each(map.RAW_IPV6_SEND_MESSAGES, map.MESSAGE_OCTETS, map.DATAGRAMS);
    this.#tunWrites = each(map.TUN_WRITE_VECTORS, map.TUN_WRITE_VECTORS_OCTETS, map.ALL_TUN_WRITES);
    this.#wanted[EVENT] = eventFileDescriptor;
    this.#obey();
  }

  /** Returns when told to stop, with "", or when the loop cannot go on, with the reason. */
  run(): string {
    using scheduling = OwnScheduling.open();
    const turns = scheduling && new Turns(scheduling);
    const waiting = this.#waiting;
    while (this.#fault === "" && !this.#isStopped) {
      waiting.wait();
      if (waiting.fault !== "") this.#fault = waiting.fault;
      if ((waiting.found & 1 << EVENT) !== 0) {
        this.#calls.read(this.#event, this.#eventValue, 8);
        // The first command may have been obeyed before its event is seen: then control may be writing the next one now.
        if (this.#hasCommand()) this.#obey();
        this.#isStopped = this.#words[map.COMMAND_STOP / 4] !== 0;
      }
      // Not in functions: called so often, V8 would compile them in the middle of the first packets.
      for (let socket = 0; socket < this.#signallingCount; socket++) {
        if ((waiting.found & 1 << FIRST_SOCKET + socket) !== 0) this.#fromSocket(socket);
      }
      if ((waiting.found & 1 << TUN) !== 0) this.#fromTun();
      for (let socket = this.#signallingCount; socket < this.#socketCount; socket++) {
        if ((waiting.found & 1 << FIRST_SOCKET + socket) !== 0) this.#fromSocket(socket);
      }
      turns?.afterRound();
    }
    waiting.close();
    return this.#fault;
  }

  /** Takes the sockets and the IPv4 home address that control names, holds what the TUN device has or not. */
  #obey(): void {
    const words = this.#words;
    const sequence = Atomics.load(words, map.COMMAND_SEQUENCE / 4);
    this.#udp = words[map.COMMAND_UDP_DESCRIPTOR / 4];
    this.#rawIpv4 = words[map.COMMAND_RAW_IPV4_DESCRIPTOR / 4];
    this.#rawIpv6 = words[map.COMMAND_RAW_IPV6_DESCRIPTOR / 4];
    this.#socketCount = words[map.COMMAND_RECEIVE_COUNT / 4];
    this.#wanted.fill(NONE, FIRST_SOCKET);
    this.#wanted[TUN] = words[map.COMMAND_HOLD_TUN / 4] === 0 ? this.#tun : NONE;
    this.#signallingCount = 0;
    for (let socket = 0; socket < this.#socketCount; socket++) {
      const command = (map.COMMAND_RECEIVE + socket * map.RECEIVE_OCTETS) / 4;
      this.#wanted[FIRST_SOCKET + socket] = words[command];
      this.#kinds[socket] = words[command + 1];
      if (words[command + 1] === map.RECEIVE_SIGNALLING) this.#signallingCount++;
    }
    this.#udpPlace = this.#wanted.indexOf(this.#udp, FIRST_SOCKET);
    this.#rawIpv4Place = this.#wanted.indexOf(this.#rawIpv4, FIRST_SOCKET);
    this.#watchWanted();
    words[map.OUTER_IPV4_SOURCE / 4] = words[map.COMMAND_OUTER_IPV4_SOURCE / 4];
    for (let word = 0; word < 4; word++) {
      words[map.OUTER_IPV6_SOURCE / 4 + word] = words[map.COMMAND_OUTER_IPV6_SOURCE / 4 + word];
    }
    if (words[map.ROLE / 4] === map.MOBILE_NODE_ROLE) {
      words[map.OWN_IPV4_ADDRESS / 4] = words[map.COMMAND_IPV4_HOME_ADDRESS / 4];
      words[map.OWN_IPV4_MASK / 4] = words[map.COMMAND_IPV4_HOME_MASK / 4];
    }
    this.#switchOff(map.OFFLOAD_UDP_SEGMENT);
    words[map.OFFLOADS / 4] |= words[map.COMMAND_SOCKET_OFFLOADS / 4];
    Atomics.store(words, map.COMMAND_DONE / 4, sequence);
    Atomics.notify(words, map.COMMAND_DONE / 4);
  }

  #hasCommand(): boolean {
    const words = this.#words;
    return Atomics.load(words, map.COMMAND_SEQUENCE / 4) !== Atomics.load(words, map.COMMAND_DONE / 4);
  }

  #watchWanted(): void {
    const refused = this.#waiting.watch(this.#wanted);
    if (refused === undefined) return;
    const isClosedSocket = refused.place >= FIRST_SOCKET && refused.errno === EBADF;
    this.#fault = isClosedSocket ? CLOSED_TOO_EARLY : `epoll_ctl: ${errnoName(refused.errno)}`;
  }

  #fromTun(): void {
    const words = this.#words;
    const limit = this.#tunLimit;
    this.#tunLimit = Math.min(map.BATCH, 2 * limit);
    let count = 0;
    let total = 0;
    while (count < limit && total < BATCH_OCTETS) {
      const octets = this.#calls.read(this.#tun, this.#tunReads[count], this.#tunReadOctets);
      if (octets < 0) {
        const errno = lastErrno();
        if (errno === EINTR) continue;
        if (errno !== EAGAIN) this.#fault = `the TUN device is gone (read: ${errnoName(errno)})`;
        this.#tunLimit = Math.max(1, count);
        break;
      }
      words[map.SLOT_LENGTHS / 4 + count] = Math.max(0, octets - this.#tunHeaderOctets);
      total += octets;
      count++;
    }
    if (count >= MANY_DATAGRAMS) this.#waiting.noteLarge(TUN);
    for (let slot = 0; slot < count;) {
      slot = this.#module.outbound(slot, count);
      if (total >= MANY_OCTETS) this.#noteLargeSends();
      this.#send(UDP, this.#udp, this.#udpSends, 0, words[map.UDP_SEND_COUNT / 4]);
      this.#send(RAW_IPV4, this.#rawIpv4, this.#rawIpv4Sends, 0, words[map.RAW_IPV4_SEND_COUNT / 4]);
      this.#send(RAW_IPV6, this.#rawIpv6, this.#rawIpv6Sends, 0, words[map.RAW_IPV6_SEND_COUNT / 4]);
      const answers = words[map.TUN_WRITE_COUNT / 4];
      for (let index = 0; index < answers; index++) {
        const errno = this.#writeTun(index);
        if (errno !== TAKEN) this.#module.countDrop(refusedWrite(errno));
      }
    }
  }

  #noteLargeSends(): void {
    const words = this.#words;
    if (words[map.UDP_SEND_COUNT / 4] > 0) this.#waiting.noteLarge(this.#udpPlace);
    if (words[map.RAW_IPV4_SEND_COUNT / 4] > 0) this.#waiting.noteLarge(this.#rawIpv4Place);
  }

  /** Sends messages `first` up to `end` of a list. */
  #send(
    place: number,
    fileDescriptor: number,
    messages: readonly Deno.PointerObject[],
    first: number,
    end: number,
  ): void {
    let next = first;
    while (next < end) {
      const sent = this.#calls.sendmmsg(fileDescriptor, messages[next], end - next, MSG_DONTWAIT);
      if (sent > 0) {
        next += sent;
        continue;
      }
      const errno = lastErrno();
      if (errno === EINTR) continue;
      if (place === UDP && this.#isSegmented(next) && SEGMENT_REFUSALS.includes(errno)) {
        // EINVAL and EMSGSIZE are about the way to this one place: its MTU is too small for the segments.
        if (errno === EIO || errno === EOPNOTSUPP) this.#switchOff(map.OFFLOAD_UDP_SEGMENT);
        const count = this.#module.splitMessage(next);
        this.#send(UDP, fileDescriptor, messages, map.SPLIT_MESSAGES, map.SPLIT_MESSAGES + count);
        next++;
        continue;
      }
      // No socket, or one that is full, stays so for the rest of the batch; another error is of one message.
      const refused = errno === EBADF || errno === EAGAIN ? end : next + 1;
      const reason = refusedSend(place, errno);
      for (; next < refused; next++) {
        if (place === UDP) this.#module.refuseUdpSend(next, reason);
        else if (place === RAW_IPV4) this.#module.refuseRawIpv4Send(next, reason);
        else this.#module.refuseRawIpv6Send(next, reason);
      }
    }
  }

  /** Does this message carry several datagrams? */
  #isSegmented(index: number): boolean {
    return this.#words[map.UDP_SEND_NOTES / 4 + 2 * index] > 1;
  }

  #switchOff(offload: number): void {
    this.#words[map.OFFLOADS / 4] &= ~offload;
  }

  #fromSocket(socket: number): void {
    const fileDescriptor = this.#waiting.descriptor(FIRST_SOCKET + socket);
    const kind = this.#kinds[socket];
    const messages = this.#messages(kind);
    const count = this.#calls.recvmmsg(fileDescriptor, messages, map.BATCH, MSG_DONTWAIT, null);
    if (count <= 0) {
      const errno = lastErrno();
      if (errno === EBADF) this.#fault = CLOSED_TOO_EARLY;
      else if (errno !== EAGAIN && errno !== EINTR) this.#module.countSocketError();
      return;
    }
    if (count >= MANY_DATAGRAMS) this.#waiting.noteLarge(FIRST_SOCKET + socket);
    for (let isFirst = 1, isDone = 0; isDone === 0; isFirst = 0) {
      isDone = this.#inbound(kind, count, isFirst);
      const writes = this.#words[map.TUN_WRITE_COUNT / 4];
      for (let index = 0; index < writes; index++) this.#deliver(index);
    }
  }

  #messages(kind: number): Deno.PointerObject {
    if (kind === map.RECEIVE_RAW_IPV4) return this.#rawIpv4Receive;
    if (kind === map.RECEIVE_IPV6_IN_IPV6 || kind === map.RECEIVE_IPV4_IN_IPV6) return this.#rawIpv6Receive;
    return this.#udpReceive;
  }

  #inbound(kind: number, count: number, isFirst: number): number {
    if (kind === map.RECEIVE_RAW_IPV4) return this.#module.inboundRawIpv4(count, isFirst);
    if (kind === map.RECEIVE_IPV6_IN_IPV6) return this.#module.inboundRawIpv6(count, isFirst, 6);
    if (kind === map.RECEIVE_IPV4_IN_IPV6) return this.#module.inboundRawIpv6(count, isFirst, 4);
    return this.#module.inboundUdp(count, isFirst);
  }

  #deliver(index: number): void {
    const errno = this.#writeTun(index);
    if (errno === TAKEN) return;
    if (isFull(errno) || errno === TUN_IS_DOWN || this.#note(index, map.NOTE_PACKETS) === 1) {
      return this.#module.refuseTunWrite(index, refusedWrite(errno));
    }
    this.#switchOff(map.OFFLOAD_TUN_TCP | map.OFFLOAD_TUN_UDP);
    const count = this.#module.splitWrite(index);
    for (let split = map.SPLIT_WRITES; split < map.SPLIT_WRITES + count; split++) this.#deliver(split);
  }

  #note(write: number, field: number): number {
    return this.#words[(map.TUN_WRITE_NOTES + write * map.NOTE_OCTETS + field) / 4];
  }

  /** The errno with which the TUN device does not take a write, or TAKEN. */
  #writeTun(index: number): number {
    const vectors = this.#note(index, map.NOTE_VECTOR_COUNT);
    while (this.#calls.writev(this.#tun, this.#tunWrites[index], vectors) < 0) {
      const errno = lastErrno();
      if (errno !== EINTR) return errno;
    }
    return TAKEN;
  }
}

function isFull(errno: number): boolean {
  return errno === EAGAIN || errno === ENOBUFS;
}

function refusedWrite(errno: number): DropReason {
  return isFull(errno) ? DropReason.tunFull : DropReason.tunWriteFailed;
}

function refusedSend(place: number, errno: number): DropReason {
  if (errno === EBADF) return DropReason.noSocket;
  if (place === UDP) return isFull(errno) ? DropReason.udpSocketFull : DropReason.udpSendFailed;
  return isFull(errno) ? DropReason.rawSocketFull : DropReason.rawSendFailed;
}
