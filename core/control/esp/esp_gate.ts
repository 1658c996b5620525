import type { Ipv6Address } from "../../wire/address.ts";
import { Protocol } from "../../wire/constants.ts";
import { ESP_HEADER_OCTETS } from "../../wire/esp.ts";
import { HomeAgentIcmpType } from "../../wire/icmpv6_home_agent.ts";
import {
  decodeMobileIpv6Envelope,
  endsOf,
  type MobileIpv6Envelope,
  withUpperLayer,
} from "../../wire/mobile_ipv6_envelope.ts";
import { MOBILITY_MESSAGES } from "../../wire/mobility_message_table.ts";
import { readUint32 } from "../../wire/octets.ts";
import { describeWireError } from "../../wire/result.ts";
import type { Report, SendPacket, SendSignalling } from "../action.ts";
import { isDelegation } from "../delegation/delegation_packet.ts";
import type { Now } from "../now.ts";
import { report } from "../report.ts";
import type { ReceivedProtection } from "./security_association.ts";
import type { SecurityAssociations } from "./security_associations.ts";

/** What ESP is for: mobility headers, mobile prefix discovery (RFC 4877 section 4.3), prefix delegation (RFC 6276 section 4). */
export type ProtectedKind = "signalling" | "discovery" | "delegation";

/** What came in, after ESP. */
export type ReceivedPacket =
  | {
    readonly kind: ProtectedKind;
    /** The whole IPv6 packet as if there had been no ESP. */
    readonly packet: Uint8Array;
    /** Undefined where it came unprotected. */
    readonly protection: ReceivedProtection | undefined;
  }
  | Report;

/** In a mobility header (RFC 6275 section 6.1.1). */
const MH_TYPE_OFFSET = 2;

/**
 * What stands between the network and the state machines of a node that uses ESP (RFC 3776, RFC 4877, RFC 5555 section 5):
 * opens what comes in, protects what goes out. It does not judge what comes unprotected: the state machines do, told what
 * protected each packet.
 */
export class EspGate {
  readonly #associations: SecurityAssociations;
  readonly #protects: (peer: Ipv6Address) => boolean;
  readonly #ownAddress: Ipv6Address;

  /**
   * @param ownAddress of a mobile node the home address
   * @param protects whether the policy asks for ESP between us and this address
   */
  constructor(
    { associations, ownAddress, protects }: {
      readonly associations: SecurityAssociations;
      readonly ownAddress: Ipv6Address;
      readonly protects: (peer: Ipv6Address) => boolean;
    },
  ) {
    this.#associations = associations;
    this.#ownAddress = ownAddress;
    this.#protects = protects;
  }

  /** @param packet a whole IPv6 packet, of signalling or with ESP */
  open(packet: Uint8Array, { unixMs }: Now): ReceivedPacket {
    const envelope = decodeMobileIpv6Envelope(packet);
    if (!envelope.ok || envelope.value.protocol !== Protocol.esp) {
      return { kind: "signalling", packet, protection: undefined };
    }
    const { offset, end } = envelope.value;
    const { source, destination } = endsOf(envelope.value);
    if (destination !== this.#ownAddress) return dropped("ESP for another node", { destination });
    if (end - offset < ESP_HEADER_OCTETS) return dropped("a cut off ESP header", { source });
    const spi = readUint32(packet, offset);
    const association = this.#associations.inbound(spi, source, unixMs);
    // What an administrator may mend is a warning; RFC 4303 section 3.4 wants it in an audit log.
    if (association === undefined) {
      return report("warning", "ESP without a valid security association", { spi, source });
    }
    const opened = association.open(packet.subarray(offset, end));
    if (opened.kind === "refused" && opened.keysDiffer) {
      return report("warning", `${opened.reason}: do both ends have the same keys?`, { spi, source });
    }
    if (opened.kind === "refused") return dropped(opened.reason, { spi, source });
    const { payload, nextHeader } = opened.content;
    const kind = kindOf(nextHeader, payload);
    // RFC 3776 section 4.2: an association is good for what its policy names.
    if (kind === undefined) return dropped("ESP around something else than signalling", { spi, nextHeader });
    const plain = withUpperLayer(packet, envelope.value, nextHeader, payload);
    return { kind, packet: plain, protection: { spi, source, destination, isLatest: opened.isLatest } };
  }

  /** What to send in place of this; a report where it may not go out unprotected and cannot be protected. */
  protect<Action extends SendPacket | SendSignalling>(action: Action, { unixMs }: Now): Action | Report {
    const envelope = decodeMobileIpv6Envelope(action.packet);
    if (!envelope.ok) throw new Error(`A packet of our own: ${describeWireError(envelope.error)}`);
    const { source, destination } = endsOf(envelope.value);
    if (source !== this.#ownAddress || !this.#protects(destination)) return action;
    if (!isProtectedKind(action.packet, envelope.value)) return action;
    const association = this.#associations.outbound(destination, unixMs);
    if (association === undefined) {
      return report("error", "not sent: no valid security association is left: expired, or used up?", {
        source,
        destination,
      });
    }
    const { protocol, offset, end } = envelope.value;
    const esp = association.seal({ payload: action.packet.subarray(offset, end), nextHeader: protocol });
    return { ...action, packet: withUpperLayer(action.packet, envelope.value, Protocol.esp, esp) };
  }
}

/** Binding Errors answer what has no association, and prove nothing (RFC 3776 section 4.1 leaves them out). */
function isProtectedKind(packet: Uint8Array, { protocol, offset, end }: MobileIpv6Envelope): boolean {
  const kind = kindOf(protocol, packet.subarray(offset, end));
  return kind === "discovery" || kind === "delegation" ||
    kind === "signalling" && packet[offset + MH_TYPE_OFFSET] !== MOBILITY_MESSAGES.bindingError.type;
}

/** Undefined for what no policy names. */
function kindOf(protocol: number, upperLayer: Uint8Array): ProtectedKind | undefined {
  if (protocol === Protocol.mobilityHeader) return "signalling";
  if (isDelegation(protocol, upperLayer)) return "delegation";
  const isPrefixDiscovery = protocol === Protocol.icmpv6 &&
    (upperLayer[0] === HomeAgentIcmpType.mobilePrefixSolicitation ||
      upperLayer[0] === HomeAgentIcmpType.mobilePrefixAdvertisement);
  return isPrefixDiscovery ? "discovery" : undefined;
}

function dropped(reason: string, details: Report["details"]): Report {
  return report("debug", `dropped: ${reason}`, details);
}
