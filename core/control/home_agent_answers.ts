import type { Ipv6Address } from "../wire/address.ts";
import { encodeMobilityHeader } from "../wire/mobility_header.ts";
import type { MobilityMessage } from "../wire/mobility_message.ts";
import type { HomeAgentAction, Report } from "./action.ts";
import { type Answer, bindingAcknowledgement } from "./binding_acknowledgement.ts";
import { report } from "./report.ts";
import type { Hmac, HomeAgentSettings } from "./settings.ts";
import { describePath, sendAlong, type SignallingPath } from "./signalling_path.ts";
import type { ReceivedUpdate } from "./update_verifier.ts";

/** What a home agent sends, and where to. */
export class HomeAgentAnswers {
  readonly #settings: HomeAgentSettings;
  readonly #hmac: Hmac;

  constructor(settings: HomeAgentSettings, hmac: Hmac) {
    this.#settings = settings;
    this.#hmac = hmac;
  }

  /** A Binding Acknowledgement goes to where its update came from (RFC 5555 section 4.2, RFC 6275 9.5.4). */
  acknowledge(received: ReceivedUpdate, answer: Answer): HomeAgentAction {
    const mobilityHeader = bindingAcknowledgement(received, answer, this.#settings, this.#hmac);
    const { path, homeAddress: destination } = received;
    return sendAlong(path, { source: this.#settings.address, destination, mobilityHeader });
  }

  /** The same without a binding. */
  answer(received: ReceivedUpdate, status: number): HomeAgentAction {
    const { sequenceNumber } = received.update;
    return this.acknowledge(received, { status, sequenceNumber, lifetimeSeconds: 0 });
  }

  /** A Binding Error goes to the IPv6 source of what it is about, without a routing header (section 9.3.3). */
  sendDirectly(path: SignallingPath, source: Ipv6Address, message: MobilityMessage): HomeAgentAction {
    return this.send(path, path.kind === "ipv6" ? path.address : source, message);
  }

  send(path: SignallingPath, destination: Ipv6Address, message: MobilityMessage): HomeAgentAction {
    const mobilityHeader = encodeMobilityHeader(message);
    return sendAlong(path, { source: this.#settings.address, destination, mobilityHeader });
  }
}

export function dropped(reason: string, path: SignallingPath, details: Report["details"] = {}): Report {
  return report("debug", `dropped: ${reason}`, { from: describePath(path), ...details });
}

export function refused(received: ReceivedUpdate, status: number): Report {
  return report("warning", "binding update refused", {
    status,
    homeAddress: received.homeAddress,
    identity: received.identity,
    from: describePath(received.path),
    sequenceNumber: received.update.sequenceNumber,
  });
}
