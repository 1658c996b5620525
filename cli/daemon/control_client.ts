import { EACCES, ECONNREFUSED, ENOENT, SystemError } from "../../ffi/errno.ts";
import { UnixStream } from "../../ffi/unix_stream.ts";
import { absolutePath, folderOf } from "../configuration/path.ts";
import { Failure, messageOf } from "../output/fault.ts";
import {
  type ControlAnswer,
  MAXIMUM_ANSWER_OCTETS,
  readLine,
  TIME_LIMIT_MS,
  writeLine,
} from "./control_protocol.ts";

export interface ControlRequest {
  readonly path: string;
  readonly command: string;
  readonly argument?: string;
  readonly timeLimitMs?: number;
}

/** Nobody listens at the path: there is no such socket, or its daemon is gone. */
export class NobodyAnswers extends Failure {}

/**
 * Asks a running daemon over its control socket. Throws NobodyAnswers when none runs there, and a Failure
 * naming the path when the daemon does not answer in time, answers nonsense or refuses the command.
 */
export async function askDaemon(request: ControlRequest): Promise<unknown> {
  const answer = await exchange(request);
  if (!answer.ok) throw new Failure(`${request.path}: ${answer.error}`);
  return answer.answer;
}

/**
 * The process that serves the control socket at the path: undefined when nobody listens; pid undefined when
 * somebody does and does not say who.
 */
export async function findDaemon(path: string): Promise<{ readonly pid: number | undefined } | undefined> {
  try {
    // Whatever the command, the answer carries the daemon's pid.
    return { pid: (await exchange({ path, command: "pid", timeLimitMs: 1000 })).pid };
  } catch (error) {
    return error instanceof NobodyAnswers ? undefined : { pid: undefined };
  }
}

async function exchange(
  { path, command, argument, timeLimitMs = TIME_LIMIT_MS }: ControlRequest,
): Promise<ControlAnswer> {
  const connection = connect(path);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void connection.close();
  }, timeLimitMs);
  let line: string | undefined;
  try {
    await writeLine(connection, { command, argument });
    line = await readLine(connection, MAXIMUM_ANSWER_OCTETS);
  } catch (error) {
    if (late) throw new Failure(`${path}: no answer within ${timeLimitMs / 1000} s`);
    throw new Failure(`${path}: ${messageOf(error)}`);
  } finally {
    clearTimeout(timer);
    await connection.close();
  }
  return parseAnswer(path, line);
}

/** @throws NobodyAnswers; Failure: no permission, or a stranger has put a socket there */
function connect(path: string): UnixStream {
  let connection: UnixStream;
  try {
    connection = UnixStream.connect(absolutePath(".", path));
  } catch (error) {
    if (error instanceof SystemError && (error.errno === ENOENT || error.errno === ECONNREFUSED)) {
      throw new NobodyAnswers(`nobody answers at ${path}`);
    }
    if (error instanceof SystemError && error.errno === EACCES) {
      throw new Failure(`${path}: permission denied; ask as the user who started the daemon, or as root`);
    }
    throw new Failure(`${path}: ${messageOf(error)}`);
  }
  const { pid, uid } = connection.peer();
  if (trustedUsers(path).has(uid)) return connection;
  void connection.close();
  throw new Failure(
    `${path}: a process of user ${uid} (pid ${pid}) listens there, who is neither root nor you: it is not asked`,
  );
}

/** Root, ourselves, and whose the socket's directory is where nobody else may put anything. */
function trustedUsers(path: string): ReadonlySet<number | null> {
  const { uid, mode } = Deno.statSync(folderOf(path));
  const isPrivate = ((mode ?? 0) & 0o022) === 0;
  return new Set([0, Deno.uid(), ...(isPrivate ? [uid] : [])]);
}

function parseAnswer(path: string, line: string | undefined): ControlAnswer {
  const nonsense = new Failure(`${path}: what answers there is not a dsmip daemon`);
  let value: unknown;
  try {
    value = JSON.parse(line ?? "");
  } catch {
    throw nonsense;
  }
  if (typeof value !== "object" || value === null) throw nonsense;
  const { ok, pid, answer, error } = value as Record<string, unknown>;
  if (typeof pid !== "number") throw nonsense;
  if (ok === true) return { ok, pid, answer };
  if (ok === false && typeof error === "string") return { ok, pid, error };
  throw nonsense;
}
