import { messageOf } from "../output/fault.ts";
import { type ControlAnswer, MAXIMUM_REQUEST_OCTETS } from "./control_protocol.ts";

/** What each command answers, at once, to its argument ("" for none): anything that JSON can hold. */
export type ControlHandlers = Readonly<Record<string, (argument: string) => unknown>>;

/** What a client of the control socket is told; `line` is undefined where its request was too long. Never throws. */
export function answerRequest(line: string | undefined, handlers: ControlHandlers): ControlAnswer {
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
  try {
    return { ok: true, pid, answer: handlers[command](argument) };
  } catch (error) {
    return { ok: false, pid, error: messageOf(error) };
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
