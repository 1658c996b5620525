import { isTaken, UnixListener, UnixStream } from "../../ffi/unix_stream.ts";
import type { Configuration } from "../configuration/record.ts";
import { Failure } from "../output/fault.ts";

const NAME = { homeAgent: "@dsmip-home-agent", mobileNode: "@dsmip-mobile-node" } as const;
const TITLE = { homeAgent: "home agent", mobileNode: "mobile node" } as const;
/** Daemons that may have asked who is there, and been told, while this one runs: nobody accepts them. */
const BACKLOG = 128;

/**
 * Makes this the only home agent, or the only mobile node, of its network namespace: two would take each other's rules and
 * routes for what a killed run has left. The name is one of an abstract Unix socket, which is the namespace's own and goes with
 * the process, however that ends.
 * @throws Failure: another one is there, with what to do
 */
export function beOnlyDaemon(kind: Configuration["kind"]): AsyncDisposable {
  const name = NAME[kind];
  let listener: UnixListener;
  try {
    listener = new UnixListener(name, { backlog: BACKLOG });
  } catch (error) {
    if (!isTaken(error)) throw error;
    throw new Failure(
      `Another ${TITLE[kind]}${
        holderOf(name)
      } runs in this network namespace, and there can be one only: stop it, or ` +
        "start this one in a namespace of its own (ip netns exec)",
      { cause: error },
    );
  }
  return { [Symbol.asyncDispose]: () => listener.close() };
}

/** " (pid 17, user 0)"; nothing where it cannot be told. */
function holderOf(name: string): string {
  try {
    const stream = UnixStream.connect(name);
    const { pid, uid } = stream.peer();
    void stream.close();
    return ` (pid ${pid}, user ${uid})`;
  } catch {
    return "";
  }
}
