/**
 * The small programs that make and judge test traffic inside the lab's namespaces: a paced UDP flow whose packets
 * are counted, and a TCP transfer whose SHA-256 is computed at the far end. (iperf3 -F cannot do the latter: its
 * authors say it is no file transfer tool, and it damages files on a bare link, too.)
 */
import { createHash } from "node:crypto";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { POLLIN, PollSet } from "../../ffi/poll.ts";
import { receive } from "../../ffi/socket.ts";
import { encodeSocketAddress6, openUdp6Socket, sendTo6 } from "../../ffi/udp6_socket.ts";
import { clockMs } from "./clock.ts";

const IPV6_AND_UDP_OCTETS = 48;

export interface FlowOptions {
  readonly address: string;
  readonly port: number;
  /** Octets of each whole IPv6 packet. */
  readonly packetOctets: number;
  readonly intervalMs: number;
  readonly count: number;
}

/** Sends packet n at n x intervalMs after the first, as nearly as timers allow; resolves when all are sent. */
export async function sendFlow(options: FlowOptions): Promise<void> {
  const { address, port, packetOctets, intervalMs, count } = options;
  const to = encodeSocketAddress6(address, port);
  const packet = new Uint8Array(packetOctets - IPV6_AND_UDP_OCTETS);
  const view = new DataView(packet.buffer);
  const socket = openUdp6Socket(0, 0);
  const start = performance.now();
  try {
    for (let sequence = 0; sequence < count; sequence++) {
      const early = start + sequence * intervalMs - performance.now();
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
      view.setUint32(0, sequence);
      view.setFloat64(4, clockMs());
      sendTo6(socket, packet, to);
    }
  } finally {
    closeFileDescriptor(socket);
  }
}

/** What arrived of a flow. */
export interface FlowResult {
  readonly received: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Packets that arrived after a later one. */
  readonly reordered: number;
  /** Packets whose length was not that of the flow. */
  readonly wrongLength: number;
  readonly longestGapMs: number;
  readonly medianDelayMs: number;
}

/** Counts what arrives of a flow, packet by packet. */
export class FlowCounter {
  readonly #seen: Uint8Array;
  readonly #delays: number[] = [];
  #received = 0;
  #duplicated = 0;
  #reordered = 0;
  #wrongLength = 0;
  #highest = -1;
  #lastMs: number | undefined;
  #longestGapMs = 0;

  constructor(readonly count: number, readonly packetOctets: number) {
    this.#seen = new Uint8Array(count);
  }

  get complete(): boolean {
    return this.#received === this.count;
  }

