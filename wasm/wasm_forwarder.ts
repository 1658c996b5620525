import type { Ipv4HomeAddress } from "../core/control/settings.ts";
import type { Encapsulation, TunnelEnd } from "../core/control/tunnel.ts";
import type { Bound } from "../core/forwarding/bindings.ts";
import { DROP_REASON_NAMES, type ForwardingCounters } from "../core/forwarding/counters.ts";
import type {
  Forwarder,
  ForwarderSettings,
  InboundVerdict,
  OutboundVerdict,
  ReceivedDatagram,
  TunPacket,
  UpwardRecord,
} from "../core/forwarding/forwarder.ts";
import { segment } from "../core/forwarding/segmentation.ts";
import { type IpAddress, ipv6Octets, type Ipv6Prefix } from "../core/wire/address.ts";
import { BindingTableWriter } from "./binding_table.ts";
import { readCounters } from "./forwarder_counters.ts";
import {
  createForwarderMemory,
  ipv4Word,
  openForwarderMemory,
  writeIpv4HomeAddress,
  writeMobileNetworkPrefixes,
} from "./forwarder_memory.ts";
import { type ForwarderModule, instantiateForwarder } from "./forwarder_module.ts";
import { KernelView, packetAt, type SentMessage, slotOf } from "./kernel_view.ts";
import * as map from "./memory_map.ts";
import { UpwardRing } from "./upward_ring.ts";

export const ALL_OFFLOADS = map.OFFLOAD_UDP_SEGMENT | map.OFFLOAD_TUN_TCP | map.OFFLOAD_TUN_UDP;

const SEND_COUNTS: Readonly<Record<Encapsulation, number>> = {
  udp: map.UDP_SEND_COUNT,
  ipv6InIpv4: map.RAW_IPV4_SEND_COUNT,
  ipv6InIpv6: map.RAW_IPV6_SEND_COUNT,
};

export interface WasmForwarderOptions {
  readonly maximumBindings?: number;
  readonly seed?: bigint;
  /** Do packets of the TUN device have struct virtio_net_hdr in front? Default: yes. */
  readonly hasTunHeader?: boolean;
  /** The set of OFFLOAD_*; those of the TUN device need its header. Default: all. */
  readonly offloads?: number;
}

/** What a forwarder has asked of the kernel since it was made. */
export interface SystemCallCounts {
  readonly udpMessages: number;
  readonly rawMessages: number;
  readonly tunWrites: number;
}

/** An inner packet for the TUN device: its bytes, and its place among those of the call. */
export interface Delivery {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/**
 * The WASM forwarder without its Worker and without system calls: this class reads and writes the kernel's
 * structures in the shared memory as the kernel would, and cuts what was merged as the kernel would. For tests and
 * measurements.
 */
export class WasmForwarder implements Forwarder {
  readonly memory: WebAssembly.Memory;
  readonly module: ForwarderModule;
  readonly bindings: BindingTableWriter;
  readonly ring: UpwardRing;
  readonly kernel: KernelView;
  readonly #view: DataView;
  readonly #counts = { udpMessages: 0, rawMessages: 0, tunWrites: 0 };
  #deliveries: Delivery[] = [];

  constructor(settings: ForwarderSettings, options: WasmForwarderOptions = {}) {
    const { maximumBindings = 1024, seed = 0x5eed_5eed_5eedn, hasTunHeader = true } = options;
    const offloads = options.offloads ?? (hasTunHeader ? ALL_OFFLOADS : map.OFFLOAD_UDP_SEGMENT);
    this.memory = createForwarderMemory(maximumBindings);
    this.module = instantiateForwarder(this.memory);
    const { memory } = this;
    openForwarderMemory(this.module, {
      memory,
      settings,
      maximumBindings,
      base: 0n,
      seed,
      hasTunHeader,
      offloads,
    });
    this.bindings = new BindingTableWriter(this.module, memory);
    this.ring = new UpwardRing(memory);
    this.kernel = new KernelView(memory);
    this.#view = new DataView(memory.buffer);
  }

  setBinding(bound: Bound, tunnel: TunnelEnd, innerMtu: number): void {
    this.bindings.set(bound, tunnel, innerMtu);
  }

  removeBinding(bound: Bound): void {
    this.bindings.remove(bound);
  }

  setOuterSource(address: IpAddress): void {
    if (!address.includes(":")) return this.#view.setUint32(map.OUTER_IPV4_SOURCE, ipv4Word(address), true);
    new Uint8Array(this.memory.buffer).set(ipv6Octets(address), map.OUTER_IPV6_SOURCE);
  }

