import {
  DelegationClient,
  type DelegationClientAction,
  type DelegationClientEvent,
} from "../../../core/control/delegation/client.ts";
import { duidOf } from "../../../core/control/delegation/identifier.ts";
import {
  DelegationServer,
  type DelegationServerAction,
  type DelegationServerEvent,
} from "../../../core/control/delegation/server.ts";
import type { DelegationWay } from "../../../core/control/delegation/way.ts";
import type { HomeAgentSettings, MobileNodeEntry } from "../../../core/control/settings.ts";
import { type Ipv6Prefix, parseIpv6Prefix, prefixText } from "../../../core/wire/address.ts";
import {
  decodeDhcpv6,
  type Dhcpv6Message,
  Dhcpv6MessageType,
  type Dhcpv6RelayMessage,
  encodeDhcpv6,
} from "../../../core/wire/dhcpv6.ts";
import { type Dhcpv6Option, findDhcpv6Option, type IaPd } from "../../../core/wire/dhcpv6_option.ts";
import { valueOf } from "../../wire/decoded.ts";
import { hmac, HOME_ADDRESS, HOME_AGENT, homeAgentSettings } from "../script.ts";

/** Words for tests of prefix delegation that read as a script. */

export const CLIENT_DUID = duidOf("mn1@example.org", hmac);
export const SERVER_DUID = duidOf(HOME_AGENT, hmac);
export const OTHER_HOME_ADDRESS = "2001:db8:100::101";
export const { solicit, advertise, request, renew, rebind, reply, release } = Dhcpv6MessageType;

export function prefix(text: string): Ipv6Prefix {
  return parseIpv6Prefix(text)!;
}

export const pool = (text: string, networkLength: number) => ({ prefix: prefix(text), networkLength });

/** The message in the relay agent's, or as it is on the home link. */
export function messageIn(way: DelegationWay, datagram: Uint8Array): Dhcpv6Message {
  const outer = valueOf(decodeDhcpv6(datagram));
  if (way === "homeLink") return outer as Dhcpv6Message;
  const carried = findDhcpv6Option(outer.options, "relayMessage")!;
  return valueOf(decodeDhcpv6(carried.message)) as Dhcpv6Message;
}

export function relayed(
  message: Dhcpv6Message,
  address = HOME_ADDRESS,
  kind: "relayForward" | "relayReply" = "relayForward",
): Dhcpv6RelayMessage {
  const options: Dhcpv6Option[] = [{ kind: "relayMessage", message: encodeDhcpv6(message) }];
  return { kind, hopCount: 1, linkAddress: address, peerAddress: address, options };
}

export function iaPd(iaid: number, ...prefixes: readonly (readonly [string, number, number])[]): IaPd {
  return {
    kind: "iaPd",
    iaid,
    renewSeconds: 0,
    rebindSeconds: 0,
    options: prefixes.map(([text, preferredLifetimeSeconds, validLifetimeSeconds]) => {
      const { address, length } = prefix(text);
      return {
        kind: "iaPrefix",
        preferredLifetimeSeconds,
        validLifetimeSeconds,
        prefixLength: length,
        prefix: address,
        options: [],
      };
    }),
  };
}

/** Each association as "IAID: prefix valid-lifetime ..., status". */
export function associationsIn({ options }: Dhcpv6Message): string[] {
  return options.filter((option): option is IaPd => option.kind === "iaPd").map(({ iaid, options }) => {
    const parts = options.map((option) => {
      if (option.kind === "iaPrefix") {
        return `${option.prefix}/${option.prefixLength} ${option.validLifetimeSeconds}`;
      }
      return option.kind === "statusCode" ? `status ${option.status}` : "unknown";
    });
    return `${iaid}: ${parts.join(", ")}`;
  });
}

interface Sent {
  readonly way: DelegationWay;
  readonly message: Dhcpv6Message;
}

/** One requesting router, and the clock beside it. */
export class ClientPlayer {
  readonly client: DelegationClient;
  nowMs = 1_000_000;

  constructor(
    { count = 1, random = () => 0.5, requiresEsp = false }: {
      count?: number;
      random?: () => number;
      requiresEsp?: boolean;
    } = {},
  ) {
    const settings = {
      homeAddress: HOME_ADDRESS,
      homeAgentAddress: HOME_AGENT,
      duid: CLIENT_DUID,
      count,
      requiresEsp,
    };
    this.client = new DelegationClient(settings, random);
  }

  handle(event: DelegationClientEvent): DelegationClientAction[] {
    return this.client.handle(event, { monotonicMs: this.nowMs, unixMs: 0 });
  }

  go(way: DelegationWay | undefined): DelegationClientAction[] {
    return this.handle({ kind: "reachable", way });
  }

  /** Waits for the deadline, and passes it. */
  wait(): DelegationClientAction[] {
    this.nowMs = Math.max(this.nowMs, this.client.nextDeadline()!);
    return this.handle({ kind: "deadline" });
  }

  /** From the home agent, through the tunnel. */
  hear(message: Dhcpv6Message, source = HOME_AGENT): DelegationClientAction[] {
    const datagram = encodeDhcpv6(relayed(message, HOME_ADDRESS, "relayReply"));
    return this.handle({ kind: "received", way: "tunnel", source, datagram });
  }

