import wasm from "./forwarder.wasm" with { type: "bytes" };

/** What wasm/assembly/index.ts exports: all in numbers, all about the shared memory. */
export interface ForwarderModule {
  /** Prepares memory that is still zero; once, before anybody else uses it. */
  open(
    baseHigh: number,
    baseLow: number,
    maximumBindings: number,
    slotCount: number,
    seedHigh: number,
    seedLow: number,
  ): void;

  // For the Worker.
  /** The packets of slots `first` up to `count`; returns the slot to go on with. */
  outbound(first: number, count: number): number;
  /** The messages that were received; `first` 0 goes on where the last call left off. Returns 0 while there is more. */
  inboundUdp(count: number, first: number): number;
  inboundRawIpv4(count: number, first: number): number;
  inboundRawIpv6(count: number, first: number, version: number): number;
  /** Messages from SPLIT_MESSAGES on, or writes from SPLIT_WRITES on, in place of one; returns how many. */
  splitMessage(index: number): number;
  splitWrite(index: number): number;
  refuseUdpSend(index: number, reason: number): void;
  refuseRawIpv4Send(index: number, reason: number): void;
  refuseRawIpv6Send(index: number, reason: number): void;
  refuseTunWrite(index: number, reason: number): void;
  countDrop(reason: number): void;
  countSocketError(): void;

  // For control, the only writer of the binding table.
  setBinding(
    length: number,
    port: number,
    encapsulation: number,
    innerMtu: number,
    wholeOctets: number,
  ): number;
  removeBinding(length: number): number;

  // For tests and measurements.
  enterTable(): void;
  leaveTable(): void;
  lookup(key: number): number;
  checksum(start: number, octets: number): number;
}

let compiled: WebAssembly.Module | undefined;

/**
 * An instance over this memory. Each thread has its own; they share nothing but the memory.
 * @param readClock puts the kernel's monotonic clock into map.CLOCK; called by outbound and each inbound call,
 * at most once each. Left out, the clock is what stands there.
 */
export function instantiateForwarder(
  memory: WebAssembly.Memory,
  readClock: () => void = () => {},
): ForwarderModule {
  compiled ??= new WebAssembly.Module(wasm);
  const instance = new WebAssembly.Instance(compiled, { env: { memory, readClock } });
  return instance.exports as unknown as ForwarderModule;
}
