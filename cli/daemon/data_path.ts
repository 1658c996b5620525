import type { Ipv4HomeAddress } from "../../core/control/settings.ts";
import type { TunnelEnd } from "../../core/control/tunnel.ts";
import type { DropReasonName } from "../../core/forwarding/counters.ts";
import type { UpwardRecord } from "../../core/forwarding/forwarder.ts";
import { type Ipv4Address, type Ipv6Address, type Ipv6Prefix } from "../../core/wire/address.ts";
import { CLOCK_MONOTONIC, dataPathCalls, memoryBase, pointerInto } from "../../ffi/data_path_calls.ts";
import { openEventFd, signalEventFd } from "../../ffi/event_fd.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { adviseHugePages } from "../../ffi/huge_pages.ts";
import { NO_TUN_OFFLOADS, type TunOffloads } from "../../ffi/tun_offloads.ts";
import { BindingTableWriter } from "../../wasm/binding_table.ts";
import { readCounters } from "../../wasm/forwarder_counters.ts";
import {
  checkMobileNetworkPrefixes,
  createForwarderMemory,
  keepMobileNetworkPrefixes,
  openForwarderMemory,
  writeIpv4HomeAddress,
  writeMobileNetworkPrefixes,
} from "../../wasm/forwarder_memory.ts";
import { instantiateForwarder } from "../../wasm/forwarder_module.ts";
import * as map from "../../wasm/memory_map.ts";
import { UpwardRing } from "../../wasm/upward_ring.ts";
import { type DataPathSockets, writeSockets } from "./data_path_sockets.ts";
import { type DataPathEnd, type DataPathStart, startDataPathWorker } from "./data_path_worker.ts";

const DEFAULT_MAXIMUM_BINDINGS = 65_536;
/** Mobile node: its tunnel, and the SPIs of its security associations. Our own limit. */
const MOBILE_NODE_ENTRIES = 64;
/** Records that go up before other things get their turn. */
const RECORDS_AT_ONCE = 64;

export type DataPathOptions =
  & {
    /** Non-blocking, IFF_TUN | IFF_NO_PI. Stays the caller's: close it after close(). */
    readonly tunFileDescriptor: number;
    /** Default: none. */
    readonly tunOffloads?: TunOffloads;
    /** `arrivedMs` is on the clock of performance.now(). */
    readonly onSignalling: (record: UpwardRecord) => void;
    /** The data path has ended by itself: the TUN device is gone, or a bug. Called once. */
    readonly onFailure: (error: Error) => void;
  }
  & (
    | {
      readonly role: "homeAgent";
      /** Inner destination of signalling; source of Packet Too Big. */
      readonly homeAgentAddress: Ipv6Address;
      /** Source of ICMPv4 errors; without it, none are sent. */
      readonly homeAgentIpv4Address?: Ipv4Address;
      /** Default 65536. */
      readonly maximumBindings?: number;
    }
    | {
      readonly role: "mobileNode";
      readonly homeAddress: Ipv6Address;
      /** The networks behind a mobile router; at most 16. */
      readonly mobileNetworkPrefixes?: readonly Ipv6Prefix[];
      /** The only outer addresses that anything is taken from; without the second, nothing comes over IPv4. */
      readonly homeAgentAddress: Ipv6Address;
      readonly homeAgentIpv4Address?: Ipv4Address;
    }
  );

export interface DataPathCounters {
  /** Out through a socket; octets of inner packets. */
  readonly sent: { readonly packets: number; readonly octets: number };
  /** Into the TUN device. */
  readonly received: { readonly packets: number; readonly octets: number };
  readonly signallingPackets: number;
  readonly unboundReports: number;
  readonly packetTooBigSent: number;
  /** Errors that a socket had waiting when it was read: of an earlier packet, or of its interface. */
  readonly socketErrors: number;
  /** Only the reasons that have occurred. */
  readonly dropped: Readonly<Partial<Record<DropReasonName, number>>>;
}

