import type { Encapsulation, TunnelEnd } from "../core/control/tunnel.ts";
import { DROP_REASON_NAMES, type ForwardingCounters } from "../core/forwarding/counters.ts";
import type {
  Forwarder,
  ForwarderSettings,
  InboundVerdict,
  OutboundVerdict,
  ReceivedDatagram,
  UpwardRecord,
} from "../core/forwarding/forwarder.ts";
import { formatIpv4, type Ipv4Address, type Ipv6Address, parseIpv4 } from "../core/wire/address.ts";
import { BindingTableWriter } from "./binding_table.ts";
import { readCounters } from "./forwarder_counters.ts";
import { createForwarderMemory, ipv4Word, openForwarderMemory } from "./forwarder_memory.ts";
import { type ForwarderModule, instantiateForwarder } from "./forwarder_module.ts";
import * as map from "./memory_map.ts";
import { UpwardRing } from "./upward_ring.ts";

/**
 * The WASM forwarder without its Worker and without system calls: this class reads and writes the kernel's
 * structures in the shared memory as the kernel would. For tests and measurements.
 */
export class WasmForwarder implements Forwarder {
  readonly memory: WebAssembly.Memory;
  readonly module: ForwarderModule;
  readonly bindings: BindingTableWriter;
  readonly ring: UpwardRing;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(settings: ForwarderSettings, { maximumBindings = 1024, seed = 0x5eed_5eed_5eedn } = {}) {
    this.memory = createForwarderMemory(maximumBindings);
    this.module = instantiateForwarder(this.memory);
    openForwarderMemory(this.module, { memory: this.memory, settings, maximumBindings, base: 0n, seed });
    this.bindings = new BindingTableWriter(this.module, this.memory);
    this.ring = new UpwardRing(this.memory);
    this.#bytes = new Uint8Array(this.memory.buffer);
    this.#view = new DataView(this.memory.buffer);
  }

  setBinding(homeAddress: Ipv6Address, tunnel: TunnelEnd, innerMtu: number): void {
    this.bindings.set(homeAddress, tunnel, innerMtu);
  }

  removeBinding(homeAddress: Ipv6Address): void {
    this.bindings.remove(homeAddress);
  }

  setOuterSource(address: Ipv4Address): void {
    this.#view.setUint32(map.OUTER_SOURCE, ipv4Word(address), true);
  }

  outbound(packets: readonly Uint8Array[], nowMs: number): OutboundVerdict[] {
    this.placeOutbound(packets);
    this.setClock(nowMs);
    this.module.outbound(packets.length);
    return this.#outboundVerdicts(packets.length);
  }

  inbound(
    encapsulation: Encapsulation,
    datagrams: readonly ReceivedDatagram[],
    nowMs: number,
  ): InboundVerdict[] {
    this.placeInbound(encapsulation, datagrams);
    this.setClock(nowMs);
    if (encapsulation === "udp") this.module.inboundUdp(datagrams.length);
    else this.module.inboundRaw(datagrams.length);
    return this.#inboundVerdicts(datagrams.length);
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
  placeOutbound(packets: readonly Uint8Array[]): void {
    for (const [slot, packet] of packets.entries()) {
      const octets = packet.subarray(0, map.SLOT_CAPACITY);
      this.#bytes.set(octets, packetAt(slot));
      this.#view.setUint32(map.SLOT_LENGTHS + 4 * slot, octets.length, true);
    }
  }

  /** As recvmmsg() leaves them. */
  placeInbound(encapsulation: Encapsulation, datagrams: readonly ReceivedDatagram[]): void {
    for (const [slot, datagram] of datagrams.entries()) {
      const octets = datagram.bytes.subarray(0, map.SLOT_CAPACITY);
      this.#bytes.set(octets, packetAt(slot));
      const messages = encapsulation === "udp" ? map.UDP_RECEIVE_MESSAGES : map.RAW_RECEIVE_MESSAGES;
      const message = messages + slot * map.MESSAGE_OCTETS;
      this.#view.setUint32(message + map.MESSAGE_LENGTH, octets.length, true);
      if (encapsulation === "udp") this.#placeNameAndControl(message, datagram);
    }
  }

  setClock(nowMs: number): void {
    this.#view.setBigInt64(map.CLOCK, BigInt(Math.floor(nowMs / 1000)), true);
    this.#view.setBigInt64(map.CLOCK + 8, BigInt(nowMs % 1000 * 1_000_000), true);
  }

  #placeNameAndControl(message: number, { source, typeOfService }: ReceivedDatagram): void {
    const view = this.#view;
    const name = Number(view.getBigUint64(message + map.MESSAGE_NAME, true));
    view.setUint16(name + map.NAME_PORT, source.port);
    this.#bytes.set(parseIpv4(source.address)!, name + map.NAME_ADDRESS);
    const control = Number(view.getBigUint64(message + map.MESSAGE_CONTROL, true));
    const room = Number(view.getBigUint64(message + map.MESSAGE_CONTROL_LENGTH, true));
    if (room !== map.CONTROL_OCTETS) throw new Error(`message not ready to receive: room for ${room} octets`);
    view.setBigUint64(control + map.CONTROL_LENGTH, BigInt(map.CONTROL_HEADER_OCTETS + 1), true);
    view.setUint32(control + map.CONTROL_LEVEL, map.IPPROTO_IP, true);
    view.setUint32(control + map.CONTROL_TYPE, map.IP_TOS, true);
    view.setUint8(control + map.CONTROL_DATA, typeOfService);
    const used = BigInt(map.CONTROL_HEADER_OCTETS + 8);
    view.setBigUint64(message + map.MESSAGE_CONTROL_LENGTH, used, true);
  }

