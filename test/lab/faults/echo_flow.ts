import type { Lab } from "../../../cli/lab/lab.ts";
import type { LineReader } from "../../../cli/lab/process.ts";

const PORT = 7007;
const INTERVAL_MS = 20;

/** Sends back what it gets. */
const SERVER = `
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", ${PORT}))
print("ready", flush=True)
while True:
    data, peer = s.recvfrom(100)
    s.sendto(data, peer)
`;

/** Sends a number each time, and prints those that come back. Without a route it goes on trying. */
const CLIENT = `
import select, socket, sys, time
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
number = 0
while True:
    number += 1
    try:
        s.sendto(b"%d" % number, (sys.argv[1], ${PORT}))
    except OSError:
        pass
    until = time.monotonic() + ${INTERVAL_MS / 1000}
    while (left := until - time.monotonic()) > 0:
        if select.select([s], [], [], left)[0]:
            try:
                print(int(s.recv(100)), flush=True)
            except OSError:
                pass
`;

/** Packets that go from a node to another and back, through all faults; and when they came back. */
export class EchoFlow {
  readonly #lab: Lab;
  readonly #client: LineReader;
  readonly #reading: Promise<void>;
  #lastMs = -Infinity;

  private constructor(lab: Lab, client: LineReader) {
    this.#lab = lab;
    this.#client = client;
    this.#reading = this.#read();
  }

  static async start(lab: Lab, from: string, to: { readonly node: string; readonly address: string }) {
    const server = lab.start(to.node, "echo", ["python3", "-u", "-c", SERVER]);
    await server.said("ready", 10_000, lab.signal);
    return new EchoFlow(lab, lab.read(from, ["python3", "-u", "-c", CLIENT, to.address]));
  }

  async #read(): Promise<void> {
    while (await this.#client.next() !== undefined) this.#lastMs = performance.now();
  }

  /** Waits until a packet comes back that came back later than now. Returns how long that took, milliseconds. */
  async untilFlowing(limitMs: number): Promise<number> {
    const fromMs = performance.now();
    await this.#lab.until("a packet that comes back", limitMs, () => this.#lastMs > fromMs);
    return this.#lastMs - fromMs;
  }

  /** Waits until nothing comes back any more. */
  async untilStopped(limitMs: number): Promise<void> {
    await this.#lab.until(
      "no more packets",
      limitMs,
      () => performance.now() - this.#lastMs > 10 * INTERVAL_MS,
    );
  }

  async end(): Promise<void> {
    await this.#client.close();
    await this.#reading;
  }
}
