import {
  type Ipv4Address,
  type Ipv4Prefix,
  type Ipv6Address,
  isUnicastIpv4,
  prefixContains,
  prefixCovers,
  UNSPECIFIED_IPV4,
} from "../wire/address.ts";
import {
  FIRST_REFUSAL_STATUS,
  Ipv4AddressStatusCode,
  ipv4AddressStatusName,
} from "../wire/binding_status.ts";
import type { MobilityOption, OptionOf } from "../wire/mobility_option.ts";
import type { Report } from "./action.ts";
import { ipv4Count, ipv4Number, ipv4OfNumber } from "./ipv4_number.ts";
import { Ipv4Pool } from "./ipv4_pool.ts";
import { ipv4NetworkLengths } from "./network_lengths.ts";
import { report } from "./report.ts";
import { type HomeAgentSettings, type Ipv4HomeAddress, ipv4NetworkOf } from "./settings.ts";
import type { ReceivedUpdate } from "./update_verifier.ts";

/** IPv4 home addresses of one binding; our own limit. */
const MAXIMUM_ADDRESSES = 8;
const SINGLE = 32;

type Request = OptionOf<"ipv4HomeAddress">;
type Acknowledgement = OptionOf<"ipv4AddressAcknowledgement">;

/** What becomes of the IPv4 Home Address options of one Binding Update. */
export interface Ipv4Answer {
  /** Each gets a binding cache entry. */
  readonly granted: readonly Ipv4HomeAddress[];
  /** One for each option, in their order. */
  readonly acknowledgements: readonly Acknowledgement[];
}

/**
 * Which IPv4 home addresses belong to an IPv6 home address (RFC 5555 section 4.5): that of the configuration, or one of
 * the pools, which it gets again whenever it asks.
 */
export class Ipv4HomeAddresses {
  readonly #addresses: Ipv4Pool | undefined;
  readonly #networks: Ipv4Pool | undefined;
  #networkLengths: ReadonlySet<number> = new Set();

  constructor(settings: HomeAgentSettings) {
    const { ipv4Pool, ipv4NetworkPool } = settings;
    if (ipv4Pool !== undefined) {
      this.#addresses = new Ipv4Pool({ prefix: ipv4Pool, networkLength: SINGLE }, []);
    }
    if (ipv4NetworkPool !== undefined) this.#networks = new Ipv4Pool(ipv4NetworkPool, []);
    this.mobileNodesChanged(settings);
  }

  /** What the settings give mobile nodes as their own is in no pool; the pools themselves do not change. */
  mobileNodesChanged(settings: HomeAgentSettings): void {
    const { ipv4HomePrefix, ipv4Pool, mobileNodes } = settings;
    this.#networkLengths = ipv4NetworkLengths(settings);
    const reserved = mobileNodes.flatMap(({ ipv4HomeAddress: own }) =>
      own === undefined ? [] : [{ address: own.address, length: own.prefixLength }]
    );
    const ends = ipv4Pool === undefined ? [] : endsOf(ipv4HomePrefix ?? ipv4Pool);
    this.#addresses?.reserve([...reserved, ...ends]);
    this.#networks?.reserve(reserved);
  }

  /** May a mobile node that has been granted this go on with it? `own` is its own, see #find. */
  isStillGranted(
    { address, prefixLength }: Ipv4HomeAddress,
    homeAddress: Ipv6Address,
    own: Ipv4HomeAddress | undefined,
  ): boolean {
    const isOfPool = prefixLength < SINGLE ? (own?.prefixLength ?? SINGLE) === SINGLE : own === undefined;
    if (!isOfPool) return prefixCovers(ipv4NetworkOf(own!), { address, length: prefixLength });
    const pool = prefixLength < SINGLE ? this.#networks : this.#addresses;
    return pool?.has(homeAddress, address) ?? false;
  }

  answer(received: ReceivedUpdate): Ipv4Answer {
    const granted = new Map<string, Ipv4HomeAddress>();
    const acknowledgements = received.update.options.filter(isRequest).map((request) => {
      const full = granted.size >= MAXIMUM_ADDRESSES;
      const found = full ? Ipv4AddressStatusCode.reasonUnspecified : this.#find(request, received);
      if (typeof found === "number") return refusal(request, found);
      granted.set(`${found.address}/${found.prefixLength}`, found);
      return acknowledgement(Ipv4AddressStatusCode.success, found);
    });
    return { granted: [...granted.values()], acknowledgements };
  }

  /** The home address has no binding any more. */
  release(homeAddress: Ipv6Address): void {
    this.#addresses?.release(homeAddress);
    this.#networks?.release(homeAddress);
  }

