import type { HomeAgentAction, MobileNodeAction, Report } from "../control/action.ts";
import type { HomeAgentEvent, MobileNodeEvent } from "../control/event.ts";
import type { EgressAction } from "../control/movement/egress_action.ts";
import type { EgressEvent } from "../control/movement/egress_event.ts";
import { describeFrame, type Frame } from "./movement/frame.ts";
import { describePacket, describeSignalling, type OuterPacket, Signalling } from "./packet.ts";

/** Something that happened; put into words only when somebody reads it. */
export type Happening =
  | { readonly kind: "remark"; readonly text: string }
  | { readonly kind: "packet"; readonly what: string; readonly packet: OuterPacket }
  | { readonly kind: "event"; readonly event: Event }
  | { readonly kind: "action"; readonly action: Action }
  /** On an access link. */
  | { readonly kind: "frame"; readonly what: string; readonly frame: Frame };

type Event = HomeAgentEvent | MobileNodeEvent | EgressEvent;
type Action = HomeAgentAction | MobileNodeAction | EgressAction;

interface Entry {
  readonly atMs: number;
  readonly who: string;
  readonly happening: Happening;
}

/** The last so many happenings of a world, oldest first; each is given to `listener` as a line when it comes. */
export class Trace {
  readonly #limit: number;
  readonly #listener: ((line: string) => void) | undefined;
  readonly #entries: Entry[] = [];
  #next = 0;

  constructor(limit: number, listener?: (line: string) => void) {
    this.#limit = limit;
    this.#listener = listener;
  }

  note(atMs: number, who: string, happening: Happening): void {
    const entry = { atMs, who, happening };
    this.#listener?.(line(entry));
    this.#entries[this.#next] = entry;
    this.#next = (this.#next + 1) % this.#limit;
  }

  lines(): string[] {
    return [...this.#entries.slice(this.#next), ...this.#entries.slice(0, this.#next)].map(line);
  }
}

/** "12.345 s": virtual time for people. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`;
}

function line({ atMs, who, happening }: Entry): string {
  return `${seconds(atMs).padStart(11)}  ${who.padEnd(12)} ${describe(happening)}`;
}

function describe(happening: Happening): string {
  switch (happening.kind) {
    case "remark":
      return happening.text;
    case "packet":
      return `${happening.what}: ${describePacket(happening.packet)}`;
    case "frame":
      return `${happening.what}: ${describeFrame(happening.frame)}`;
    case "event":
      return `event ${describeEvent(happening.event)}`;
    case "action":
      return describeAction(happening.action);
  }
}

function describeEvent(event: Event): string {
  switch (event.kind) {
    case "signalling":
      return `signalling from ${event.outer ? `${event.outer.address}:${event.outer.port}` : "IPv6"}`;
    case "unboundTraffic":
      return `unboundTraffic from ${event.outer.address}:${event.outer.port} (${event.encapsulation})`;
    case "careOfAddresses":
      return `careOfAddresses ${event.candidates.map(({ address }) => address).join(" ") || "none"}`;
    default:
      return event.kind;
  }
}

function describeAction(action: Action): string {
  switch (action.kind) {
    case "report":
      return describeReport(action);
    case "sendSignalling":
      return `sends to ${action.destination}:${action.destinationPort} ${
        describeSignalling(new Signalling(action.packet))
      }`;
    case "setTunnel":
      return `setTunnel ${action.tunnel.encapsulation} ${action.tunnel.address}:${action.tunnel.port}`;
    case "setBinding":
      return `setBinding ${action.homeAddress} ${action.tunnel.encapsulation} ` +
        `${action.tunnel.address}:${action.tunnel.port}`;
    case "candidates":
      return `candidates ${action.candidates.map(({ address }) => address).join(" ") || "none"}`;
    case "addAddress":
    case "removeAddress":
      return `${action.kind} ${action.address}`;
    case "removeBinding":
      return `removeBinding ${action.homeAddress}`;
    default:
      return action.kind;
  }
}

function describeReport(report: Report): string {
  const details = Object.entries(report.details).map(([name, value]) => `${name}=${value}`).join(" ");
  return `${report.level}: ${report.message}${details && ` (${details})`}`;
}
