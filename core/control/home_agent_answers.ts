import { type Ipv6Address, UNSPECIFIED_IPV6 } from "../wire/address.ts";
import { BindingErrorStatusCode, BindingStatusCode } from "../wire/binding_status.ts";
import { encodeMobilityHeader } from "../wire/mobility_header.ts";
import type { MobilityMessage } from "../wire/mobility_message.ts";
import type { MobilityPacket } from "../wire/mobility_packet.ts";
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

  /**
   * The binding stays as it is until the mobile node has shown that it gets this answer (see CareOfAddressProbe).
   * @param asked the number that its next update should follow
   */
  askAtCareOfAddress(received: ReceivedUpdate, asked: number | "silence"): HomeAgentAction[] {
    const { homeAddress, path } = received;
    if (asked === "silence") return [dropped("asked too often where it is", path, { homeAddress })];
    const status = BindingStatusCode.sequenceNumberOutOfWindow;
    return [
      this.acknowledge(received, { status, sequenceNumber: asked, lifetimeSeconds: 0 }),
      report("debug", "mobile node asked where it is", { homeAddress, from: describePath(path) }),
    ];
  }

  /**
   * A Binding Error goes to the IPv6 source of what it is about, without a routing header (RFC 6275 section 9.3.3).
   * @param homeAddress that it names
   */
  bindingError(
    path: SignallingPath,
    source: Ipv6Address,
    { status, homeAddress }: { readonly status: number; readonly homeAddress: Ipv6Address },
  ): HomeAgentAction {
    const destination = path.kind === "ipv6" ? path.address : source;
    return this.send(path, destination, { kind: "bindingError", status, homeAddress, options: [] });
  }

  /** Section 9.3.3: it names the home address of the Home Address option, or the unspecified address. */
  unrecognizedMessage(path: SignallingPath, { source, homeAddressOption }: MobilityPacket): HomeAgentAction {
    const homeAddress = homeAddressOption ?? UNSPECIFIED_IPV6;
    return this.bindingError(path, source, {
      status: BindingErrorStatusCode.unrecognizedMessage,
      homeAddress,
    });
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
