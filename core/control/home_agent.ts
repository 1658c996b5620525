import { formatIpv6, type Ipv6Address, type Ipv6Prefix } from "../wire/address.ts";
import { BindingErrorStatusCode, BindingStatusCode } from "../wire/binding_status.ts";
import type { BindingUpdate } from "../wire/mobility_message.ts";
import type { MobilityPacket } from "../wire/mobility_packet.ts";
import type { HomeAgentAction } from "./action.ts";
import { AnswerLimits } from "./answer_limits.ts";
import { bind, unbind } from "./binding_actions.ts";
import {
  BindingCache,
  type BindingCacheEntry,
  type BindingStatus,
  bindingStatus,
  entrySequenceNumber,
  identityOf,
  type RegisteredBinding,
} from "./binding_cache.ts";
import { CareOfAddressProbe } from "./care_of_address_probe.ts";
import { MAX_DELETE_BCE_TIMEOUT_MS } from "./constants.ts";
import { earliest } from "./deadline_queue.ts";
import type { HomeAgentEvent, SignallingEvent } from "./event.ts";
import { dropped, HomeAgentAnswers, refused } from "./home_agent_answers.ts";
import { readHomeAgentPacket } from "./home_agent_packet.ts";
import { HomeLinkAnswers } from "./home_link_answers.ts";
import { bindingFor, isForCorrespondent, reasonToRefuse } from "./home_registration.ts";
import { comeAgain, keptUpdatesOf } from "./kept_updates.ts";
import { Ipv4HomeAddresses, ipv4Refusals } from "./ipv4_home_addresses.ts";
import { withDelegated } from "./mobile_network_prefixes.ts";
import type { Now } from "./now.ts";
import { bindingUnder } from "./reconfiguration.ts";
import { Revocations } from "./revocations.ts";
import { isGreaterSequenceNumber } from "./sequence_number.ts";
import { report } from "./report.ts";
import type { HomeAgentSettings, MobileNodeEntry } from "./settings.ts";
import { pathTo, unboundPath } from "./signalling_path.ts";
import { sourceOf, SourceOwners } from "./source_owners.ts";
import type { KeptUpdate } from "./update_origin.ts";
import { isDeregistration, readUpdate } from "./update_reader.ts";
import {
  type HomeAgentEnvironment,
  type Origin,
  type ReceivedUpdate,
  UpdateVerifier,
} from "./update_verifier.ts";

/** Our own limit; what the configuration lists is always below it. */
const MAXIMUM_BINDINGS = 1_000_000;
/** Duplicate address detection that gives no result for so long is forgotten; the mobile node asks again. */
const PROBE_LIMIT_MS = 10_000;

/**
 * The home agent's state machine: the binding cache (RFC 6275 section 10, RFC 5555 section 4.5, RFC 3963 section 6)
 * and who may change it (RFC 4285). Pure: events and the time go in, actions come out.
 */
export class HomeAgent {
  /** Ours alone, and shared with the parts below: a new configuration is written into it. */
  readonly #settings: HomeAgentSettings;
  readonly #answers: HomeAgentAnswers;
  readonly #verifier: UpdateVerifier;
  readonly #cache = new BindingCache();
  readonly #limits = new AnswerLimits();
  readonly #careOfAddressProbe: CareOfAddressProbe;
  readonly #homeLink: HomeLinkAnswers;
  readonly #ipv4: Ipv4HomeAddresses;
  #owners: SourceOwners;
  readonly #revocations: Revocations;
  /** The update that the last event has bound. */
  #latest: ReceivedUpdate | undefined;
  /** Mobile network prefixes by home address; bounded by the pool that they come from. */
  readonly #delegated = new Map<Ipv6Address, readonly Ipv6Prefix[]>();

