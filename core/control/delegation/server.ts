import { type Ipv6Address, type Ipv6Prefix, prefixText } from "../../wire/address.ts";
import {
  DHCPV6_CLIENT_PORT,
  DHCPV6_SERVER_PORT,
  type Dhcpv6Message,
  Dhcpv6MessageType,
  encodeDhcpv6,
} from "../../wire/dhcpv6.ts";
import {
  Dhcpv6Status,
  type Duid,
  findDhcpv6Option,
  type IaPd,
  type IaPrefix,
} from "../../wire/dhcpv6_option.ts";
import { equalOctets } from "../../wire/octets.ts";
import type { Report } from "../action.ts";
import { AnswerLimiter } from "../answer_limiter.ts";
import { samePrefixes } from "../mobile_network_prefixes.ts";
import type { Now } from "../now.ts";
import { report } from "../report.ts";
import {
  type HomeAgentSettings,
  isHomeAddress,
  type MobileNodeEntry,
  nodesByHomeAddress,
  type PrefixPool,
} from "../settings.ts";
import { MAXIMUM_ASSOCIATIONS, REBIND_SHARE } from "./constants.ts";
import { LeaseTable } from "./lease_table.ts";
import { PrefixRange } from "./prefix_range.ts";
import { relayReply } from "./relay.ts";
import {
  answerTo,
  type ClientRequest,
  emptyAssociation,
  namedPrefixes,
  readRequest,
  status,
} from "./server_message.ts";
import type { DelegationWay } from "./way.ts";

/** What is granted. Long, for a mobile router may be out of everybody's reach for hours. */
const VALID_LIFETIME_SECONDS = 86_400;
const PREFERRED_LIFETIME_SECONDS = 43_200;
/** T1. Short: a home agent that was restarted knows the prefix again no later than that. */
const RENEW_SECONDS = 600;
/** Messages of one home address. */
const RATE = { burst: 10, perSecond: 2 } as const;

export type DelegationServerEvent =
  /** UDP data from this source address: by the TUN device, out of ESP, or on the home link. */
  | {
    readonly kind: "received";
    readonly way: DelegationWay;
    readonly source: Ipv6Address;
    readonly datagram: Uint8Array;
  }
  /** The configuration has other mobile nodes. */
  | { readonly kind: "mobileNodesChanged"; readonly mobileNodes: readonly MobileNodeEntry[] }
  | { readonly kind: "deadline" };

export type DelegationServerAction =
  | Report
  /** These are all prefixes that are delegated to this home address from now on. */
  | {
    readonly kind: "delegatedPrefixes";
    readonly homeAddress: Ipv6Address;
    readonly prefixes: readonly Ipv6Prefix[];
  }
  | {
    readonly kind: "send";
    readonly way: DelegationWay;
    readonly destination: Ipv6Address;
    readonly port: number;
    readonly datagram: Uint8Array;
  };

export interface DelegationServerEnvironment {
  readonly duid: Duid;
  /** Is this home address bound to a care-of address now? */
  readonly isBound: (homeAddress: Ipv6Address) => boolean;
}

/**
 * The delegating router in a home agent: DHCPv6 prefix delegation (RFC 8415 section 18.3) to its mobile routers (RFC
 * 6276), out of one pool. Pure: events and the time go in, actions come out.
 *
 * The home agent delegates by itself (RFC 6276 section 3 puts the server there); it is no relay agent to a DHCPv6 server,
 * because then a second daemon would be a second authority over who may have which prefix, beside the home agent that
 * has to refuse what was not delegated (section 4).
 *
 * A lease belongs to a home address. Through the tunnel that is proven: the data path lets nothing in from a home address but
 * what came from the care-of address that it is bound to. Who has ESP is answered under ESP alone, as long as it is away
 * from home (section 4). On the home link nothing is proven, as with DHCP everywhere; so there a node gets what is its home
 * address's only with the identifier that it has used before, and not while it is away.
 */