  setIpv4HomeAddress(home: Ipv4HomeAddress | undefined): void {
    writeIpv4HomeAddress(this.memory, map.OWN_IPV4_ADDRESS, home);
  }

  setMobileNetworkPrefixes(prefixes: readonly Ipv6Prefix[]): void {
    writeMobileNetworkPrefixes(this.memory, prefixes);
  }

  setSpis(spis: ReadonlySet<number>): void {
    this.bindings.setSpis(spis);
  }

  outbound(packets: readonly TunPacket[], nowMs: number): OutboundVerdict[] {
    this.placeOutbound(packets);
    this.setClock(nowMs);
    const verdicts = new Array<OutboundVerdict>(packets.length);
    for (let slot = 0; slot < packets.length;) {
      const next = this.module.outbound(slot, packets.length);
      if (next <= slot) throw new Error(`the forwarder stands still at slot ${slot}`);
      this.#collectOutbound(verdicts, slot, next);
      slot = next;
    }
    return verdicts;
  }

  inbound(
    encapsulation: Encapsulation,
    datagrams: readonly ReceivedDatagram[],
    nowMs: number,
  ): InboundVerdict[] {
    this.placeInbound(encapsulation, datagrams);
    this.setClock(nowMs);
    this.#deliveries = [];
    const places = new InnerPlaces(encapsulation, datagrams);
    const verdicts: InboundVerdict[] = [];
    const version = datagrams[0]?.innerVersion ?? 6;
    if (datagrams.some(({ innerVersion = 6 }) => innerVersion !== version)) {
      throw new Error("a batch from two sockets");
    }
    for (let isFirst = 1, isDone = 0; isDone === 0; isFirst = 0) {
      isDone = this.#receive(encapsulation, datagrams.length, isFirst, version);
      const count = this.#view.getUint32(map.VERDICT_COUNT, true);
      if (isDone === 0 && count === 0) throw new Error("the forwarder stands still");
      verdicts.push(...this.#inboundVerdicts(places, verdicts.length, count));
    }
    if (verdicts.length !== places.count) {
      throw new Error(`${verdicts.length} verdicts on ${places.count} packets`);
    }
    return verdicts;
  }

  /** What the last inbound call gave to the TUN device, in that order. */
  deliveries(): readonly Delivery[] {
    return this.#deliveries;
  }

  /** System calls so far, if each message and write took one. */
  systemCallCounts(): SystemCallCounts {
    return { ...this.#counts };
  }

  counters(): ForwardingCounters {
    const {
      refusedOutboundPackets: _1,
      refusedOutboundOctets: _2,
      refusedInboundPackets: _3,
      refusedInboundOctets: _4,
      socketErrors: _5,
      ...counters
    } = readCounters(this.memory);
    return counters;
  }

  /** As read() from the TUN device leaves them. */
  placeOutbound(packets: readonly TunPacket[]): void {
    for (const [slot, packet] of packets.entries()) this.kernel.placeTunPacket(slot, packet);
  }

  /** As recvmmsg() leaves them. */
  placeInbound(encapsulation: Encapsulation, datagrams: readonly ReceivedDatagram[]): void {
    for (const [slot, datagram] of datagrams.entries()) {
      this.kernel.placeDatagram(encapsulation, slot, datagram);
    }
  }

  setClock(nowMs: number): void {
    this.kernel.setClock(nowMs);
  }

  /** The verdicts of slots `first` up to `end`, which the last call has done. */
  #collectOutbound(verdicts: OutboundVerdict[], first: number, end: number): void {
    for (let slot = first; slot < end; slot++) {
      const reason = this.#verdict(slot - first);
      if (reason === map.PASSED) continue;
      verdicts[slot] = { kind: "drop", reason: DROP_REASON_NAMES[reason], answer: undefined };
    }
    this.#collectSends(verdicts, "udp");
    this.#collectSends(verdicts, "ipv6InIpv4");
    this.#collectSends(verdicts, "ipv6InIpv6");
    const writes = this.#view.getUint32(map.TUN_WRITE_COUNT, true);
    this.#counts.tunWrites += writes;
    for (let index = 0; index < writes; index++) {
      const { bytes, places } = this.kernel.tunWrite(index);
      const slot = slotOf(places[0]);
      const verdict = verdicts[slot];
      if (verdict?.kind !== "drop") throw new Error(`an answer about slot ${slot}, which passed`);
      verdicts[slot] = { ...verdict, answer: bytes };
    }
  }

  #collectSends(verdicts: OutboundVerdict[], encapsulation: Encapsulation): void {
    const count = this.#view.getUint32(SEND_COUNTS[encapsulation], true);
    this.#counts[encapsulation === "udp" ? "udpMessages" : "rawMessages"] += count;
    for (let index = 0; index < count; index++) {
      const message = this.#message(encapsulation, index);
      const { address, port, typeOfService } = message;
      for (const { slot, bytes } of message.datagrams) {
        const before = verdicts[slot];
        const isNext = before?.kind === "send" && before.address === address && before.port === port &&
          before.typeOfService === typeOfService && before.encapsulation === encapsulation;
        if (before !== undefined && !isNext) throw new Error(`datagrams of slot ${slot} go different ways`);
        const datagrams = isNext ? [...before.datagrams, bytes] : [bytes];
        verdicts[slot] = { kind: "send", encapsulation, address, port, typeOfService, datagrams };
      }
    }
  }

