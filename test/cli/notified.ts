import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { check } from "../../ffi/errno.ts";
import { libc } from "../../ffi/libc.ts";
import { receive } from "../../ffi/socket.ts";
import { AF_UNIX, encodeUnixAddress } from "../../ffi/unix_address.ts";

/** A service manager's end of $NOTIFY_SOCKET: a real datagram socket, which keeps what comes. */
export class Notified implements Disposable {
  readonly #fileDescriptor: number;
  readonly #messages: string[] = [];

  constructor(readonly name: string) {
    // SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC
    this.#fileDescriptor = check(
      libc.socket(AF_UNIX, 2 | 0o4000 | 0o2000000, 0),
      "socket",
      "open a Unix socket",
    );
    const address = encodeUnixAddress(name);
    check(libc.bind(this.#fileDescriptor, address, address.length), "bind", `bind a Unix socket to ${name}`);
  }

  /** Each datagram so far. */
  get messages(): readonly string[] {
    const buffer = new Uint8Array(4096);
    for (;;) {
      const octets = receive(this.#fileDescriptor, buffer);
      if (octets === undefined) return this.#messages;
      this.#messages.push(new TextDecoder().decode(buffer.subarray(0, octets)));
    }
  }

  [Symbol.dispose](): void {
    closeFileDescriptor(this.#fileDescriptor);
  }
}