/**
 * Packets between the TUN device and the outer sockets, in a Worker of their own. This side shares its memory: it
 * writes the binding table and the commands, reads the counters, and takes the records that go up.
 */
export class DataPath {
  /** Home agent: where the traffic of each home address goes. `set` throws when the table is full. */
  readonly bindings: BindingTableWriter;
  readonly #options: DataPathOptions;
  readonly #memory: WebAssembly.Memory;
  readonly #words: Int32Array;
  readonly #ring: UpwardRing;
  readonly #event = openEventFd();
  readonly #clockOffsetMs: number;
  readonly #end = Promise.withResolvers<void>();
  readonly #records: Promise<void>;
  #hasStarted = false;
  #hasEnded = false;
  #fault: Error | undefined;
  #lastCommand: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  /** Resolves when packets can flow. @throws Error when the Worker cannot start */
  static async start(options: DataPathOptions): Promise<DataPath> {
    const dataPath = new DataPath(options);
    await dataPath.setSockets({});
    dataPath.#hasStarted = true;
    if (dataPath.#fault === undefined) return dataPath;
    await dataPath.close();
    throw dataPath.#fault;
  }

  private constructor(options: DataPathOptions) {
    const maximumBindings = options.role === "homeAgent"
      ? options.maximumBindings ?? DEFAULT_MAXIMUM_BINDINGS
      : MOBILE_NODE_ENTRIES;
    const memory = createForwarderMemory(maximumBindings);
    if (options.role === "homeAgent") adviseHugePages(memory);
    const module = instantiateForwarder(memory);
    const offloads = options.tunOffloads ?? NO_TUN_OFFLOADS;
    const [seed] = crypto.getRandomValues(new BigUint64Array(1));
    openForwarderMemory(module, {
      memory,
      settings: options,
      maximumBindings,
      base: memoryBase(memory),
      seed,
      hasTunHeader: offloads.header,
      offloads: (offloads.tcp ? map.OFFLOAD_TUN_TCP : 0) | (offloads.udp ? map.OFFLOAD_TUN_UDP : 0),
    });
    this.bindings = new BindingTableWriter(module, memory);
    this.#options = options;
    this.#memory = memory;
    this.#words = new Int32Array(memory.buffer);
    this.#ring = new UpwardRing(memory);
    this.#clockOffsetMs = performance.now() - monotonicMs(memory);
    this.#startWorker({
      memory,
      tunFileDescriptor: options.tunFileDescriptor,
      eventFileDescriptor: this.#event,
    });
    this.#records = this.#takeRecords();
  }

  /** Resolves when the Worker has let go of the sockets that it had: only then close those. */
  setSockets(sockets: DataPathSockets): Promise<void> {
    return this.#command(() => writeSockets(this.#memory, sockets));
  }

  /** Mobile node: what the TUN device has waits there, as much as its queue takes, until it is no longer held. */
  holdTraffic(isHeld: boolean): Promise<void> {
    return this.#command(() => this.#words[map.COMMAND_HOLD_TUN / 4] = Number(isHeld));
  }

  /** Mobile node: IPv4 from and to this address, and the prefix around it, is carried; with none, none is. */
  setIpv4HomeAddress(home: Ipv4HomeAddress | undefined): Promise<void> {
    return this.#command(() => writeIpv4HomeAddress(this.#memory, map.COMMAND_IPV4_HOME_ADDRESS, home));
  }

  /**
   * Mobile node: its mobile network prefixes from now on. Those that stand in the same places at the beginning stay in force
   * all the time. @throws RangeError when there are too many
   */
  setMobileNetworkPrefixes(prefixes: readonly Ipv6Prefix[]): Promise<void> {
    checkMobileNetworkPrefixes(prefixes);
    void this.#command(() => keepMobileNetworkPrefixes(this.#memory, prefixes));
    return this.#command(() => writeMobileNetworkPrefixes(this.#memory, prefixes));
  }

  /** Mobile node: traffic of the home addresses goes this way. */
  setTunnel(tunnel: TunnelEnd, innerMtu: number): void {
    this.bindings.set(this.#homeAddress(), tunnel, innerMtu);
  }

  clearTunnel(): void {
    this.bindings.remove(this.#homeAddress());
  }

  counters(): DataPathCounters {
    const counters = readCounters(this.#memory);
    return {
      sent: {
        packets: counters.encapsulatedPackets - counters.refusedOutboundPackets,
        octets: counters.encapsulatedOctets - counters.refusedOutboundOctets,
      },
      received: {
        packets: counters.decapsulatedPackets - counters.refusedInboundPackets,
        octets: counters.decapsulatedOctets - counters.refusedInboundOctets,
      },
      signallingPackets: counters.signallingPackets,
      unboundReports: counters.unboundReports,
      packetTooBigSent: counters.packetTooBigSent,
      socketErrors: counters.socketErrors,
      dropped: counters.dropped,
    };
  }

  /** Ends the Worker. TUN device and sockets stay open, and are the caller's alone again. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    Atomics.store(this.#words, map.COMMAND_STOP / 4, 1);
    signalEventFd(this.#event);
    await this.#end.promise;
    await Promise.all([this.#lastCommand, this.#records]);
    closeFileDescriptor(this.#event);
  }

  #homeAddress(): Ipv6Address {
    if (this.#options.role !== "mobileNode") throw new Error("a home agent has bindings, not a tunnel");
    return this.#options.homeAddress;
  }

  #startWorker(start: DataPathStart): void {
    const worker = startDataPathWorker();
    const end = (fault: string) => {
      worker.terminate();
      this.#onEnd(fault);
    };
    worker.onmessage = ({ data }: MessageEvent<DataPathEnd>) => end(data.fault);
    worker.onerror = (event) => {
      event.preventDefault();
      end(event.message);
    };
    worker.postMessage(start);
  }

  /** @param fault "" when the Worker was told to stop */
  #onEnd(fault: string): void {
    this.#hasEnded = true;
    if (fault !== "") this.#fault = new Error(`The data path has ended: ${fault}`);
    Atomics.notify(this.#words, map.COMMAND_DONE / 4);
    this.#ring.wake();
    this.#end.resolve();
    if (this.#hasStarted && this.#fault !== undefined) this.#options.onFailure(this.#fault);
  }

  /** Commands go one after the other. Resolves when the Worker has obeyed, or has ended. */
  #command(write: () => void): Promise<void> {
    return this.#lastCommand = this.#lastCommand.then(async () => {
      if (this.#hasEnded) return;
      const words = this.#words;
      write();
      const sequence = Atomics.add(words, map.COMMAND_SEQUENCE / 4, 1) + 1;
      signalEventFd(this.#event);
      while (!this.#hasEnded) {
        const done = Atomics.load(words, map.COMMAND_DONE / 4);
        if (done === sequence) return;
        const waiting = Atomics.waitAsync(words, map.COMMAND_DONE / 4, done);
        if (waiting.async) await waiting.value;
      }
    });
  }

  async #takeRecords(): Promise<void> {
    while (!this.#hasEnded) {
      let count = 0;
      for (; count < RECORDS_AT_ONCE; count++) {
        const taken = this.#ring.take();
        if (taken === undefined) break;
        const { record } = taken;
        this.#options.onSignalling({ ...record, arrivedMs: record.arrivedMs + this.#clockOffsetMs });
      }
      if (count < RECORDS_AT_ONCE) await this.#ring.wait();
      else await new Promise<void>((resolve) => setImmediate(resolve)); // A timer of 0 takes 2 ms.
    }
  }
}

/** The kernel's monotonic clock, which performance.now() counts on too, from another origin. */
function monotonicMs(memory: WebAssembly.Memory): number {
  dataPathCalls.clockGettime(CLOCK_MONOTONIC, pointerInto(memory, map.CLOCK));
  const view = new DataView(memory.buffer, map.CLOCK);
  return Number(view.getBigInt64(0, true)) * 1000 + Number(view.getBigInt64(8, true)) / 1_000_000;
}