  #message(encapsulation: Encapsulation, index: number): SentMessage {
    if (encapsulation === "udp") return this.kernel.udpMessage(index);
    return encapsulation === "ipv6InIpv4"
      ? this.kernel.rawIpv4Message(index)
      : this.kernel.rawIpv6Message(index);
  }

  #receive(encapsulation: Encapsulation, count: number, isFirst: number, version: 4 | 6): number {
    if (encapsulation === "udp") return this.module.inboundUdp(count, isFirst);
    return encapsulation === "ipv6InIpv4"
      ? this.module.inboundRawIpv4(count, isFirst)
      : this.module.inboundRawIpv6(count, isFirst, version);
  }

  /** The `count` verdicts of one call on inner packets from `first` on. */
  #inboundVerdicts(places: InnerPlaces, first: number, count: number): InboundVerdict[] {
    const records = new Map<number, UpwardRecord>();
    for (let taken = this.ring.take(); taken !== undefined; taken = this.ring.take()) {
      records.set(taken.slot, taken.record);
    }
    const delivered = this.#takeWrites(places);
    return Array.from({ length: count }, (_, index) => {
      const reason = this.#verdict(index);
      const record = records.get(index);
      const bytes = delivered.get(first + index);
      if (reason !== map.PASSED) return { kind: "drop", reason: DROP_REASON_NAMES[reason], record };
      if (record !== undefined) return { kind: "signalling", record };
      if (bytes === undefined) throw new Error(`packet ${first + index} passed and went nowhere`);
      return { kind: "deliver", bytes };
    });
  }

  /** The packets of all writes of the last call, by their place among those of the batch. */
  #takeWrites(places: InnerPlaces): Map<number, Uint8Array> {
    const delivered = new Map<number, Uint8Array>();
    const count = this.#view.getUint32(map.TUN_WRITE_COUNT, true);
    this.#counts.tunWrites += count;
    for (let write = 0; write < count; write++) {
      const { header, bytes, places: pieces, ...noted } = this.kernel.tunWrite(write);
      const packets = header === undefined ? [bytes] : segment(bytes, header);
      if (packets.length !== pieces.length || packets.length !== noted.packets) {
        throw new Error(
          `the kernel makes ${packets.length} packets of ${pieces.length}, noted ${noted.packets}`,
        );
      }
      const octets = packets.reduce((sum, { length }) => sum + length, 0);
      if (octets !== noted.innerOctets) throw new Error(`${octets} octets, noted ${noted.innerOctets}`);
      for (const [number, packet] of packets.entries()) {
        const index = places.indexOf(pieces[number]);
        if (delivered.has(index)) throw new Error(`packet ${index} is delivered twice`);
        delivered.set(index, packet);
        this.#deliveries.push({ index, bytes: packet });
      }
    }
    return delivered;
  }

  #verdict(index: number): number {
    if (index >= map.VERDICT_CAPACITY) throw new RangeError(`verdict ${index} is not kept`);
    return this.#view.getInt32(map.VERDICTS + 4 * index, true);
  }
}

/** Which inner packet of a batch lies where. */
class InnerPlaces {
  /** Of all reads. */
  readonly count: number;
  /** Of each slot: the number of its first packet, and how far apart its packets are. */
  readonly #slots: { readonly first: number; readonly octets: number }[] = [];

  constructor(encapsulation: Encapsulation, datagrams: readonly ReceivedDatagram[]) {
    let first = 0;
    for (const { bytes, datagramOctets } of datagrams) {
      const octets = encapsulation === "udp" && datagramOctets || Infinity;
      this.#slots.push({ first, octets });
      first += Math.max(1, Math.ceil(bytes.length / octets));
    }
    this.count = first;
  }

  indexOf(place: number): number {
    const slot = slotOf(place);
    const { first, octets } = this.#slots[slot];
    return first + Math.floor((place - packetAt(slot)) / octets);
  }
}
