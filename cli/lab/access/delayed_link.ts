import { EAGAIN, EINTR, lastErrno, SystemError } from "../../../ffi/errno.ts";
import { libc } from "../../../ffi/libc.ts";
import { inNetworkNamespace } from "../../../ffi/namespace.ts";
import { POLLIN, PollSet } from "../../../ffi/poll.ts";
import { openTap } from "../../../ffi/tun.ts";

/** One end of a delayed cable: the interface that is made, and the network namespace that it is made in. */
export interface DelayedEnd {
  readonly namespace: string;
  readonly name: string;
}

/** Our own limit for each direction: 20 ms of small packets at full speed. Like a router's queue, it drops at the tail. */
const MAXIMUM_WAITING_FRAMES = 4096;
const MAXIMUM_FRAME_OCTETS = 65536;

/** Frames on their way: out in the order in which they came in, each `delayMs` later. */
export class DelayQueue {
  readonly #frames: { readonly frame: Uint8Array<ArrayBuffer>; readonly dueMs: number }[] = [];

  constructor(readonly delayMs: number, readonly limit = MAXIMUM_WAITING_FRAMES) {}

  /** Copies the frame. Returns false when the queue is full and the frame is dropped. */
  add(frame: Uint8Array, nowMs: number): boolean {
    if (this.#frames.length >= this.limit) return false;
    this.#frames.push({ frame: frame.slice(), dueMs: nowMs + this.delayMs });
    return true;
  }

  /** The next frame whose time has come; undefined when there is none yet. */
  next(nowMs: number): Uint8Array<ArrayBuffer> | undefined {
    return (this.#frames[0]?.dueMs ?? Infinity) <= nowMs ? this.#frames.shift()!.frame : undefined;
  }

  /** When the next frame leaves; Infinity when none waits. */
  get dueMs(): number {
    return this.#frames[0]?.dueMs ?? Infinity;
  }
}

/**
 * A cable of two TAP devices that holds every frame for `delayMs` each way (kernels without netem have no other way).
 * Blocks its thread until the process is ended: the devices go with it.
 */
export function runDelayedLink(
  ends: readonly [DelayedEnd, DelayedEnd],
  delayMs: number,
  onReady: () => void,
): never {
  const taps = ends.map(({ namespace, name }) =>
    inNetworkNamespace(namespace, () => openTap(name)).fileDescriptor
  );
  const queues = taps.map(() => new DelayQueue(delayMs));
  const poll = new PollSet(taps.map((fileDescriptor) => ({ fileDescriptor, events: POLLIN })));
  const buffer = new Uint8Array(MAXIMUM_FRAME_OCTETS);
  onReady();
  while (true) {
    const dueMs = Math.min(...queues.map((queue) => queue.dueMs));
    const waitMs = dueMs === Infinity ? -1 : Math.max(0, Math.ceil(dueMs - performance.now()));
    if (poll.wait(waitMs) > 0) {
      taps.forEach((tap, index) => {
        for (let octets = read(tap, buffer); octets > 0; octets = read(tap, buffer)) {
          queues[index].add(buffer.subarray(0, octets), performance.now());
        }
      });
    }
    const nowMs = performance.now();
    queues.forEach((queue, index) => {
      const otherEnd = taps[1 - index];
      for (let frame = queue.next(nowMs); frame !== undefined; frame = queue.next(nowMs)) {
        // A frame that an end refuses because it is down is lost, as on a real cable.
        libc.write(otherEnd, frame, BigInt(frame.length));
      }
    });
  }
}

/** Octets of the frame read; 0 when none is there. */
function read(tap: number, buffer: Uint8Array<ArrayBuffer>): number {
  const octets = libc.read(tap, buffer, BigInt(buffer.length));
  if (octets >= 0) return octets;
  const errno = lastErrno();
  if (errno === EAGAIN || errno === EINTR) return 0;
  throw new SystemError("read", errno, "read a frame");
}