  constructor(initial: HomeAgentSettings, environment: HomeAgentEnvironment) {
    const settings = { ...initial };
    this.#settings = settings;
    this.#answers = new HomeAgentAnswers(settings, environment.hmac);
    this.#homeLink = new HomeLinkAnswers(settings, environment.random);
    this.#ipv4 = new Ipv4HomeAddresses(settings);
    this.#careOfAddressProbe = new CareOfAddressProbe(settings, environment.random);
    this.#verifier = new UpdateVerifier(settings, environment);
    this.#owners = new SourceOwners(settings);
    this.#revocations = new Revocations(settings, environment);
  }

  handle(event: HomeAgentEvent, now: Now): HomeAgentAction[] {
    const latest = this.#latest;
    this.#latest = undefined;
    switch (event.kind) {
      case "signalling":
        return this.#receive(event, now);
      case "unboundTraffic":
        return this.#answerUnboundTraffic(event, now);
      case "discovery":
        return this.#answerDiscovery(event, now);
      case "routerAdvertised":
        this.#homeLink.hear(event.source, event.advertisement, now.monotonicMs);
        return [];
      case "homeAddressProbed":
        return this.#endProbe(event.homeAddress, event.duplicate, now);
      case "delegatedPrefixes":
        return this.#delegate(event.homeAddress, event.prefixes);
      case "keptUpdates":
        // On a home link nothing is bound that the link was not asked about.
        if (this.#settings.homeLink) return [];
        return event.updates.flatMap((kept) => comeAgain(kept, now, (...come) => this.#receive(...come)));
      case "revoked":
        return this.#revokeIdentity(event.identity, now);
      case "reconfigured":
        return this.#reconfigure(event.settings, now);
      case "bindingFailed":
        return this.#giveUpBinding(event.homeAddress, latest);
      case "deadline":
        return this.#passTime(now);
    }
  }

  /** When handle() wants a "deadline" event, on the monotonic clock in milliseconds. */
  nextDeadline(): number | undefined {
    return earliest([this.#cache.nextDeadline(), this.#revocations.nextDeadline()]);
  }

  bindings(now: Now): BindingStatus[] {
    const registered = this.#cache.all().filter((entry) => entry.kind === "registered");
    return registered.map((binding) => bindingStatus(binding, now.monotonicMs));
  }

  /** Is this home address bound to a care-of address? */
  hasBinding(homeAddress: Ipv6Address): boolean {
    return this.#cache.registered(homeAddress) !== undefined;
  }

  /** For the home agent that starts after this one. */
  keptUpdates(): KeptUpdate[] {
    const hasDelegated = (homeAddress: Ipv6Address) => this.#delegated.has(homeAddress);
    return keptUpdatesOf(this.#cache.all(), { homeAgent: this.#settings.address, hasDelegated });
  }

  #receive(event: SignallingEvent, now: Now): HomeAgentAction[] {
    const read = readHomeAgentPacket(event, this.#settings.address);
    if (read.kind === "report") return [read];
    const { packet, path } = read;
    const message = packet.header.message;
    const homeAddress = packet.homeAddressOption ?? packet.source;
    if (!this.#verifier.isProtected(homeAddress, event.protection)) {
      return [dropped("not protected by ESP", path, { homeAddress })];
    }
    switch (message.kind) {
      case "bindingUpdate":
        return this.#receiveBindingUpdate(event, packet, message, now);
      case "bindingRevocationAcknowledgement":
        return this.#revocations.receive(packet, message);
      case "unknownMessage": {
        const told = dropped("unknown mobility header type", path);
        const mayAnswer = this.#limits.allowBindingError(path, now);
        return mayAnswer ? [this.#answers.unrecognizedMessage(path, packet), told] : [told];
      }
      default:
        return [dropped("mobility message that a home agent does not take", path, { message: message.kind })];
    }
  }

  #receiveBindingUpdate(
    event: SignallingEvent,
    packet: MobilityPacket,
    update: BindingUpdate,
    now: Now,
  ): HomeAgentAction[] {
    const read = readUpdate(event, packet, update);
    if (read.kind === "dropped") return [dropped(read.reason, pathTo(event.outer, packet.source))];
    const { homeAddress, path } = read.claim;
    const entry = this.#cache.get(homeAddress);
    if (isForCorrespondent(update, entry)) return [dropped("not a home registration", path, { homeAddress })];
    const origin = this.#verifier.verify(read.claim, now);
    if (origin.kind === "silent") return [dropped(origin.reason, path, { homeAddress })];
    const received = origin.received;
    if (origin.kind === "unproven" || origin.kind === "stale") return this.#refuseRarely(origin, now);
    const refusal = origin.kind === "refused" ? origin.status : this.#reasonToRefuse(received, entry);
    if (refusal !== undefined) {
      // Who de-registers does not want what the home link is being asked about, either.
      if (entry?.kind === "probed" && isDeregistration(received)) this.#cache.forget(homeAddress);
      return [this.#answers.answer(received, refusal), refused(received, refusal)];
    }
    if (
      entry !== undefined && !isGreaterSequenceNumber(update.sequenceNumber, entrySequenceNumber(entry))
    ) {
      const status = BindingStatusCode.sequenceNumberOutOfWindow;
      const answer = { status, sequenceNumber: entrySequenceNumber(entry), lifetimeSeconds: 0 };
      return [this.#answers.acknowledge(received, answer), refused(received, status)];
    }
    if (isDeregistration(received)) return this.#deregister(received, entry, now);
    const asked = this.#careOfAddressProbe.ask(received, entry, now);
    if (asked !== undefined) return this.#answers.askAtCareOfAddress(received, asked);
    if (this.#settings.homeLink && entry?.kind !== "registered") return this.#probe(received, entry, now);
    return this.#register(received, now);
  }

  /** Answers to what anybody may have sent are rare, so that the home agent is nobody's reflector. */
  #refuseRarely(origin: Origin & { kind: "unproven" | "stale" }, now: Now): HomeAgentAction[] {
    const { received, status } = origin;
    const answers = this.#limits.allowRefusal(origin, now) ? [this.#answers.answer(received, status)] : [];
    return [...answers, refused(received, status)];
  }

  #reasonToRefuse(received: ReceivedUpdate, entry: BindingCacheEntry | undefined): number | undefined {
    if (this.#revocations.refuses(received.identity)) return BindingStatusCode.administrativelyProhibited;
    const status = reasonToRefuse(received, entry, this.#delegatedTo(received.homeAddress), this.#settings);
    const full = entry === undefined && this.#cache.size >= MAXIMUM_BINDINGS;
    return status ?? (full ? BindingStatusCode.insufficientResources : undefined);
  }

  /** Asks the home link before the first binding of a home address; the update waits (RFC 6275 section 10.3.1). */
  #probe(received: ReceivedUpdate, entry: BindingCacheEntry | undefined, now: Now): HomeAgentAction[] {
    const { homeAddress, update } = received;
    const running = entry?.kind === "probed" ? entry : undefined;
    const forgetAtMs = running?.forgetAtMs ?? now.monotonicMs + PROBE_LIMIT_MS;
    this.#cache.store({ kind: "probed", homeAddress, received, forgetAtMs });
    if (running !== undefined) return [];
    const { linkLocalCompatibility } = update;
    return [{ kind: "probeHomeAddress", homeAddress, linkLocalCompatibility }];
  }

  #endProbe(homeAddress: Ipv6Address, duplicate: boolean, now: Now): HomeAgentAction[] {
    const entry = this.#cache.get(homeAddress);
    if (entry?.kind !== "probed") return [];
    if (!duplicate) return this.#register(entry.received, now);
    this.#cache.forget(homeAddress);
    const status = BindingStatusCode.duplicateAddressDetectionFailed;
    return [this.#answers.answer(entry.received, status), refused(entry.received, status)];
  }

  #register(received: ReceivedUpdate, now: Now): HomeAgentAction[] {
    const { homeAddress } = received;
    const earlier = this.#cache.registered(homeAddress);
    const ipv4 = this.#ipv4.answer(received);
    const grants = { ipv4, delegated: this.#delegatedTo(homeAddress) };
    const binding = bindingFor(received, grants, this.#settings, now);
    this.#cache.store(binding);
    this.#latest = received;
    this.#revocations.cancel(homeAddress);
    const { sequenceNumber, lifetimeSeconds } = binding;
    const answer = { status: BindingStatusCode.accepted, sequenceNumber, lifetimeSeconds, ipv4 };
    const reports = earlier === undefined ? ipv4Refusals(received, ipv4) : [];
    return [
      ...bind(earlier, binding, this.#settings),
      ...reports,
      this.#answers.acknowledge(received, answer),
    ];
  }

  /**
   * What was to be done for a binding could not be done: nothing of it stays, nor of the one before (the mobile node has left
   * there), and who asked for it is refused.
   */
  #giveUpBinding(homeAddress: Ipv6Address, latest: ReceivedUpdate | undefined): HomeAgentAction[] {
    const binding = this.#cache.registered(homeAddress);
    if (binding === undefined) return [];
    this.#cache.forget(homeAddress);
    const actions = this.#unbind(binding);
    if (latest?.homeAddress !== homeAddress) return actions;
    const status = BindingStatusCode.insufficientResources;
    return [...actions, this.#answers.answer(latest, status), refused(latest, status)];
  }

  /** Forwarding for what is delegated while the binding stands (RFC 6276 section 3.1). */
  #delegate(homeAddress: Ipv6Address, prefixes: readonly Ipv6Prefix[]): HomeAgentAction[] {
    const before = this.#delegatedTo(homeAddress);
    if (prefixes.length > 0) this.#delegated.set(homeAddress, prefixes);
    else this.#delegated.delete(homeAddress);
    const entry = this.#cache.registered(homeAddress);
    if (entry === undefined || !entry.mobileRouter) return [];
    const binding = { ...entry, prefixes: withDelegated(entry.prefixes, before, prefixes) };
    this.#cache.store(binding);
    return bind(entry, binding, this.#settings);
  }

  #delegatedTo(homeAddress: Ipv6Address): readonly Ipv6Prefix[] {
    return this.#delegated.get(homeAddress) ?? [];
  }

  #deregister(
    received: ReceivedUpdate,
    entry: BindingCacheEntry | undefined,
    now: Now,
  ): HomeAgentAction[] {
    const { homeAddress, update } = received;
    this.#cache.store({
      kind: "removed",
      homeAddress,
      sequenceNumber: update.sequenceNumber,
      forgetAtMs: now.monotonicMs + MAX_DELETE_BCE_TIMEOUT_MS,
    });
    return [
      // The address is the node's own again before it hears so (RFC 6275 section 10.3.2).
      ...(entry?.kind === "registered" ? this.#unbind(entry) : []),
      this.#answers.answer(received, BindingStatusCode.accepted),
      report("info", "binding removed by its mobile node", { homeAddress, identity: received.identity }),
    ];
  }

  #unbind(binding: RegisteredBinding): HomeAgentAction[] {
    this.#ipv4.release(binding.homeAddress);
    return unbind(binding, this.#settings);
  }

  /** Bindings of mobile nodes that the configuration has no more go at once; others lose what is not theirs any more. */
  #reconfigure(settings: HomeAgentSettings, now: Now): HomeAgentAction[] {
    const had = this.#verifier.nodes;
    Object.assign(this.#settings, settings);
    this.#careOfAddressProbe.forgetAll();
    this.#verifier.mobileNodesChanged(now);
    this.#ipv4.mobileNodesChanged(settings);
    this.#owners = new SourceOwners(settings);
    const has = this.#verifier.nodes;
    const actions = this.#cache.all().flatMap((entry) => {
      const { homeAddress } = entry;
      const node = has.get(homeAddress);
      // Where nobody needs a key, there may be bindings of nodes that the configuration does not know.
      const before = had.get(homeAddress);
      if (before !== undefined && before.identity !== node?.identity) return this.#revoke(entry, before, now);
      if (node === undefined || entry.kind !== "registered") return [];
      const grants = { delegated: this.#delegatedTo(homeAddress), ipv4: this.#ipv4 };
      const binding = bindingUnder(node, entry, grants);
      if (binding === entry) return [];
      this.#cache.store(binding);
      return bind(entry, binding, this.#settings);
    });
    this.#revocations.mobileNodesChanged(had, has);
    return actions;
  }

  #revokeIdentity(identity: string, now: Now): HomeAgentAction[] {
    this.#revocations.refuse(identity);
    return this.#cache.all().filter((entry) => identityOf(entry) === identity).flatMap((entry) =>
      this.#revoke(entry, this.#verifier.nodes.get(entry.homeAddress), now)
    );
  }

  /** @param node what the configuration has, or had, of the mobile node */
  #revoke(entry: BindingCacheEntry, node: MobileNodeEntry | undefined, now: Now): HomeAgentAction[] {
    this.#cache.forget(entry.homeAddress);
    if (entry.kind !== "registered") return [];
    return [...this.#unbind(entry), ...this.#revocations.start(entry, node, now)];
  }

  #passTime(now: Now): HomeAgentAction[] {
    const actions = this.#revocations.passTime(now);
    for (;;) {
      const entry = this.#cache.takeDue(now.monotonicMs);
      if (entry === undefined) return actions;
      const { homeAddress } = entry;
      if (entry.kind === "registered" && now.monotonicMs < entry.expiresAtMs) {
        this.#cache.store({ ...entry, refreshRequestAtMs: undefined });
        const request = { kind: "bindingRefreshRequest", options: [] } as const;
        actions.push(this.#answers.send(entry.path, homeAddress, request));
        continue;
      }
      this.#cache.forget(homeAddress);
      if (entry.kind === "registered") {
        actions.push(...this.#unbind(entry));
        actions.push(report("info", "binding expired", { homeAddress, identity: entry.identity }));
      } else if (entry.kind === "probed") {
        actions.push(report("warning", "no answer from duplicate address detection", { homeAddress }));
      }
    }
  }

  /**
   * Traffic of a mobile node, or of a host behind it, from an outer address that it is not bound to: the mobile node does
   * not know yet that its binding is gone or its NAT has changed (Binding Error status 1, RFC 6275 9.3.3).
   */
  #answerUnboundTraffic(event: HomeAgentEvent & { kind: "unboundTraffic" }, now: Now): HomeAgentAction[] {
    const { outer, encapsulation, packet } = event;
    const source = sourceOf(packet);
    const homeAddress = source && this.#owners.homeAddressOf(source);
    const path = unboundPath(outer, encapsulation);
    if (homeAddress === undefined || path === undefined) return [];
    if (!this.#limits.allowBindingError(path, now)) return [];
    const status = BindingErrorStatusCode.unknownBinding;
    return [
      this.#answers.bindingError(path, homeAddress, { status, homeAddress }),
      dropped("traffic without a binding", path, { homeAddress }),
    ];
  }

  /** Discovery of home agents and prefixes (RFC 6275 sections 10.5.1 and 10.6.2). */
  #answerDiscovery(
    { packet: request, protection }: HomeAgentEvent & { kind: "discovery" },
    { monotonicMs: nowMs }: Now,
  ): HomeAgentAction[] {
    let isToBoundNode = false;
    const mayAdvertiseTo = (homeAddress: Ipv6Address, careOfAddress: Ipv6Address) => {
      const path = this.#cache.registered(homeAddress)?.path;
      return isToBoundNode = path?.kind === "ipv6" && path.address === careOfAddress &&
        this.#verifier.isProtected(homeAddress, protection) &&
        this.#limits.allowAdvertisement(homeAddress, nowMs);
    };
    const packet = this.#homeLink.answer(request, mayAdvertiseTo, nowMs);
    if (packet === undefined) return [report("debug", "dropped: discovery that is not answered", {})];
    if (!isToBoundNode && !this.#limits.allowDiscovery(formatIpv6(packet, 24), nowMs)) return [];
    return [{ kind: "sendPacket", source: this.#settings.address, packet }];
  }
}