export class DelegationServer {
  #settings: HomeAgentSettings & { readonly mobileNetworkPool: PrefixPool<Ipv6Prefix> };
  #nodes: ReadonlyMap<Ipv6Address, MobileNodeEntry>;
  readonly #environment: DelegationServerEnvironment;
  readonly #leases: LeaseTable;
  /** Apart, so that a flood on the home link, where nothing is proven, silences nobody in a tunnel. */
  readonly #rates = {
    tunnel: new AnswerLimiter(RATE),
    protectedTunnel: new AnswerLimiter(RATE),
    homeLink: new AnswerLimiter(RATE),
  };

  constructor(
    settings: HomeAgentSettings & { readonly mobileNetworkPool: PrefixPool<Ipv6Prefix> },
    environment: DelegationServerEnvironment,
  ) {
    this.#settings = settings;
    this.#nodes = nodesByHomeAddress(settings);
    this.#environment = environment;
    this.#leases = new LeaseTable(this.#range());
  }

  handle(event: DelegationServerEvent, { monotonicMs: nowMs }: Now): DelegationServerAction[] {
    switch (event.kind) {
      case "received":
        return this.#receive(event, nowMs);
      case "mobileNodesChanged":
        return this.#changeMobileNodes(event.mobileNodes);
      case "deadline":
        return this.#expire(nowMs);
    }
  }

  /** When handle() wants a "deadline" event, on the monotonic clock in milliseconds. */
  nextDeadline(): number | undefined {
    return this.#leases.nextDeadline();
  }

  /** Without what belongs to somebody by the configuration. */
  #range(): PrefixRange {
    const { mobileNodes, homePrefix, mobileNetworkPool } = this.#settings;
    const configured = mobileNodes.flatMap((node) => node.mobileNetworkPrefixes);
    return new PrefixRange(mobileNetworkPool, [...configured, homePrefix]);
  }

  /** Leases of mobile nodes that are there no more end at once, and those of what is somebody's own now. */
  #changeMobileNodes(mobileNodes: readonly MobileNodeEntry[]): DelegationServerAction[] {
    const had = this.#nodes;
    this.#settings = { ...this.#settings, mobileNodes };
    this.#nodes = nodesByHomeAddress(this.#settings);
    const isGone = (homeAddress: Ipv6Address) =>
      had.has(homeAddress) && had.get(homeAddress)?.identity !== this.#nodes.get(homeAddress)?.identity;
    const losers = this.#leases.useRange(this.#range(), isGone);
    return losers.map((homeAddress) => this.#told(homeAddress));
  }

  #told(homeAddress: Ipv6Address): DelegationServerAction {
    return { kind: "delegatedPrefixes", homeAddress, prefixes: this.#leases.prefixesOf(homeAddress) };
  }

  #expire(nowMs: number): DelegationServerAction[] {
    const actions: DelegationServerAction[] = [];
    for (;;) {
      const lease = this.#leases.takeExpired(nowMs);
      if (lease === undefined) return actions;
      const { homeAddress, prefix } = lease;
      actions.push(
        this.#told(homeAddress),
        report("info", "delegated prefix expired", { homeAddress, prefix: prefixText(prefix) }),
      );
    }
  }

  #receive(
    event: DelegationServerEvent & { readonly kind: "received" },
    nowMs: number,
  ): DelegationServerAction[] {
    const { way, source } = event;
    const stranger = this.#reasonToIgnore(way, source);
    if (stranger !== undefined) return [dropped(stranger, source)];
    if (!this.#rates[way].allow(source, nowMs)) return [dropped("too many messages", source)];
    const request = readRequest(event, this.#environment.duid);
    if (typeof request === "string") return [dropped(request, source)];
    if (way === "homeLink" && !this.#hasSameIdentifier(source, request.duid)) {
      return [dropped("another client has its prefixes", source)];
    }
    const before = this.#leases.prefixesOf(source);
    const answer = this.#answer(source, request, nowMs);
    const prefixes = this.#leases.prefixesOf(source);
    const { relay } = request;
    const actions: DelegationServerAction[] = [];
    if (!samePrefixes(before, prefixes)) {
      // Before the answer: what the mobile router registers then is known.
      actions.push({ kind: "delegatedPrefixes", homeAddress: source, prefixes });
      const text = prefixes.length === 0 ? "none" : prefixes.map(prefixText).join(" ");
      actions.push(report("info", "delegated prefixes", { homeAddress: source, prefixes: text }));
    }
    const port = relay === undefined ? DHCPV6_CLIENT_PORT : DHCPV6_SERVER_PORT;
    const datagram = encodeDhcpv6(relay === undefined ? answer : relayReply(answer, relay));
    return [...actions, { kind: "send", way, destination: source, port, datagram }];
  }

  /** RFC 6276 section 4. */
  #reasonToIgnore(way: DelegationWay, source: Ipv6Address): string | undefined {
    const isBound = this.#environment.isBound(source);
    if (way !== "homeLink" && !isBound) return "no binding";
    if (way === "protectedTunnel") return undefined;
    if (way === "tunnel") {
      return this.#nodes.get(source)?.requiresEsp === true ? "not protected by ESP" : undefined;
    }
    if (isBound) return "away from home";
    const isKnown = this.#settings.requireAuthentication
      ? this.#nodes.has(source)
      : isHomeAddress(this.#settings, source);
    return isKnown ? undefined : "no home address";
  }

  #hasSameIdentifier(homeAddress: Ipv6Address, duid: Duid): boolean {
    return this.#leases.leasesOf(homeAddress).every((lease) => equalOctets(lease.duid, duid));
  }

  #answer(homeAddress: Ipv6Address, request: ClientRequest, nowMs: number): Dhcpv6Message {
    const { message } = request;
    switch (message.type) {
      case Dhcpv6MessageType.solicit:
        return this.#answerSolicit(homeAddress, request, nowMs);
      case Dhcpv6MessageType.release:
        return this.#answerRelease(homeAddress, request);
      default: {
        const granted = this.#grant(homeAddress, request, nowMs);
        return answerTo(request, Dhcpv6MessageType.reply, this.#environment.duid, ...granted);
      }
    }
  }

  /** Without rapid commit nothing is promised: the Request gets what it gets (RFC 8415 sections 18.3.1 and 18.3.9). */
  #answerSolicit(homeAddress: Ipv6Address, request: ClientRequest, nowMs: number): Dhcpv6Message {
    const { duid } = this.#environment;
    const isRapid = findDhcpv6Option(request.message.options, "rapidCommit") !== undefined;
    const offered = this.#offer(homeAddress, request.associations);
    if (!isRapid || offered.every(({ index }) => index === undefined)) {
      const associations = offered.map(({ association, index }) => this.#describe(association, index, []));
      return answerTo(request, Dhcpv6MessageType.advertise, duid, ...associations);
    }
    const granted = this.#grant(homeAddress, request, nowMs);
    return answerTo(request, Dhcpv6MessageType.reply, duid, { kind: "rapidCommit" }, ...granted);
  }

  /** What each association would get, as a number in the pool. */
  #offer(homeAddress: Ipv6Address, associations: readonly IaPd[]) {
    const chosen = new Set<number>();
    return associations.map((association) => {
      const wanted = namedPrefixes(association);
      const index = this.#leases.choose(homeAddress, association.iaid, { wanted, chosen });
      const isNew = this.#leases.find(homeAddress, association.iaid) === undefined;
      if (index !== undefined && isNew) chosen.add(index);
      return { association, index };
    });
  }

  /**
   * Answers a Request, Renew or Rebind (RFC 8415 sections 18.3.2, 18.3.4, 18.3.5). A lease that nobody knows of is made anew,
   * of the same prefix where that is free: the home agent may have been restarted.
   */
  #grant(
    homeAddress: Ipv6Address,
    { message, duid, associations }: ClientRequest,
    nowMs: number,
  ): IaPd[] {
    const isExtension = message.type === Dhcpv6MessageType.renew || message.type === Dhcpv6MessageType.rebind;
    const validUntilMs = nowMs + VALID_LIFETIME_SECONDS * 1000;
    return this.#offer(homeAddress, associations).map(({ association, index }) => {
      const { iaid } = association;
      if (index !== undefined) this.#leases.grant({ homeAddress, iaid, duid, index, validUntilMs });
      return this.#describe(association, index, isExtension ? namedPrefixes(association) : []);
    });
  }

  /** @param held the prefixes that the client believes to have: what it does not get of them has a lifetime of 0 */
  #describe(association: IaPd, index: number | undefined, held: readonly Ipv6Prefix[]): IaPd {
    const granted = index === undefined ? undefined : this.#leases.prefixAt(index);
    const withdrawn = held.slice(0, MAXIMUM_ASSOCIATIONS)
      .filter((prefix) => granted === undefined || prefixText(prefix) !== prefixText(granted))
      .map((prefix) => iaPrefix(prefix, 0, 0));
    if (granted === undefined) {
      const reason = status(Dhcpv6Status.noPrefixAvail, "no prefix is left");
      return emptyAssociation(association, ...withdrawn, reason);
    }
    return {
      kind: "iaPd",
      iaid: association.iaid,
      renewSeconds: RENEW_SECONDS,
      rebindSeconds: PREFERRED_LIFETIME_SECONDS * REBIND_SHARE,
      options: [iaPrefix(granted, PREFERRED_LIFETIME_SECONDS, VALID_LIFETIME_SECONDS), ...withdrawn],
    };
  }

  /** RFC 8415 section 18.3.7. */
  #answerRelease(homeAddress: Ipv6Address, request: ClientRequest): Dhcpv6Message {
    const unknown: IaPd[] = [];
    for (const association of request.associations) {
      const lease = this.#leases.find(homeAddress, association.iaid);
      const named = namedPrefixes(association).map(prefixText);
      if (lease === undefined) {
        const reason = status(Dhcpv6Status.noBinding, "no such lease");
        unknown.push(emptyAssociation(association, reason));
      } else if (named.includes(prefixText(lease.prefix))) {
        this.#leases.end(lease);
      }
    }
    const { duid } = this.#environment;
    const done = status(Dhcpv6Status.success, "released");
    return answerTo(request, Dhcpv6MessageType.reply, duid, done, ...unknown);
  }
}

function iaPrefix(
  { address, length }: Ipv6Prefix,
  preferredLifetimeSeconds: number,
  validLifetimeSeconds: number,
): IaPrefix {
  return {
    kind: "iaPrefix",
    preferredLifetimeSeconds,
    validLifetimeSeconds,
    prefixLength: length,
    prefix: address,
    options: [],
  };
}

function dropped(reason: string, source: Ipv6Address): Report {
  return report("debug", "dropped: prefix delegation", { reason, from: source });
}