  #outboundVerdicts(count: number): OutboundVerdict[] {
    const verdicts = new Array<OutboundVerdict>(count);
    for (let slot = 0; slot < count; slot++) {
      const reason = this.#verdict(slot);
      if (reason === map.PASSED) continue;
      verdicts[slot] = { kind: "drop", reason: DROP_REASON_NAMES[reason], answer: undefined };
    }
    this.#collectSends(verdicts, "udp");
    this.#collectSends(verdicts, "ipv6InIpv4");
    for (const { slot, bytes } of this.#tunWrites()) {
      const verdict = verdicts[slot];
      if (verdict?.kind !== "drop") throw new Error(`an answer about slot ${slot}, which passed`);
      verdicts[slot] = { ...verdict, answer: bytes };
    }
    return verdicts;
  }

  #collectSends(verdicts: OutboundVerdict[], encapsulation: Encapsulation): void {
    const view = this.#view;
    const isUdp = encapsulation === "udp";
    const messages = isUdp ? map.UDP_SEND_MESSAGES : map.RAW_SEND_MESSAGES;
    const count = view.getUint32(isUdp ? map.UDP_SEND_COUNT : map.RAW_SEND_COUNT, true);
    for (let index = 0; index < count; index++) {
      const message = messages + index * map.MESSAGE_OCTETS;
      const name = Number(view.getBigUint64(message + map.MESSAGE_NAME, true));
      if (view.getUint16(name + map.NAME_FAMILY, true) !== map.AF_INET) throw new Error("no AF_INET");
      const { slot, bytes } = this.#vector(
        Number(view.getBigUint64(message + map.MESSAGE_VECTORS, true)),
      );
      verdicts[slot] = {
        kind: "send",
        encapsulation,
        address: formatIpv4(this.#bytes, name + map.NAME_ADDRESS),
        port: view.getUint16(name + map.NAME_PORT),
        typeOfService: isUdp ? this.#sentTypeOfService(message) : bytes[1],
        bytes,
      };
    }
  }

  /** What the kernel would make of the control message IP_TOS. */
  #sentTypeOfService(message: number): number {
    const view = this.#view;
    if (view.getBigUint64(message + map.MESSAGE_CONTROL_LENGTH, true) === 0n) return 0;
    const control = Number(view.getBigUint64(message + map.MESSAGE_CONTROL, true));
    const isTos = view.getBigUint64(control + map.CONTROL_LENGTH, true) === 20n &&
      view.getUint32(control + map.CONTROL_LEVEL, true) === map.IPPROTO_IP &&
      view.getUint32(control + map.CONTROL_TYPE, true) === map.IP_TOS;
    if (!isTos) throw new Error("not an IP_TOS control message");
    return view.getInt32(control + map.CONTROL_DATA, true);
  }

  #inboundVerdicts(count: number): InboundVerdict[] {
    const records: (UpwardRecord | undefined)[] = new Array(count);
    for (let taken = this.ring.take(); taken !== undefined; taken = this.ring.take()) {
      records[taken.slot] = taken.record;
    }
    const delivered: (Uint8Array | undefined)[] = new Array(count);
    for (const { slot, bytes } of this.#tunWrites()) delivered[slot] = bytes;
    const verdicts: InboundVerdict[] = [];
    for (let slot = 0; slot < count; slot++) {
      const reason = this.#verdict(slot);
      const record = records[slot];
      const bytes = delivered[slot];
      if (reason !== map.PASSED) verdicts.push({ kind: "drop", reason: DROP_REASON_NAMES[reason], record });
      else if (record !== undefined) verdicts.push({ kind: "signalling", record });
      else if (bytes !== undefined) verdicts.push({ kind: "deliver", bytes });
      else throw new Error(`slot ${slot} passed and went nowhere`);
    }
    return verdicts;
  }

  #verdict(slot: number): number {
    return this.#view.getInt32(map.SLOT_VERDICTS + 4 * slot, true);
  }

  #tunWrites(): { readonly slot: number; readonly bytes: Uint8Array }[] {
    const count = this.#view.getUint32(map.TUN_WRITE_COUNT, true);
    return Array.from(
      { length: count },
      (_, index) => this.#vector(map.TUN_WRITE_VECTORS + index * map.VECTOR_OCTETS),
    );
  }

  #vector(vector: number): { readonly slot: number; readonly bytes: Uint8Array } {
    const start = Number(this.#view.getBigUint64(vector + map.VECTOR_BASE, true));
    const octets = Number(this.#view.getBigUint64(vector + map.VECTOR_LENGTH, true));
    const slot = Math.floor((start - map.SLOTS) / map.SLOT_STRIDE);
    return { slot, bytes: this.#bytes.slice(start, start + octets) };
  }
}

function packetAt(slot: number): number {
  return map.SLOTS + map.HEADROOM + slot * map.SLOT_STRIDE;
}
