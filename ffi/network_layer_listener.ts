import { closeFileDescriptorAsync } from "./file_descriptor.ts";
import type { NetworkLayerPacket } from "./network_layer_socket.ts";
import { ReadableWaiter } from "./poll.ts";

/** What a listener needs of a socket. */
export interface PacketSource<Packet = NetworkLayerPacket> {
  readonly fileDescriptor: number;
  receive(): Packet | undefined;
}

/** So many packets in a row, before anything else of this process has its turn. */
const BATCH_PACKETS = 64;

/** Hands over what a socket receives, and owns that socket from now on. */
export class NetworkLayerListener<Packet = NetworkLayerPacket> implements AsyncDisposable {
  readonly #socket: PacketSource<Packet>;
  readonly #waiter: ReadableWaiter;
  readonly #ended: Promise<void>;
  #isClosed = false;

  /** @param options `onFailure`: listening has ended by itself; called once at most */
  constructor(
    socket: PacketSource<Packet>,
    { onPacket, onFailure }: {
      readonly onPacket: (packet: Packet) => void;
      readonly onFailure: (error: unknown) => void;
    },
  ) {
    this.#socket = socket;
    this.#waiter = new ReadableWaiter(socket.fileDescriptor);
    this.#ended = this.#listen(onPacket).catch(onFailure);
  }

  /** No packet comes after this call. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#waiter.close();
    await this.#ended;
    await closeFileDescriptorAsync(this.#socket.fileDescriptor);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #listen(onPacket: (packet: Packet) => void): Promise<void> {
    while (await this.#waiter.wait() === "readable") {
      for (let count = 0; count < BATCH_PACKETS && !this.#isClosed; count++) {
        const packet = this.#socket.receive();
        if (packet === undefined) break;
        onPacket(packet);
      }
    }
  }
}
