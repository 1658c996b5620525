import { SocketClosed, UnixListener, type UnixStream } from "../../ffi/unix_stream.ts";
import { folderOf } from "../configuration/path.ts";
import { Failure, messageOf } from "../output/fault.ts";
import { findDaemon } from "./control_client.ts";
import {
  type ControlAnswer,
  MAXIMUM_CLIENTS,
  MAXIMUM_PATH_OCTETS,
  MAXIMUM_REQUEST_OCTETS,
  readLine,
  TIME_LIMIT_MS,
  writeLine,
} from "./control_protocol.ts";
import { answerRequest, type ControlHandlers } from "./control_request.ts";
import { removeIfThere } from "./remove_if_there.ts";

export interface ControlSocketOptions {
  readonly path: string;
  readonly handlers: ControlHandlers;
  /** For a client's request, and for it to take the answer; a shorter one is for tests. */
  readonly timeLimitMs?: number;
}

/** Clients that the kernel holds until they are taken, or turned away. */
const WAITING_CLIENTS = 128;

/**
 * The daemon's side of `ha bindings` and `mn status`: a Unix socket with mode 0600 from its first instant,
 * in a directory that is made with mode 0700 when it is missing. Only root and the daemon's own user are answered, whatever
 * became of that mode. Nothing that a client does can throw here.
 */
export class ControlSocket implements AsyncDisposable {
  readonly #listener: UnixListener;
  readonly #options: ControlSocketOptions;
  readonly #clients = new Set<Promise<void>>();
  /** Those that are open, and what ends their service when they are dropped. */
  readonly #connections = new Map<UnixStream, () => void>();
  readonly #accepting: Promise<void>;
  #closed = false;

  private constructor(listener: UnixListener, options: ControlSocketOptions) {
    this.#listener = listener;
    this.#options = options;
    this.#accepting = this.#accept();
  }

  /**
   * Opens the socket. What a dead daemon left is removed; a live daemon, or a file that is no socket, is a
   * Failure that says so.
   */
  static async open(options: ControlSocketOptions): Promise<ControlSocket> {
    const { path } = options;
    if (new TextEncoder().encode(path).length > MAXIMUM_PATH_OCTETS) {
      throw new Failure(`control socket ${path}: the path is longer than ${MAXIMUM_PATH_OCTETS} octets`);
    }
    try {
      Deno.mkdirSync(folderOf(path), { recursive: true, mode: 0o700 });
      await removeStale(path);
      return new ControlSocket(listenPrivately(path), options);
    } catch (error) {
      if (error instanceof Failure) throw error;
      const advice = error instanceof Deno.errors.PermissionDenied
        ? "; run as root, or set control_socket to a path where this user may write"
        : "";
      throw new Failure(`control socket ${path}: ${messageOf(error)}${advice}`, { cause: error });
    }
  }

  /** Ends every conversation and removes the socket. */
  async close(): Promise<void> {
    this.#closed = true;
    removeIfThere(this.#options.path);
    for (const connection of [...this.#connections.keys()]) this.#drop(connection);
    await Promise.all([this.#listener.close(), this.#accepting, ...this.#clients]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #accept(): Promise<void> {
    while (true) {
      let connection: UnixStream;
      try {
        connection = await this.#listener.accept();
      } catch (error) {
        if (error instanceof SocketClosed) return;
        // Out of file descriptors, say: later there may be some.
        await new Promise((resolve) => setTimeout(resolve, 100));
        continue;
      }
      if (this.#closed || this.#clients.size >= MAXIMUM_CLIENTS) {
        await connection.close();
        continue;
      }
      const client = this.#serve(connection).finally(() => this.#clients.delete(client));
      this.#clients.add(client);
    }
  }

  async #serve(connection: UnixStream): Promise<void> {
    const { promise: dropped, reject } = Promise.withResolvers<never>();
    dropped.catch(() => {});
    this.#connections.set(connection, () => reject(new SocketClosed()));
    try {
      const line = await this.#within(connection, readLine(connection, MAXIMUM_REQUEST_OCTETS));
      const { uid } = connection.peer();
      const mayAsk = uid === 0 || uid === Deno.uid();
      // The daemon's own time is not the client's: a reload may take long.
      const answer = mayAsk ? answerRequest(line, this.#options.handlers) : refusal(uid);
      await this.#within(connection, writeLine(connection, await Promise.race([answer, dropped])));
    } catch {
      // The client has gone or was too slow: its loss only.
    } finally {
      this.#drop(connection);
    }
  }

  /** What the client has a part in; in time, or the connection is dropped. */
  async #within<Result>(connection: UnixStream, part: Promise<Result>): Promise<Result> {
    const timer = setTimeout(() => this.#drop(connection), this.#options.timeLimitMs ?? TIME_LIMIT_MS);
    try {
      return await part;
    } finally {
      clearTimeout(timer);
    }
  }

  #drop(connection: UnixStream): void {
    this.#connections.get(connection)?.();
    if (this.#connections.delete(connection)) void connection.close();
  }
}

async function removeStale(path: string): Promise<void> {
  let information: Deno.FileInfo;
  try {
    information = Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (!information.isSocket) {
    throw new Failure(`control socket ${path}: a file that is no socket stands there`);
  }
  const daemon = await findDaemon(path);
  if (daemon !== undefined) {
    const who = daemon.pid === undefined ? "" : ` (pid ${daemon.pid})`;
    throw new Failure(
      `control socket ${path}: a running daemon${who} serves it; stop it or choose another path`,
    );
  }
  removeIfThere(path);
}

function refusal(uid: number): ControlAnswer {
  const error = `user ${uid} may not ask this daemon; root and user ${Deno.uid()} may`;
  return { ok: false, pid: Deno.pid, error };
}

function listenPrivately(path: string): UnixListener {
  const before = Deno.umask(0o177);
  try {
    return new UnixListener(path, { backlog: WAITING_CLIENTS });
  } finally {
    Deno.umask(before);
  }
}
