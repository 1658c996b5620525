import type { Ipv6Address, Ipv6Prefix } from "../../wire/address.ts";
import { type Dhcpv6Message, Dhcpv6MessageType } from "../../wire/dhcpv6.ts";
import {
  DHCPV6_OPTION_TABLE,
  type Dhcpv6Option,
  type Duid,
  type IaPd,
  type IaPrefix,
} from "../../wire/dhcpv6_option.ts";
import type { ClientLease } from "./client_lease.ts";
import { type DelegationState, exchangeOf } from "./client_state.ts";

export interface ClientSettings {
  readonly homeAddress: Ipv6Address;
  readonly homeAgentAddress: Ipv6Address;
  readonly duid: Duid;
  /** Prefixes to ask for, 0 to MAXIMUM_ASSOCIATIONS: an identity association for each, with the numbers from 1 on. */
  readonly count: number;
  /** What comes through the tunnel counts only under ESP (RFC 6276 section 4); left out: false. */
  readonly requiresEsp?: boolean;
}

const ELAPSED_TIME_UNIT_MS = 10;
const LONGEST_ELAPSED_TIME = 0xffff;

/** The messages of a requesting router (RFC 8415 sections 18.2.1 to 18.2.7). */
export class DelegationMessages {
  readonly iaids: readonly number[];
  readonly #duid: Duid;

  constructor({ duid, count }: ClientSettings) {
    this.#duid = duid;
    this.iaids = Array.from({ length: count }, (_, i) => i + 1);
  }

  /** The message that is out in this state. */
  of(
    state: DelegationState,
    lease: ClientLease | undefined,
    nowMs: number,
  ): Dhcpv6Message | undefined {
    const exchange = exchangeOf(state);
    if (exchange === undefined) return undefined;
    const elapsed = Math.floor((nowMs - exchange.startedAtMs) / ELAPSED_TIME_UNIT_MS);
    const message = (type: number, server: Duid | undefined, ...options: readonly Dhcpv6Option[]) => ({
      kind: "message" as const,
      type,
      transactionId: exchange.transactionId,
      options: [
        { kind: "clientIdentifier", duid: this.#duid },
        ...(server === undefined ? [] : [{ kind: "serverIdentifier", duid: server }]),
        { kind: "elapsedTime", centiseconds: Math.min(elapsed, LONGEST_ELAPSED_TIME) },
        ...options,
      ] as Dhcpv6Option[],
    });
    const requested: Dhcpv6Option = { kind: "optionRequest", codes: [DHCPV6_OPTION_TABLE.solMaxRt.code] };
    switch (state.kind) {
      case "soliciting": {
        const rapidCommit: Dhcpv6Option = { kind: "rapidCommit" };
        return message(Dhcpv6MessageType.solicit, undefined, rapidCommit, requested, ...this.held(undefined));
      }
      case "requesting": {
        const associations = this.#asked(state.offer.associations);
        return message(Dhcpv6MessageType.request, state.offer.server, requested, ...associations);
      }
      case "renewing":
        return message(Dhcpv6MessageType.renew, lease?.server, requested, ...this.held(lease));
      case "rebinding":
        return message(Dhcpv6MessageType.rebind, undefined, requested, ...this.held(lease));
      case "releasing": {
        const associations = this.held(state.lease).filter(({ options }) => options.length > 0);
        return message(Dhcpv6MessageType.release, state.lease.server, ...associations);
      }
      default:
        return undefined;
    }
  }

  /** All identity associations, with what a lease has of each. */
  held(lease: ClientLease | undefined): IaPd[] {
    return this.iaids.map((iaid) => {
      const leased = lease?.associations.get(iaid);
      return association(iaid, leased === undefined ? [] : [iaPrefix(leased.prefix)]);
    });
  }

  /** All identity associations, with what a server has offered of each. */
  #asked(offered: readonly IaPd[]): IaPd[] {
    return this.iaids.map((iaid) => {
      const options = offered.find((one) => one.iaid === iaid)?.options ?? [];
      return association(
        iaid,
        options.flatMap((option) =>
          option.kind === "iaPrefix"
            ? [iaPrefix({ address: option.prefix, length: option.prefixLength })]
            : []
        ),
      );
    });
  }
}

/** Times are 0 from a client (RFC 8415 section 21.21). */
function association(iaid: number, options: readonly IaPrefix[]): IaPd {
  return { kind: "iaPd", iaid, renewSeconds: 0, rebindSeconds: 0, options };
}

function iaPrefix({ address, length }: Ipv6Prefix): IaPrefix {
  return {
    kind: "iaPrefix",
    preferredLifetimeSeconds: 0,
    validLifetimeSeconds: 0,
    prefixLength: length,
    prefix: address,
    options: [],
  };
}