  /** The home agent's answer to a message. */
  answer(to: Dhcpv6Message, type: number, ...options: readonly Dhcpv6Option[]): DelegationClientAction[] {
    return this.hear(answerTo(to, type, ...options));
  }

  /** Goes through the tunnel and gets a prefix, for 100 s of renewing, 160 of rebinding, 400 of validity. */
  bind(text = "2001:db8:200::/64"): void {
    const { message } = sentIn(this.go("tunnel"))[0];
    const association = { ...iaPd(1, [text, 200, 400]), renewSeconds: 100, rebindSeconds: 160 };
    this.answer(message, reply, { kind: "rapidCommit" }, association);
  }
}

export function answerTo(
  to: Dhcpv6Message,
  type: number,
  ...options: readonly Dhcpv6Option[]
): Dhcpv6Message {
  return {
    kind: "message",
    type,
    transactionId: to.transactionId,
    options: [
      { kind: "clientIdentifier", duid: CLIENT_DUID },
      { kind: "serverIdentifier", duid: SERVER_DUID },
      ...options,
    ],
  };
}

export function sentIn(actions: readonly (DelegationClientAction | DelegationServerAction)[]): Sent[] {
  return actions.flatMap((action) =>
    action.kind === "send" ? [{ way: action.way, message: messageIn(action.way, action.datagram) }] : []
  );
}

export function typesIn(actions: readonly (DelegationClientAction | DelegationServerAction)[]): number[] {
  return sentIn(actions).map(({ message }) => message.type);
}

/** The prefixes of each announcement, as one text. */
export function delegatedIn(
  actions: readonly (DelegationClientAction | DelegationServerAction)[],
): string[] {
  return actions.flatMap((action) =>
    action.kind === "delegatedPrefixes" ? [action.prefixes.map(prefixText).join(" ")] : []
  );
}

export function reasonsIn(
  actions: readonly (DelegationClientAction | DelegationServerAction)[],
): unknown[] {
  return actions.flatMap((action) =>
    action.kind === "report" ? [action.details.reason ?? action.message] : []
  );
}

export function entry(homeAddress: string, ...prefixes: readonly string[]): MobileNodeEntry {
  const mobileNetworkPrefixes = prefixes.map(prefix);
  return { identity: `${homeAddress}@example.org`, homeAddress, security: undefined, mobileNetworkPrefixes };
}

/** One delegating router whose clients are all bound, unless another is said. */
export class ServerPlayer {
  readonly server: DelegationServer;
  readonly away = new Set([HOME_ADDRESS, OTHER_HOME_ADDRESS]);
  nowMs = 1_000_000;

  constructor(
    mobileNetworkPool = pool("2001:db8:200::/56", 64),
    changes: Partial<HomeAgentSettings> = {},
  ) {
    const mobileNodes = [entry(HOME_ADDRESS), entry(OTHER_HOME_ADDRESS)];
    const settings = { ...homeAgentSettings({ mobileNodes, ...changes }), mobileNetworkPool };
    const isBound = (homeAddress: string) => this.away.has(homeAddress);
    this.server = new DelegationServer(settings, { duid: SERVER_DUID, isBound });
  }

  handle(event: DelegationServerEvent): DelegationServerAction[] {
    return this.server.handle(event, { monotonicMs: this.nowMs, unixMs: 0 });
  }

  wait(): DelegationServerAction[] {
    this.nowMs = Math.max(this.nowMs, this.server.nextDeadline()!);
    return this.handle({ kind: "deadline" });
  }

  /** A message through the tunnel, a minute after the last. */
  hear(message: Dhcpv6Message, homeAddress = HOME_ADDRESS): DelegationServerAction[] {
    this.nowMs += 60_000;
    const datagram = encodeDhcpv6(relayed(message, homeAddress));
    return this.handle({ kind: "received", way: "tunnel", source: homeAddress, datagram });
  }

  /** The same on the home link. */
  hearAtHome(message: Dhcpv6Message, homeAddress = HOME_ADDRESS): DelegationServerAction[] {
    this.nowMs += 60_000;
    return this.handle({
      kind: "received",
      way: "homeLink",
      source: homeAddress,
      datagram: encodeDhcpv6(message),
    });
  }

  /** What the only answer says of its associations. */
  ask(message: Dhcpv6Message, homeAddress = HOME_ADDRESS): string[] {
    return sentIn(this.hear(message, homeAddress)).flatMap(({ message }) => associationsIn(message));
  }

  /** Takes a prefix for a home address. */
  give(homeAddress: string, iaid = 1): string {
    const [text] = this.ask(fromClient(solicit, { kind: "rapidCommit" }, iaPd(iaid)), homeAddress);
    return text.split(/[: ]+ /)[1].split(" ")[0];
  }
}

/** With what its type has to have. */
export function fromClient(type: number, ...options: readonly Dhcpv6Option[]): Dhcpv6Message {
  const named = type === request || type === renew || type === release;
  return {
    kind: "message",
    type,
    transactionId: 7,
    options: [
      { kind: "clientIdentifier", duid: CLIENT_DUID },
      ...(named ? [{ kind: "serverIdentifier", duid: SERVER_DUID } as const] : []),
      ...options,
    ],
  };
}

/** What the home agent's state machine hears of a delegating router. */
export function delegatedTo(homeAddress: string, ...prefixes: readonly Ipv6Prefix[]) {
  return { kind: "delegatedPrefixes", homeAddress, prefixes } as const;
}
