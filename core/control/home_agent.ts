import {
  formatIpv6,
  type Ipv6Address,
  isRoutableUnicastIpv6,
  isUnicastIpv4,
  prefixContains,
} from "../wire/address.ts";
import { BindingErrorStatusCode, BindingStatusCode, Ipv4AddressStatusCode } from "../wire/binding_status.ts";
import { DSMIPV6_PORT } from "../wire/constants.ts";
import { encodeMobilityHeader } from "../wire/mobility_header.ts";
import type { BindingUpdate, MobilityMessage } from "../wire/mobility_message.ts";
import { findOption, type MobilityOption } from "../wire/mobility_option.ts";
import { decodeMobilityPacket, encodeMobilityPacket, type MobilityPacket } from "../wire/mobility_packet.ts";
import { describeWireError } from "../wire/result.ts";
import type { HomeAgentAction, Report } from "./action.ts";
import { AnswerLimiter } from "./answer_limiter.ts";
import { sealMobilityHeader, verifyMobilityHeader } from "./authentication.ts";
import {
  type BindingCacheEntry,
  type BindingStatus,
  bindingStatus,
  entryDeadline,
  type RegisteredBinding,
} from "./binding_cache.ts";
import { MAX_DELETE_BCE_TIMEOUT_MS, NAI_SUBTYPE, NO_KEEPALIVE } from "./constants.ts";
import { DeadlineQueue } from "./deadline_queue.ts";
import type { HomeAgentEvent, OuterSource } from "./event.ts";
import type { Now } from "./now.ts";
import { correctedTimestamp, unixMsOfNtpTimestamp } from "./ntp_timestamp.ts";
import { isGreaterSequenceNumber } from "./sequence_number.ts";
import type { Hmac, HomeAgentSettings, MobileNodeEntry, MobilitySecurityAssociation } from "./settings.ts";
import { sameTunnelEnd, type TunnelEnd } from "./tunnel.ts";

/** Our own limit; what the configuration lists is always below it. */
const MAXIMUM_BINDINGS = 1_000_000;
/** A Binding Refresh Request goes out when this part of the lifetime is left. */
const REFRESH_REQUEST_AT = 1 / 8;

/** A Binding Update on its way through the checks of RFC 6275 section 9.5.1, with all that an answer needs. */
interface ReceivedUpdate {
  readonly outer: OuterSource;
  readonly packet: MobilityPacket;
  readonly update: BindingUpdate;
  readonly homeAddress: Ipv6Address;
  /** The IPv4 care-of address option: what the mobile node knows of its address. */
  readonly careOfAddress: string | undefined;
  readonly identity: string;
  /** What the answer is sealed with; undefined where the home agent runs open. */
  readonly security: MobilitySecurityAssociation | undefined;
  /** The timestamp to return; undefined where the update had none. */
  readonly timestamp: bigint | undefined;
}

/**
 * The home agent's state machine: the binding cache (RFC 6275 section 10, RFC 5555 section 4.5) and who may
 * change it (RFC 4285). Pure: events and the time go in, actions come out.
 */
export class HomeAgent {
  readonly #settings: HomeAgentSettings;
  readonly #hmac: Hmac;
  readonly #byHomeAddress: ReadonlyMap<Ipv6Address, MobileNodeEntry>;
  readonly #byIdentity: ReadonlyMap<string, MobileNodeEntry>;
  readonly #cache = new Map<Ipv6Address, BindingCacheEntry>();
  readonly #deadlines = new DeadlineQueue();
  readonly #answers = new AnswerLimiter();
  /** The greatest timestamp accepted from each identity (RFC 4285 section 6); outlives the binding. */
  readonly #lastTimestamps = new Map<string, bigint>();

  constructor(settings: HomeAgentSettings, environment: { readonly hmac: Hmac }) {
    this.#settings = settings;
    this.#hmac = environment.hmac;
    this.#byHomeAddress = new Map(settings.mobileNodes.map((node) => [node.homeAddress, node]));
    this.#byIdentity = new Map(settings.mobileNodes.map((node) => [node.identity, node]));
  }

