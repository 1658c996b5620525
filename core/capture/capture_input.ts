import type { CaptureFault } from "./captured_packet.ts";

/**
 * The bytes that a capture format has still to read. Whole records are viewed in place; a record that the end of
 * a chunk cuts waits here for its rest. The formats ask with `has`, take with `advance`, and give up with `fail`.
 */
export class CaptureInput {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(this.bytes.buffer);
  /** The first octet not yet taken, in `bytes`. */
  start = 0;
  /** One after the last octet that is there, in `bytes`. */
  end = 0;
  /** Where `start` lies in the file. */
  position = 0;
  fault: CaptureFault | undefined;
  /** What the format asked for last and did not get, in octets from `start`; for the words about a file that ends early. */
  #wanted = 0;

  /** Keeps a copy of `chunk` behind what is there. */
  push(chunk: Uint8Array): void {
    if (this.end + chunk.length > this.bytes.length) this.#makeRoom(chunk.length);
    this.bytes.set(chunk, this.end);
    this.end += chunk.length;
  }

  has(octets: number): boolean {
    if (this.end - this.start >= octets) return true;
    this.#wanted = octets;
    return false;
  }

  advance(octets: number): void {
    this.start += octets;
    this.position += octets;
  }

  /** The first fault stays. `offset` is where in the file. */
  fail(offset: number, reason: string, kind: CaptureFault["kind"] = "damaged"): undefined {
    this.fault ??= { kind, offset, reason };
  }

  #makeRoom(octets: number): void {
    const waiting = this.end - this.start;
    // Moving what waits only when it is small beside the buffer keeps the cost per byte constant.
    if (waiting + octets > this.bytes.length / 2) {
      const larger = new Uint8Array(2 * (waiting + octets));
      larger.set(this.bytes.subarray(this.start, this.end));
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    } else {
      this.bytes.copyWithin(0, this.start, this.end);
    }
    this.start = 0;
    this.end = waiting;
  }

  /** The file has ended: what still waits is a record without its end. */
  finish(): void {
    const left = this.end - this.start;
    if (left > 0) {
      this.fail(
        this.position,
        `the file ends inside a record: ${left} of at least ${this.#wanted} bytes are there`,
      );
    }
  }
}
