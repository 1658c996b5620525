import type { ControlAnswer } from "../../../cli/daemon/control_protocol.ts";
import { answerRequest } from "../../../cli/daemon/control_request.ts";
import type { FuzzTarget } from "../engine/target.ts";

const REQUESTS = [
  '{"command":"status"}',
  '{"command":"switch","argument":"eth1"}',
  '{"command":7}',
  "[1, null]",
  '{"command":"toString"}',
];
const HANDLERS = {
  status: () => ({ state: "registered" }),
  switch: (argument: string) => {
    if (argument !== "eth1") throw new Error(`no such interface ${argument}`);
    return {};
  },
};

/** Requests of the control socket: one line is the answer, and it tells what is wrong. */
export const controlRequest: FuzzTarget = {
  name: "control_request",
  maximumOctets: 512,
  seeds: () => REQUESTS.map((text) => new TextEncoder().encode(text)),
  run(input) {
    const answer = answerRequest(new TextDecoder().decode(input), HANDLERS) as ControlAnswer;
    if (JSON.stringify(answer).includes("\n")) throw new Error("an answer of several lines");
    if (!answer.ok && answer.error === "") throw new Error("a fault without a reason");
  },
};