  handle(event: HomeAgentEvent, now: Now): HomeAgentAction[] {
    switch (event.kind) {
      case "signalling":
        return this.#receive(event.outer, event.packet, now);
      case "unboundTraffic":
        return this.#answerUnboundTraffic(event, now);
      case "deadline":
        return this.#passTime(now);
    }
  }

  /** When handle() wants a "deadline" event, on the monotonic clock in milliseconds. */
  nextDeadline(): number | undefined {
    return this.#deadlines.next();
  }

  bindings(now: Now): BindingStatus[] {
    return [...this.#cache.values()].filter((entry) => entry.kind === "registered").map((binding) =>
      bindingStatus(binding, now.monotonicMs)
    );
  }

  #receive(outer: OuterSource, bytes: Uint8Array, now: Now): HomeAgentAction[] {
    const decoded = decodeMobilityPacket(bytes);
    if (!decoded.ok) {
      return [dropped("malformed mobility packet", outer, { fault: describeWireError(decoded.error) })];
    }
    const packet = decoded.value;
    if (!packet.checksumValid) return [dropped("wrong mobility header checksum", outer)];
    if (packet.destination !== this.#settings.address) return [dropped("not for this home agent", outer)];
    const message = packet.header.message;
    switch (message.kind) {
      case "bindingUpdate":
        return this.#receiveBindingUpdate(outer, packet, message, now);
      case "unknownMessage":
        return this.#answerUnknownMessage(outer, packet, now);
      default:
        return [
          dropped("mobility message that a home agent does not take", outer, { message: message.kind }),
        ];
    }
  }

