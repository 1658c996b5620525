import { check, EADDRINUSE, EAGAIN, EINTR, lastErrno, SystemError } from "./errno.ts";
import { openEventFd, signalEventFd } from "./event_fd.ts";
import { closeFileDescriptor, closingOnError } from "./file_descriptor.ts";
import { loadLibc } from "./load_libc.ts";
import { POLLIN, POLLOUT, PollSet } from "./poll.ts";
import { AF_UNIX, encodeUnixAddress } from "./unix_address.ts";

// <sys/socket.h>, <asm-generic/socket.h>
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const MSG_NOSIGNAL = 0x4000;
// struct ucred { pid_t pid; uid_t uid; gid_t gid; }
const UCRED_OCTETS = 12;

const calls = loadLibc({
  // int socket(int domain, int type, int protocol);
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int bind(int sockfd, const struct sockaddr *addr, socklen_t addrlen);
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int listen(int sockfd, int backlog);
  listen: { parameters: ["i32", "i32"], result: "i32" },
  // int accept4(int sockfd, struct sockaddr *addr, socklen_t *addrlen, int flags);
  accept4: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  // int connect(int sockfd, const struct sockaddr *addr, socklen_t addrlen);
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int getsockopt(int sockfd, int level, int optname, void *optval, socklen_t *optlen);
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  // ssize_t recv(int sockfd, void *buf, size_t len, int flags);
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  // ssize_t send(int sockfd, const void *buf, size_t len, int flags);
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
});

/** Who is at the other end of a Unix socket, as the kernel has noted it when that end connected or listened. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
}

/** What was under way when it was closed by ourselves. */
export class SocketClosed extends Error {}

/** Waits for a descriptor that it owns, without blocking the event loop; close() ends what waits. */
class WaitingDescriptor {
  readonly #wakeUp = openEventFd();
  readonly #waits = new Set<Promise<number>>();
  #closing: Promise<void> | undefined;

  constructor(readonly fileDescriptor: number) {}

  /** Calls until the call does not say EAGAIN. @returns its result, 0 or more @throws SystemError, SocketClosed */
  async call(events: number, name: string, attempt: string, action: () => number): Promise<number> {
    for (;;) {
      if (this.#closing !== undefined) throw new SocketClosed();
      const result = action();
      if (result >= 0) return result;
      const errno = lastErrno();
      if (errno !== EAGAIN && errno !== EINTR) throw new SystemError(name, errno, attempt);
      const set = new PollSet([
        { fileDescriptor: this.fileDescriptor, events },
        { fileDescriptor: this.#wakeUp, events: POLLIN },
      ]);
      const wait = set.waitAsync(-1);
      this.#waits.add(wait);
      await wait;
      this.#waits.delete(wait);
    }
  }

  /** Resolves when nothing waits any more and the descriptor is closed. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    signalEventFd(this.#wakeUp);
    await Promise.all(this.#waits);
    closeFileDescriptor(this.fileDescriptor);
    closeFileDescriptor(this.#wakeUp);
  }
}

/** One end of a conversation over a Unix stream socket. */
export class UnixStream {
  readonly #socket: WaitingDescriptor;

  /** @param fileDescriptor of a connected socket that does not block; it belongs to the stream from now on */
  constructor(fileDescriptor: number) {
    this.#socket = new WaitingDescriptor(fileDescriptor);
  }

  /** Never waits. @throws SystemError ENOENT, ECONNREFUSED: nobody listens; EACCES; EAGAIN: too many others wait */
  static connect(name: string): UnixStream {
    const address = encodeUnixAddress(name);
    const fileDescriptor = openSocket();
    return closingOnError(fileDescriptor, () => {
      check(calls.connect(fileDescriptor, address, address.length), "connect", `connect to ${name}`);
      return new UnixStream(fileDescriptor);
    });
  }

  peer(): PeerCredentials {
    const credentials = new Int32Array(UCRED_OCTETS / 4);
    const { fileDescriptor } = this.#socket;
    const length = new Uint32Array([UCRED_OCTETS]);
    check(
      calls.getsockopt(fileDescriptor, SOL_SOCKET, SO_PEERCRED, credentials, length),
      "getsockopt SO_PEERCRED",
      "ask who is at the other end of a Unix socket",
    );
    return { pid: credentials[0], uid: credentials[1] >>> 0 };
  }

  /** As Deno.Conn: null at the end of the stream. @throws SystemError, SocketClosed */
  async read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    const { fileDescriptor } = this.#socket;
    const length = BigInt(buffer.length);
    const count = await this.#socket.call(
      POLLIN,
      "recv",
      "read from a Unix socket",
      () => calls.recv(fileDescriptor, buffer, length, 0),
    );
    return count === 0 ? null : count;
  }

  /** As Deno.Conn. @returns how many octets were taken, 1 at least @throws SystemError, SocketClosed */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    const { fileDescriptor } = this.#socket;
    const length = BigInt(bytes.length);
    return this.#socket.call(
      POLLOUT,
      "send",
      "write to a Unix socket",
      () => calls.send(fileDescriptor, bytes, length, MSG_NOSIGNAL),
    );
  }

  close(): Promise<void> {
    return this.#socket.close();
  }
}

/** A Unix stream socket that others connect to. A path stays when it is closed. */
export class UnixListener {
  readonly #socket: WaitingDescriptor;

  /** @param name a path, or "@" and the name of an abstract socket @throws SystemError EADDRINUSE */
  constructor(name: string, { backlog }: { readonly backlog: number }) {
    const address = encodeUnixAddress(name);
    const fileDescriptor = openSocket();
    this.#socket = closingOnError(fileDescriptor, () => {
      check(calls.bind(fileDescriptor, address, address.length), "bind", `take the name ${name}`);
      check(calls.listen(fileDescriptor, backlog), "listen", `listen at ${name}`);
      return new WaitingDescriptor(fileDescriptor);
    });
  }

  /** @throws SystemError: out of descriptors, for example; SocketClosed */
  async accept(): Promise<UnixStream> {
    const { fileDescriptor } = this.#socket;
    const flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    return new UnixStream(
      await this.#socket.call(
        POLLIN,
        "accept4",
        "take a client of a Unix socket",
        () => calls.accept4(fileDescriptor, null, null, flags),
      ),
    );
  }

  close(): Promise<void> {
    return this.#socket.close();
  }
}

/** Is this what a name says that somebody has taken? */
export function isTaken(error: unknown): boolean {
  return error instanceof SystemError && error.errno === EADDRINUSE;
}

function openSocket(): number {
  const type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  return check(calls.socket(AF_UNIX, type, 0), "socket", "open a Unix socket");
}