  add(payload: Uint8Array, arrivedMs: number): void {
    if (payload.length !== this.packetOctets - IPV6_AND_UDP_OCTETS) {
      this.#wrongLength++;
      return;
    }
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    const sequence = view.getUint32(0);
    if (sequence >= this.count) return;
    if (this.#seen[sequence]) {
      this.#duplicated++;
      return;
    }
    this.#seen[sequence] = 1;
    this.#received++;
    if (sequence < this.#highest) this.#reordered++;
    this.#highest = Math.max(this.#highest, sequence);
    this.#delays.push(arrivedMs - view.getFloat64(4));
    this.#longestGapMs = Math.max(this.#longestGapMs, arrivedMs - (this.#lastMs ?? arrivedMs));
    this.#lastMs = arrivedMs;
  }

  result(): FlowResult {
    const delays = this.#delays.toSorted((one, other) => one - other);
    return {
      received: this.#received,
      lost: this.count - this.#received,
      duplicated: this.#duplicated,
      reordered: this.#reordered,
      wrongLength: this.#wrongLength,
      longestGapMs: this.#longestGapMs,
      medianDelayMs: delays[delays.length >> 1] ?? -1,
    };
  }
}

export interface ReceiveOptions {
  readonly port: number;
  readonly packetOctets: number;
  readonly count: number;
  /** Gives up this long after the last packet, or after the start when none comes. */
  readonly patienceMs: number;
  readonly onReady: () => void;
}

/** Enough for a receiver that gets no processor time for seconds: what it misses is not the tunnel's fault. */
const RECEIVE_BUFFER_OCTETS = 16 * 1024 * 1024;

/**
 * Receives a flow on all addresses of the node; resolves when it is complete or nothing has come for patienceMs.
 * Every packet that is there is taken at once: one packet per turn of the event loop is too slow on a busy machine.
 */
export async function receiveFlow(options: ReceiveOptions): Promise<FlowResult> {
  const counter = new FlowCounter(options.count, options.packetOctets);
  const buffer = new Uint8Array(65536);
  const socket = openUdp6Socket(options.port, RECEIVE_BUFFER_OCTETS);
  try {
    const poll = new PollSet([{ fileDescriptor: socket, events: POLLIN }]);
    options.onReady();
    let deadline = performance.now() + options.patienceMs;
    while (!counter.complete && performance.now() < deadline) {
      // A wait may end early, at a signal.
      if (await poll.waitAsync(Math.ceil(deadline - performance.now())) === 0) continue;
      for (let octets = receive(socket, buffer); octets !== undefined; octets = receive(socket, buffer)) {
        counter.add(buffer.subarray(0, octets), clockMs());
      }
      deadline = performance.now() + options.patienceMs;
    }
  } finally {
    closeFileDescriptor(socket);
  }
  return counter.result();
}

/** How long a recorder sleeps at most before it looks again: it ends with its process only. */
const RECORDER_WAIT_MS = 1000;

/**
 * Receives flows on a port until the process is ended, and hands each packet on as it comes: its number, when it was
 * sent and when it arrived, in milliseconds since 1970.
 */
export async function recordFlow(
  { port, packetOctets }: { readonly port: number; readonly packetOctets: number },
  onPacket: (sequence: number, sentMs: number, arrivedMs: number) => void,
): Promise<never> {
  const buffer = new Uint8Array(65536);
  const view = new DataView(buffer.buffer);
  const socket = openUdp6Socket(port, RECEIVE_BUFFER_OCTETS);
  const poll = new PollSet([{ fileDescriptor: socket, events: POLLIN }]);
  while (true) {
    if (await poll.waitAsync(RECORDER_WAIT_MS) === 0) continue;
    const arrivedMs = clockMs();
    for (let octets = receive(socket, buffer); octets !== undefined; octets = receive(socket, buffer)) {
      if (octets !== packetOctets - IPV6_AND_UDP_OCTETS) continue;
      onPacket(view.getUint32(0), view.getFloat64(4), arrivedMs);
    }
  }
}

export interface TransferResult {
  readonly octets: number;
  readonly sha256: string;
}

/** Connects and sends `octets` octets that nobody can guess; resolves with their SHA-256. */
export async function sendTransfer(address: string, port: number, octets: number): Promise<TransferResult> {
  const hash = createHash("sha256");
  using connection = await Deno.connect({ hostname: address, port });
  const chunk = new Uint8Array(65536);
  for (let left = octets; left > 0;) {
    const part = chunk.subarray(0, Math.min(left, chunk.length));
    crypto.getRandomValues(part);
    hash.update(part);
    left -= part.length;
    for (let sent = 0; sent < part.length;) sent += await connection.write(part.subarray(sent));
  }
  await connection.closeWrite();
  // The far end closes when it has read all.
  while (await connection.read(chunk) !== null);
  return { octets, sha256: hash.digest("hex") };
}

/** Accepts one connection and resolves with what came. */
export async function receiveTransfer(port: number, onReady: () => void): Promise<TransferResult> {
  const hash = createHash("sha256");
  using listener = Deno.listen({ hostname: "::", port });
  onReady();
  using connection = await listener.accept();
  const chunk = new Uint8Array(65536);
  let octets = 0;
  for (let read = await connection.read(chunk); read !== null; read = await connection.read(chunk)) {
    hash.update(chunk.subarray(0, read));
    octets += read;
  }
  return { octets, sha256: hash.digest("hex") };
}
