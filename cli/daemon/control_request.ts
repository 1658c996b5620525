import { messageOf } from "../output/fault.ts";
import { type ControlAnswer, MAXIMUM_REQUEST_OCTETS } from "./control_protocol.ts";

/** What each command answers to its argument ("" for none), at once or within the time limit: anything that JSON can hold. */
export type ControlHandlers = Readonly<Record<string, (argument: string) => unknown>>;

/** What a client of the control socket is told; `line` is undefined where its request was too long. Never throws. */
export function answerRequest(
  line: string | undefined,
  handlers: ControlHandlers,
): ControlAnswer | Promise<ControlAnswer> {
  const pid = Deno.pid;
  if (line === undefined) {
    return { ok: false, pid, error: `a request has at most ${MAXIMUM_REQUEST_OCTETS} octets` };
  }
  const request = parseRequest(line);
  if (request === undefined) return { ok: false, pid, error: 'a request is one line: {"command":"NAME"}' };
  const { command, argument } = request;
  if (!Object.hasOwn(handlers, command)) {
    const known = Object.keys(handlers).join(", ");
    return {
      ok: false,
      pid,
      error: `unknown command ${JSON.stringify(command)}; this daemon knows: ${known}`,
    };
  }
  const refusal = (error: unknown) => ({ ok: false, pid, error: messageOf(error) }) as const;
  try {
    const answer = handlers[command](argument);
    if (!(answer instanceof Promise)) return { ok: true, pid, answer };
    return answer.then((later) => ({ ok: true, pid, answer: later }) as const, refusal);
  } catch (error) {
    return refusal(error);
  }
}

function parseRequest(line: string): { command: string; argument: string } | undefined {
  try {
    const { command, argument = "" } = JSON.parse(line) ?? {};
    return typeof command === "string" && typeof argument === "string" ? { command, argument } : undefined;
  } catch {
    return undefined;
  }
}
