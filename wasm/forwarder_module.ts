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
  outbound(count: number): void;
  inboundUdp(count: number): void;
  inboundRaw(count: number): void;
  refuseUdpSend(index: number, reason: number): void;
  refuseRawSend(index: number, reason: number): void;
  refuseTunWrite(index: number, reason: number): void;
  countDrop(reason: number): void;
  countSocketError(): void;

  // For control, the only writer of the binding table.
  setBinding(outer: number, port: number, encapsulation: number, innerMtu: number): number;
  removeBinding(): number;

  // For tests and measurements.
  enterTable(): void;
  leaveTable(): void;
  lookup(key: number): number;
  checksum(start: number, octets: number): number;
}

let compiled: WebAssembly.Module | undefined;

/** An instance over this memory. Each thread has its own; they share nothing but the memory. */
export function instantiateForwarder(memory: WebAssembly.Memory): ForwarderModule {
  compiled ??= new WebAssembly.Module(wasm);
  const instance = new WebAssembly.Instance(compiled, { env: { memory } });
  return instance.exports as unknown as ForwarderModule;
}
