import { decodeDhcpv6, type Dhcpv6Message } from "../../wire/dhcpv6.ts";
import {
  type Dhcpv6Option,
  Dhcpv6Status,
  type Duid,
  findDhcpv6Option,
  type IaPd,
} from "../../wire/dhcpv6_option.ts";
import { describeWireError } from "../../wire/result.ts";
import { prefixesIn } from "./client_lease.ts";
import type { DelegationWay } from "./way.ts";

/** What a server says of the identity associations. */
export interface Answer {
  readonly server: Duid;
  /** Those that count: of the client's own numbers, with times that make sense. */
  readonly associations: readonly IaPd[];
  /** One of them is not known to the server (NoBinding). */
  readonly isUnknown: boolean;
  /** Why there are no prefixes, in the server's words. */
  readonly complaint: string | undefined;
}

/** Undefined where the message is not a server's. */
export function readAnswer(options: readonly Dhcpv6Option[], iaids: readonly number[]): Answer | undefined {
  const server = findDhcpv6Option(options, "serverIdentifier");
  if (server === undefined) return undefined;
  const associations = options.filter((option): option is IaPd => option.kind === "iaPd")
    .filter(({ iaid, renewSeconds, rebindSeconds }) =>
      iaids.includes(iaid) && !(rebindSeconds > 0 && renewSeconds > rebindSeconds)
    );
  const statuses = [
    findDhcpv6Option(options, "statusCode"),
    ...associations.map((association) => findDhcpv6Option(association.options, "statusCode")),
  ].filter((code) => code !== undefined && code.status !== Dhcpv6Status.success);
  return {
    server: server.duid,
    associations,
    isUnknown: statuses.some((code) => code?.status === Dhcpv6Status.noBinding),
    complaint: statuses.length === 0
      ? undefined
      : statuses.map((code) => `status ${code?.status} ${code?.text}`.trim()).join(", "),
  };
}

/** Does it give at least one prefix? */
export function hasPrefix({ associations }: Answer): boolean {
  return associations.some((association) =>
    prefixesIn(association, 0).some(({ validUntilMs }) => validUntilMs > 0)
  );
}

/** The server's message to the client, or why there is none. */
export function readReply(way: DelegationWay, datagram: Uint8Array): Dhcpv6Message | string {
  const decoded = decodeDhcpv6(datagram);
  if (!decoded.ok) return describeWireError(decoded.error);
  if (way === "homeLink") return decoded.value.kind === "message" ? decoded.value : "it is a relay agent's";
  if (decoded.value.kind !== "relayReply") return "it is not for the relay agent";
  const carried = findDhcpv6Option(decoded.value.options, "relayMessage");
  if (carried === undefined) return "there is no message in it";
  const message = decodeDhcpv6(carried.message);
  if (!message.ok) return describeWireError(message.error);
  return message.value.kind === "message" ? message.value : "there is another relay agent's message in it";
}
