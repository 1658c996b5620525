import { EINTR, lastErrno, SystemError } from "./errno.ts";
import { openEventFd, signalEventFd } from "./event_fd.ts";
import { closeFileDescriptor } from "./file_descriptor.ts";
import { libc } from "./libc.ts";

// <poll.h>
export const POLLIN = 0x001;
export const POLLOUT = 0x004;
export const POLLERR = 0x008;
export const POLLHUP = 0x010;
export const POLLNVAL = 0x020;

// struct pollfd { int fd; short events; short revents; }
const POLLFD_OCTETS = 8;

/** A fixed set of descriptors to wait for, laid out once: waiting allocates nothing. */
export class PollSet {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #count: bigint;

  /** @param entries descriptors and the events to wait for; a negative descriptor is skipped by the kernel */
  constructor(entries: readonly { readonly fileDescriptor: number; readonly events: number }[]) {
    this.#bytes = new Uint8Array(entries.length * POLLFD_OCTETS);
    this.#view = new DataView(this.#bytes.buffer);
    this.#count = BigInt(entries.length);
    entries.forEach(({ fileDescriptor, events }, index) => {
      this.setFileDescriptor(index, fileDescriptor);
      this.#view.setInt16(index * POLLFD_OCTETS + 4, events, true);
    });
  }

  /** Replaces the descriptor of one entry; -1 switches the entry off. */
  setFileDescriptor(index: number, fileDescriptor: number): void {
    this.#view.setInt32(index * POLLFD_OCTETS, fileDescriptor, true);
  }

  /** What happened at one entry in the last wait: a set of POLL* bits. */
  returnedEvents(index: number): number {
    return this.#view.getInt16(index * POLLFD_OCTETS + 6, true);
  }

  /**
   * Blocks this thread until something happens or the time is over.
   * @param timeoutMs -1 waits for ever
   * @returns how many entries have returned events; 0 after the time, or when a signal came in between
   */
  wait(timeoutMs: number): number {
    const ready = libc.poll(this.#bytes, this.#count, timeoutMs);
    if (ready >= 0) return ready;
    const errno = lastErrno();
    if (errno !== EINTR) throw new SystemError("poll", errno, "wait for file descriptors");
    this.#clearReturnedEvents();
    return 0;
  }

  /**
   * The same on another thread, so that the event loop goes on. The descriptors must stay open until the
   * promise is settled. A failed call counts as "nothing yet": its errno is out of reach, and of the
   * possible ones only EINTR can happen with valid arguments (poll(2)).
   */
  async waitAsync(timeoutMs: number): Promise<number> {
    const ready = await libc.pollAsync(this.#bytes, this.#count, timeoutMs);
    if (ready >= 0) return ready;
    this.#clearReturnedEvents();
    return 0;
  }

  #clearReturnedEvents(): void {
    for (let index = 0; index < Number(this.#count); index++) {
      this.#view.setInt16(index * POLLFD_OCTETS + 6, 0, true);
    }
  }
}

export type Readiness = "readable" | "timeout" | "cancelled";

/**
 * Waits on the main thread until a descriptor is readable, without blocking the event loop. One wait at a
 * time. The descriptor itself belongs to the caller, who closes it after close() has settled.
 */
export class ReadableWaiter {
  readonly #wakeUp = openEventFd();
  readonly #pollSet: PollSet;
  #pending: Promise<number> | undefined;
  #cancelled = false;

  constructor(fileDescriptor: number) {
    this.#pollSet = new PollSet([
      { fileDescriptor, events: POLLIN },
      { fileDescriptor: this.#wakeUp, events: POLLIN },
    ]);
  }

  /** @param timeoutMs -1 waits until readable or cancelled */
  async wait(timeoutMs = -1): Promise<Readiness> {
    if (this.#pending !== undefined) throw new Error("Cannot wait twice at once for one file descriptor");
    const deadline = timeoutMs < 0 ? Infinity : performance.now() + timeoutMs;
    while (!this.#cancelled) {
      const remainingMs = deadline === Infinity ? -1 : Math.max(0, Math.ceil(deadline - performance.now()));
      this.#pending = this.#pollSet.waitAsync(remainingMs);
      await this.#pending;
      this.#pending = undefined;
      if (this.#cancelled) break;
      // Also at POLLERR and POLLHUP: the read that follows learns what is wrong.
      if (this.#pollSet.returnedEvents(0) !== 0) return "readable";
      if (performance.now() >= deadline) return "timeout";
    }
    return "cancelled";
  }

  /** Ends the wait that is under way, and every later one at once, with "cancelled". */
  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    signalEventFd(this.#wakeUp);
  }

  /** Cancels, waits until no thread uses the descriptors any more, and frees what is ours. Once only. */
  async close(): Promise<void> {
    this.cancel();
    await this.#pending;
    closeFileDescriptor(this.#wakeUp);
  }
}