  /** The address that a request is granted, or the status that refuses it. The prefix length tells what is asked for. */
  #find(request: Request, received: ReceivedUpdate): Ipv4HomeAddress | number {
    const { homeAddress: asked, prefixLength } = request;
    if (prefixLength === 0 || prefixLength > SINGLE) return Ipv4AddressStatusCode.reasonUnspecified;
    const isAny = asked === UNSPECIFIED_IPV4;
    if (!isAny && !isUnicastIpv4(asked)) return Ipv4AddressStatusCode.invalidAddress;
    const wished = isAny ? undefined : asked;
    return prefixLength === SINGLE
      ? this.#findAddress(wished, received)
      : this.#findNetwork(wished, prefixLength, received);
  }

  #findAddress(
    wished: Ipv4Address | undefined,
    { homeAddress, configuredIpv4HomeAddress: own }: ReceivedUpdate,
  ): Ipv4HomeAddress | number {
    if (own !== undefined) {
      const address = wished ?? own.address;
      const isOwn = prefixContains(ipv4NetworkOf(own), address);
      return isOwn ? { address, prefixLength: SINGLE } : Ipv4AddressStatusCode.incorrectHomeAddress;
    }
    if (wished === undefined) {
      const taken = this.#addresses?.take(homeAddress);
      if (taken === undefined) return Ipv4AddressStatusCode.dynamicAssignmentNotAvailable;
      return { address: taken.address, prefixLength: SINGLE };
    }
    if (this.#addresses === undefined) return Ipv4AddressStatusCode.administrativelyProhibited;
    const taken = this.#addresses.covers(wished) ? this.#addresses.take(homeAddress, wished) : undefined;
    if (taken?.address !== wished) return Ipv4AddressStatusCode.incorrectHomeAddress;
    return { address: wished, prefixLength: SINGLE };
  }

  #findNetwork(
    wished: Ipv4Address | undefined,
    prefixLength: number,
    { homeAddress, configuredIpv4HomeAddress: own }: ReceivedUpdate,
  ): Ipv4HomeAddress | number {
    const refused = Ipv4AddressStatusCode.prefixAllocationUnauthorized;
    if (!this.#networkLengths.has(prefixLength)) return refused;
    if (own !== undefined && own.prefixLength < SINGLE) {
      if (prefixLength < own.prefixLength) return refused;
      const address = wished ?? own.address;
      const isOwn = prefixContains(ipv4NetworkOf(own), address);
      return isOwn ? { address, prefixLength } : refused;
    }
    if (this.#networks === undefined || prefixLength < this.#networks.blockLength) return refused;
    const network = this.#networks.take(homeAddress, wished);
    if (network === undefined) return refused;
    if (wished === undefined) return { address: firstHost(network), prefixLength };
    return prefixContains(network, wished) ? { address: wished, prefixLength } : refused;
  }
}

/** What the operator is told of a node that is bound without what it has asked for: a pool may be too small. */
export function ipv4Refusals({ homeAddress, identity }: ReceivedUpdate, answer: Ipv4Answer): Report[] {
  return answer.acknowledgements.filter(({ status }) => status >= FIRST_REFUSAL_STATUS).map(({ status }) =>
    report("warning", "IPv4 home address refused", {
      homeAddress,
      identity,
      status,
      name: ipv4AddressStatusName(status),
    })
  );
}

/** What a Binding Acknowledgement says to the options of an update that is refused as a whole. */
export function refuseIpv4HomeAddresses(options: readonly MobilityOption[]): Acknowledgement[] {
  return options.filter(isRequest).map((request) =>
    refusal(request, Ipv4AddressStatusCode.reasonUnspecified)
  );
}

/** The same for a de-registration that is done: nothing is bound, as asked for. */
export function confirmIpv4Removal(options: readonly MobilityOption[]): Acknowledgement[] {
  return options.filter(isRequest).map(({ homeAddress: address, prefixLength }) =>
    acknowledgement(Ipv4AddressStatusCode.success, { address, prefixLength })
  );
}

function isRequest(option: MobilityOption): option is Request {
  return option.kind === "ipv4HomeAddress";
}

function refusal({ homeAddress: address }: Request, status: number): Acknowledgement {
  return acknowledgement(status, { address, prefixLength: 0 });
}

function acknowledgement(
  status: number,
  { address: homeAddress, prefixLength }: Ipv4HomeAddress,
): Acknowledgement {
  return { kind: "ipv4AddressAcknowledgement", status, prefixLength, homeAddress };
}

/** The address of the network itself and its broadcast address, which no host has. */
function endsOf(prefix: Ipv4Prefix): Ipv4Prefix[] {
  const first = ipv4Number(prefix.address);
  return [first, first + ipv4Count(prefix.length) - 1].map((number) => {
    return { address: ipv4OfNumber(number), length: SINGLE };
  });
}

function firstHost({ address, length }: Ipv4Prefix): Ipv4Address {
  return length < 31 ? ipv4OfNumber(ipv4Number(address) + 1) : address;
}