  #receiveBindingUpdate(
    outer: OuterSource,
    packet: MobilityPacket,
    update: BindingUpdate,
    now: Now,
  ): HomeAgentAction[] {
    const homeAddress = packet.homeAddressOption ?? packet.source;
    if (homeAddress !== packet.source || !isRoutableUnicastIpv6(homeAddress)) {
      return [dropped("home address is not the inner source", outer)];
    }
    if (!update.homeRegistration) return [dropped("not a home registration", outer)];
    if (findOption(update.options, "nonceIndices")) {
      return [dropped("nonce indices in a home registration", outer)];
    }

    const proven = this.#authenticate(outer, packet, update, homeAddress, now);
    if ("actions" in proven) return proven.actions;
    const received = proven.received;

    const refusal = this.#reasonToRefuse(received);
    if (refusal !== undefined) return [this.#acknowledge(received, refusal), refused(received, refusal)];

    const entry = this.#cache.get(homeAddress);
    if (entry !== undefined && !isGreaterSequenceNumber(update.sequenceNumber, entry.sequenceNumber)) {
      return [
        this.#acknowledge(received, BindingStatusCode.sequenceNumberOutOfWindow, entry.sequenceNumber),
        refused(received, BindingStatusCode.sequenceNumberOutOfWindow),
      ];
    }
    return update.lifetimeSeconds === 0 ? this.#deregister(received, now) : this.#register(received, now);
  }

  /** Who sent this, and is it fresh? (RFC 4285 sections 5 and 6.) */
  #authenticate(
    outer: OuterSource,
    packet: MobilityPacket,
    update: BindingUpdate,
    homeAddress: Ipv6Address,
    now: Now,
  ): { received: ReceivedUpdate } | { actions: HomeAgentAction[] } {
    const careOfAddress = findOption(update.options, "ipv4CareOfAddress")?.careOfAddress;
    const identityOption = findOption(update.options, "mobileNodeIdentifier");
    const claimed = identityOption?.subtype === NAI_SUBTYPE ? naiText(identityOption.identifier) : undefined;
    const listed = this.#byHomeAddress.get(homeAddress);
    const base = { outer, packet, update, homeAddress, careOfAddress };

    if (!this.#settings.requireAuthentication && listed?.security === undefined) {
      const identity = claimed ?? listed?.identity ?? homeAddress;
      return { received: { ...base, identity, security: undefined, timestamp: undefined } };
    }
    const silently = (reason: string) => ({ actions: [dropped(reason, outer, { homeAddress })] });
    if (claimed === undefined) return silently("no mobile node identifier");
    const node = listed?.identity === claimed ? listed : this.#byIdentity.get(claimed);
    if (node?.security === undefined) return silently("unknown mobile node identifier");
    const proof = findOption(update.options, "messageAuthentication");
    if (proof === undefined) return silently("no message authentication option");
    if (proof.spi !== node.security.spi) return silently("unknown SPI");

    const sent = findOption(update.options, "messageIdentification")?.timestamp;
    const received: ReceivedUpdate = {
      ...base,
      identity: node.identity,
      security: node.security,
      timestamp: sent,
    };
    const addresses = { careOfAddress, homeAddress };
    const { mobilityHeader, header } = packet;
    if (!verifyMobilityHeader(mobilityHeader, header, node.security, addresses, this.#hmac)) {
      return { actions: this.#refuseUnproven(received, now) };
    }
    if (sent === undefined) {
      const missing = BindingStatusCode.messageIdentificationRequired;
      return { actions: [this.#acknowledge(received, missing), refused(received, missing)] };
    }
    if (!this.#isFresh(node.identity, sent, now)) {
      const answered = { ...received, timestamp: correctedTimestamp(sent, now.unixMs) };
      const mismatch = BindingStatusCode.identificationMismatch;
      return { actions: [this.#acknowledge(answered, mismatch), refused(received, mismatch)] };
    }
    this.#lastTimestamps.set(node.identity, sent);
    if (node.homeAddress !== homeAddress) {
      const status = this.#isHomeAddress(homeAddress)
        ? BindingStatusCode.administrativelyProhibited
        : BindingStatusCode.notHomeSubnet;
      return { actions: [this.#acknowledge(received, status), refused(received, status)] };
    }
    return { received };
  }

  #refuseUnproven(received: ReceivedUpdate, now: Now): HomeAgentAction[] {
    const status = BindingStatusCode.authenticationFailed;
    const report = refused(received, status);
    if (!this.#answers.allow(received.outer.address, now.monotonicMs)) return [report];
    return [this.#acknowledge(received, status), report];
  }

  #isFresh(identity: string, timestamp: bigint, now: Now): boolean {
    const last = this.#lastTimestamps.get(identity);
    if (last !== undefined && timestamp <= last) return false;
    return Math.abs(unixMsOfNtpTimestamp(timestamp) - now.unixMs) <= this.#settings.clockToleranceMs;
  }

  #isHomeAddress(address: Ipv6Address): boolean {
    return prefixContains(this.#settings.homePrefix, address) && address !== this.#settings.address;
  }

  /** The status code of the first thing that speaks against a proven update, or undefined. */
  #reasonToRefuse({ update, homeAddress, careOfAddress }: ReceivedUpdate): number | undefined {
    if (!prefixContains(this.#settings.homePrefix, homeAddress)) return BindingStatusCode.notHomeSubnet;
    if (!this.#isHomeAddress(homeAddress)) return BindingStatusCode.administrativelyProhibited;
    if (update.proxyRegistration) return BindingStatusCode.proxyRegistrationNotEnabled;
    if (update.mobileRouter) return BindingStatusCode.mobileRouterOperationNotPermitted;
    if (update.lifetimeSeconds === 0) {
      const registered = this.#cache.get(homeAddress)?.kind === "registered";
      return registered ? undefined : BindingStatusCode.notHomeAgentForThisMobileNode;
    }
    if (update.forceUdp && !this.#settings.acceptForceUdp) return BindingStatusCode.cannotForceUdp;
    if (careOfAddress === undefined || !isUnicastIpv4(careOfAddress)) {
      return BindingStatusCode.invalidCareOfAddress;
    }
    if (!this.#cache.has(homeAddress) && this.#cache.size >= MAXIMUM_BINDINGS) {
      return BindingStatusCode.insufficientResources;
    }
    return undefined;
  }

  #register(received: ReceivedUpdate, now: Now): HomeAgentAction[] {
    const { update, outer, homeAddress } = received;
    const natDetected = received.careOfAddress !== outer.address;
    const overUdp = natDetected || update.forceUdp || this.#settings.forceUdp;
    const tunnel: TunnelEnd = overUdp
      ? { encapsulation: "udp", address: outer.address, port: outer.port }
      : { encapsulation: "ipv6InIpv4", address: outer.address, port: 0 };
    const lifetimeSeconds = Math.min(update.lifetimeSeconds, this.#settings.maximumLifetimeSeconds);
    const lifetimeMs = lifetimeSeconds * 1000;
    const earlier = this.#cache.get(homeAddress);
    const binding: RegisteredBinding = {
      kind: "registered",
      homeAddress,
      identity: received.identity,
      outer,
      tunnel,
      natDetected,
      sequenceNumber: update.sequenceNumber,
      lifetimeSeconds,
      expiresAtMs: now.monotonicMs + lifetimeMs,
      refreshRequestAtMs: now.monotonicMs + lifetimeMs * (1 - REFRESH_REQUEST_AT),
    };
    this.#store(binding);
    const actions: HomeAgentAction[] = [];
    const earlierTunnel = earlier?.kind === "registered" ? earlier.tunnel : undefined;
    if (!sameTunnelEnd(earlierTunnel, tunnel)) {
      actions.push({ kind: "setBinding", homeAddress, tunnel });
      actions.push(report("info", earlierTunnel ? "binding moved" : "binding created", {
        homeAddress,
        identity: received.identity,
        careOfAddress: outer.address,
        port: outer.port,
        encapsulation: tunnel.encapsulation,
        natDetected,
        lifetimeSeconds,
      }));
    } else {
      actions.push(
        report("debug", "binding refreshed", { homeAddress, sequenceNumber: update.sequenceNumber }),
      );
    }
    actions.push(
      this.#acknowledge(received, BindingStatusCode.accepted, update.sequenceNumber, lifetimeSeconds),
    );
    return actions;
  }

  #deregister(received: ReceivedUpdate, now: Now): HomeAgentAction[] {
    const { homeAddress, update } = received;
    this.#store({
      kind: "removed",
      homeAddress,
      sequenceNumber: update.sequenceNumber,
      forgetAtMs: now.monotonicMs + MAX_DELETE_BCE_TIMEOUT_MS,
    });
    return [
      { kind: "removeBinding", homeAddress },
      this.#acknowledge(received, BindingStatusCode.accepted),
      report("info", "binding removed by its mobile node", { homeAddress, identity: received.identity }),
    ];
  }

  #store(entry: BindingCacheEntry): void {
    this.#cache.set(entry.homeAddress, entry);
    this.#deadlines.schedule(entry.homeAddress, entryDeadline(entry));
  }

  #passTime(now: Now): HomeAgentAction[] {
    const actions: HomeAgentAction[] = [];
    for (;;) {
      const homeAddress = this.#deadlines.takeDue(now.monotonicMs);
      if (homeAddress === undefined) return actions;
      const entry = this.#cache.get(homeAddress)!;
      if (entry.kind === "registered" && now.monotonicMs < entry.expiresAtMs) {
        this.#store({ ...entry, refreshRequestAtMs: undefined });
        actions.push(this.#send(entry.outer, homeAddress, { kind: "bindingRefreshRequest", options: [] }));
        continue;
      }
      this.#cache.delete(homeAddress);
      if (entry.kind === "registered") {
        actions.push({ kind: "removeBinding", homeAddress });
        actions.push(report("info", "binding expired", { homeAddress, identity: entry.identity }));
      }
    }
  }

  /**
   * Traffic of a home address from an outer address that it is not bound to: the mobile node that sent it does
   * not know yet that its binding is gone or its NAT has changed (Binding Error status 1, RFC 6275 9.3.3).
   */
  #answerUnboundTraffic(event: HomeAgentEvent & { kind: "unboundTraffic" }, now: Now): HomeAgentAction[] {
    const { outer, encapsulation, packet } = event;
    if (packet.length < 40 || packet[0] >> 4 !== 6) return [];
    const homeAddress = formatIpv6(packet, 8);
    const known = this.#settings.requireAuthentication
      ? this.#byHomeAddress.has(homeAddress)
      : this.#isHomeAddress(homeAddress);
    if (!known || !this.#answers.allow(outer.address, now.monotonicMs)) return [];
    const to = encapsulation === "udp" ? outer : { address: outer.address, port: DSMIPV6_PORT };
    return [
      this.#sendBindingError(to, homeAddress, BindingErrorStatusCode.unknownBinding),
      dropped("traffic without a binding", outer, { homeAddress }),
    ];
  }

  #answerUnknownMessage(outer: OuterSource, packet: MobilityPacket, now: Now): HomeAgentAction[] {
    const report = dropped("unknown mobility header type", outer);
    if (!this.#answers.allow(outer.address, now.monotonicMs)) return [report];
    return [this.#sendBindingError(outer, packet.source, BindingErrorStatusCode.unrecognizedMessage), report];
  }

  #sendBindingError(outer: OuterSource, homeAddress: Ipv6Address, status: number): HomeAgentAction {
    return this.#send(outer, homeAddress, { kind: "bindingError", status, homeAddress, options: [] });
  }

  #send(outer: OuterSource, homeAddress: Ipv6Address, message: MobilityMessage): HomeAgentAction {
    return this.#sendHeader(outer, homeAddress, encodeMobilityHeader(message));
  }

  #sendHeader(outer: OuterSource, homeAddress: Ipv6Address, mobilityHeader: Uint8Array): HomeAgentAction {
    const packet = encodeMobilityPacket({
      source: this.#settings.address,
      destination: homeAddress,
      mobilityHeader,
    });
    return {
      kind: "sendSignalling",
      source: undefined,
      destination: outer.address,
      destinationPort: outer.port,
      packet,
    };
  }

  /** A Binding Acknowledgement goes to where its update came from, in UDP (RFC 5555 section 4.2). */
  #acknowledge(
    received: ReceivedUpdate,
    status: number,
    sequenceNumber = received.update.sequenceNumber,
    lifetimeSeconds = 0,
  ): HomeAgentAction {
    const { update, outer, homeAddress, careOfAddress, identity, security, timestamp } = received;
    const options: MobilityOption[] = [];
    if (findOption(update.options, "mobileNodeIdentifier")) {
      const identifier = new TextEncoder().encode(identity);
      options.push({ kind: "mobileNodeIdentifier", subtype: NAI_SUBTYPE, identifier });
    }
    const ipv4HomeAddress = findOption(update.options, "ipv4HomeAddress");
    if (ipv4HomeAddress) {
      options.push({
        kind: "ipv4AddressAcknowledgement",
        status: Ipv4AddressStatusCode.administrativelyProhibited,
        prefixLength: 0,
        homeAddress: ipv4HomeAddress.homeAddress,
      });
    }
    if (careOfAddress !== undefined) {
      const natDetected = careOfAddress !== outer.address;
      const refreshSeconds = natDetected ? this.#settings.natRefreshSeconds : NO_KEEPALIVE;
      const forceUdp = this.#settings.forceUdp || (update.forceUdp && this.#settings.acceptForceUdp);
      options.push({ kind: "natDetection", forceUdp, refreshSeconds });
    }
    if (timestamp !== undefined) options.push({ kind: "messageIdentification", timestamp });
    const mobilityHeader = sealMobilityHeader(
      {
        kind: "bindingAcknowledgement",
        status,
        keyManagementMobility: false,
        mobileRouter: false,
        proxyRegistration: false,
        tlvHeader: false,
        bulk: false,
        sequenceNumber,
        lifetimeSeconds,
        options,
      },
      security,
      { careOfAddress, homeAddress },
      this.#hmac,
    );
    return this.#sendHeader(outer, homeAddress, mobilityHeader);
  }
}

/** A network access identifier in text, or undefined where the octets are no printable UTF-8. */
function naiText(identifier: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(identifier);
  return /^[^\p{C}\uFFFD]+$/u.test(text) ? text : undefined;
}

function report(level: Report["level"], message: string, details: Report["details"]): Report {
  return { kind: "report", level, message, details };
}

function dropped(reason: string, outer: OuterSource, details: Report["details"] = {}): Report {
  return report("debug", `dropped: ${reason}`, { from: `${outer.address}:${outer.port}`, ...details });
}

function refused(received: ReceivedUpdate, status: number): Report {
  return report("warning", "binding update refused", {
    status,
    homeAddress: received.homeAddress,
    identity: received.identity,
    from: `${received.outer.address}:${received.outer.port}`,
    sequenceNumber: received.update.sequenceNumber,
  });
}
