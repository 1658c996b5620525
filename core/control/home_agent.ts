import {
  formatIpv6,
  type Ipv6Address,
  isRoutableUnicastIpv6,
  isUnicastIpv4,
  prefixContains,
  UNSPECIFIED_IPV6,
} from "../wire/address.ts";
import { BindingErrorStatusCode, BindingStatusCode } from "../wire/binding_status.ts";
import { DSMIPV6_PORT, Protocol } from "../wire/constants.ts";
import { encodeMobilityHeader } from "../wire/mobility_header.ts";
import type { BindingUpdate, MobilityMessage } from "../wire/mobility_message.ts";
import { findOption } from "../wire/mobility_option.ts";
import { decodeMobilityPacket, encodeMobilityPacket, type MobilityPacket } from "../wire/mobility_packet.ts";
import { describeWireError } from "../wire/result.ts";
import type { HomeAgentAction, Report } from "./action.ts";
import { AnswerLimiter } from "./answer_limiter.ts";
import { bindingAcknowledgement } from "./binding_acknowledgement.ts";
import {
  type BindingCacheEntry,
  type BindingStatus,
  bindingStatus,
  entryDeadline,
  type RegisteredBinding,
} from "./binding_cache.ts";
import { MAX_DELETE_BCE_TIMEOUT_MS } from "./constants.ts";
import { DeadlineQueue } from "./deadline_queue.ts";
import type { HomeAgentEvent, OuterSource } from "./event.ts";
import type { Now } from "./now.ts";
import { isGreaterSequenceNumber } from "./sequence_number.ts";
import { type Hmac, type HomeAgentSettings, isHomeAddress } from "./settings.ts";
import { sameTunnelEnd, type TunnelEnd } from "./tunnel.ts";
import { type HomeAgentEnvironment, type ReceivedUpdate, UpdateVerifier } from "./update_verifier.ts";

/** Our own limit; what the configuration lists is always below it. */
const MAXIMUM_BINDINGS = 1_000_000;
/** A Binding Refresh Request goes out when this part of the lifetime is left. */
const REFRESH_REQUEST_AT = 1 / 8;

/**
 * The home agent's state machine: the binding cache (RFC 6275 section 10, RFC 5555 section 4.5) and who may
 * change it (RFC 4285). Pure: events and the time go in, actions come out.
 */
export class HomeAgent {
  readonly #settings: HomeAgentSettings;
  readonly #hmac: Hmac;
  readonly #verifier: UpdateVerifier;
  readonly #cache = new Map<Ipv6Address, BindingCacheEntry>();
  readonly #deadlines = new DeadlineQueue();
  readonly #answers = new AnswerLimiter();

  constructor(settings: HomeAgentSettings, environment: HomeAgentEnvironment) {
    this.#settings = settings;
    this.#hmac = environment.hmac;
    this.#verifier = new UpdateVerifier(settings, environment);
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
    if (packet.header.payloadProtocol !== Protocol.noNextHeader) {
      return [dropped("a payload in a mobility header", outer)];
    }
    if (packet.destination !== this.#settings.address) return [dropped("not for this home agent", outer)];
    if (!isRoutableUnicastIpv6(packet.source)) return [dropped("inner source is not unicast", outer)];
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
    if (homeAddress !== packet.source) return [dropped("home address is not the inner source", outer)];
    const careOfAddress = findOption(update.options, "ipv4CareOfAddress")?.careOfAddress;
    if (careOfAddress !== undefined && !isUnicastIpv4(careOfAddress)) {
      return [dropped("care-of address is not unicast", outer, { careOfAddress })];
    }
    if (!update.homeRegistration) return [dropped("not a home registration", outer)];
    if (findOption(update.options, "nonceIndices")) {
      return [dropped("nonce indices in a home registration", outer)];
    }

    const origin = this.#verifier.verify({ outer, packet, update, homeAddress, careOfAddress }, now);
    if (origin.kind === "silent") return [dropped(origin.reason, outer, { homeAddress })];
    const received = origin.received;
    if (origin.kind === "unproven") return this.#refuseUnproven(received, origin.status, now);
    const refusal = origin.kind === "refused" ? origin.status : this.#reasonToRefuse(received);
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

  /** Answers to what anybody may have sent are rare, so that the home agent is nobody's reflector. */
  #refuseUnproven(received: ReceivedUpdate, status: number, now: Now): HomeAgentAction[] {
    const report = refused(received, status);
    if (!this.#answers.allow(received.outer.address, now.monotonicMs)) return [report];
    return [this.#acknowledge(received, status), report];
  }

  /** The status code of the first thing that speaks against a proven update, or undefined. */
  #reasonToRefuse({ update, homeAddress, careOfAddress }: ReceivedUpdate): number | undefined {
    if (!prefixContains(this.#settings.homePrefix, homeAddress)) return BindingStatusCode.notHomeSubnet;
    if (!isHomeAddress(this.#settings, homeAddress)) return BindingStatusCode.administrativelyProhibited;
    if (update.proxyRegistration) return BindingStatusCode.proxyRegistrationNotEnabled;
    if (update.mobileRouter) return BindingStatusCode.mobileRouterOperationNotPermitted;
    if (update.lifetimeSeconds === 0) {
      const registered = this.#cache.get(homeAddress)?.kind === "registered";
      return registered ? undefined : BindingStatusCode.notHomeAgentForThisMobileNode;
    }
    if (update.forceUdp && !this.#settings.acceptForceUdp) return BindingStatusCode.cannotForceUdp;
    if (careOfAddress === undefined) {
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
      ? this.#verifier.knows(homeAddress)
      : isHomeAddress(this.#settings, homeAddress);
    if (!known || !this.#answers.allow(outer.address, now.monotonicMs)) return [];
    const to = encapsulation === "udp" ? outer : { address: outer.address, port: DSMIPV6_PORT };
    const status = BindingErrorStatusCode.unknownBinding;
    return [
      this.#send(to, homeAddress, { kind: "bindingError", status, homeAddress, options: [] }),
      dropped("traffic without a binding", outer, { homeAddress }),
    ];
  }

  #answerUnknownMessage(outer: OuterSource, packet: MobilityPacket, now: Now): HomeAgentAction[] {
    const report = dropped("unknown mobility header type", outer);
    if (!this.#answers.allow(outer.address, now.monotonicMs)) return [report];
    // Section 9.3.3: the home address of the Home Address option, or the unspecified address.
    const homeAddress = packet.homeAddressOption ?? UNSPECIFIED_IPV6;
    const status = BindingErrorStatusCode.unrecognizedMessage;
    return [
      this.#send(outer, packet.source, { kind: "bindingError", status, homeAddress, options: [] }),
      report,
    ];
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
    const answer = { status, sequenceNumber, lifetimeSeconds };
    const mobilityHeader = bindingAcknowledgement(received, answer, this.#settings, this.#hmac);
    return this.#sendHeader(received.outer, received.homeAddress, mobilityHeader);
  }
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
