import { type IpAddress, isUniqueLocal } from "../../wire/address.ts";
import type { CareOfAddressCandidate } from "./candidate.ts";

/**
 * Which candidate is the care-of address (RFC 5555 section 4.4.1); the home link comes before all others but the interface
 * that somebody has switched to. A state is a record; each function returns the one that follows. Bounded by the
 * candidates, which the egress interfaces bound.
 */

/** Binding Updates to send from one candidate before the next is tried (RFC 5555 section 4.4.1). */
export const ATTEMPTS_PER_CANDIDATE = 3;

export type AddressFamily = 4 | 6;

export interface ChoiceSettings {
  /** "keep": the family of the last registration, as long as there is an address of it. */
  readonly prefer: "ipv6" | "ipv4" | "keep";
  /** Names of egress interfaces, most preferred first. */
  readonly interfaceOrder: readonly string[];
}

export interface ChoiceState {
  readonly candidates: readonly CareOfAddressCandidate[];
  readonly chosen: CareOfAddressCandidate | undefined;
  /** Addresses from which nothing was answered since they came. */
  readonly unanswered: readonly IpAddress[];
  /** Of the last registration that was answered. */
  readonly registeredFamily: AddressFamily | undefined;
  /** IPv6 was tried in vain on a link where IPv4 works: IPv4 is kept across moves, until IPv6 works again. */
  readonly ipv6Failed: boolean;
  /** The interface that the user has switched to, while it has candidates. */
  readonly switchedTo: string | undefined;
}

export const NO_CHOICE: ChoiceState = {
  candidates: [],
  chosen: undefined,
  unanswered: [],
  registeredFamily: undefined,
  ipv6Failed: false,
  switchedTo: undefined,
};

export function familyOf(address: IpAddress): AddressFamily {
  return address.includes(":") ? 6 : 4;
}

/** The candidates are these now, the best of each interface and family first. */
export function withCandidates(
  state: ChoiceState,
  candidates: readonly CareOfAddressCandidate[],
  settings: ChoiceSettings,
): ChoiceState {
  const isThere = (address: IpAddress) => candidates.some((one) => one.address === address);
  const switchedTo = candidates.some(({ interfaceName }) => interfaceName === state.switchedTo)
    ? state.switchedTo
    : undefined;
  return choose({ ...state, candidates, unanswered: state.unanswered.filter(isThere), switchedTo }, settings);
}

/** The user wants this interface, which may be tried again; without candidates nothing changes. */
export function switchedTo(state: ChoiceState, interfaceName: string, settings: ChoiceSettings): ChoiceState {
  const wanted = state.candidates.filter((one) => one.interfaceName === interfaceName);
  if (wanted.length === 0) return state;
  const unanswered = state.unanswered.filter((address) => wanted.every((one) => one.address !== address));
  return choose({ ...state, unanswered, switchedTo: interfaceName }, settings);
}

/** The home agent has accepted a registration from the chosen candidate. */
export function registrationAnswered(state: ChoiceState, settings: ChoiceSettings): ChoiceState {
  const { chosen } = state;
  if (chosen === undefined) return state;
  const family = familyOf(chosen.address);
  const ipv6Unanswered = state.candidates.some(({ interfaceName, address }) =>
    interfaceName === chosen.interfaceName && familyOf(address) === 6 && state.unanswered.includes(address)
  );
  const answered: ChoiceState = {
    ...state,
    unanswered: state.unanswered.filter((address) => address !== chosen.address),
    registeredFamily: family,
    ipv6Failed: family === 4 && (state.ipv6Failed || ipv6Unanswered),
  };
  return choose(answered, settings);
}

/**
 * Three Binding Updates from the chosen candidate have gone without answer: the next one is tried, and when none is
 * left all are, from the first on.
 */
export function registrationUnanswered(state: ChoiceState, settings: ChoiceSettings): ChoiceState {
  const { chosen } = state;
  if (chosen === undefined) return state;
  const unanswered = [...state.unanswered.filter((address) => address !== chosen.address), chosen.address];
  const noneLeft = state.candidates.every(({ address }) => unanswered.includes(address));
  return choose({ ...state, unanswered: noneLeft ? [] : unanswered, chosen: undefined }, settings);
}

function choose(state: ChoiceState, settings: ChoiceSettings): ChoiceState {
  const firstFamily = preferredFamily(state, settings);
  const rankOf = (candidate: CareOfAddressCandidate): readonly number[] => [
    Number(state.unanswered.includes(candidate.address)),
    Number(candidate.interfaceName !== (state.switchedTo ?? candidate.interfaceName)),
    Number(candidate.atHome !== true),
    interfaceRank(settings, candidate.interfaceName),
    Number(familyOf(candidate.address) !== firstFamily),
    Number(isUniqueLocal(candidate.address)),
    Number(candidate.address !== state.chosen?.address),
  ];
  let chosen: CareOfAddressCandidate | undefined;
  for (const candidate of state.candidates) {
    if (chosen === undefined || isLess(rankOf(candidate), rankOf(chosen))) chosen = candidate;
  }
  return { ...state, chosen };
}

function preferredFamily(state: ChoiceState, { prefer }: ChoiceSettings): AddressFamily {
  if (prefer === "ipv4" || state.ipv6Failed) return 4;
  return prefer === "keep" ? state.registeredFamily ?? 6 : 6;
}

/** Those that are not in the settings come last. */
function interfaceRank({ interfaceOrder }: ChoiceSettings, interfaceName: string): number {
  const index = interfaceOrder.indexOf(interfaceName);
  return index < 0 ? interfaceOrder.length : index;
}

function isLess(one: readonly number[], other: readonly number[]): boolean {
  const at = one.findIndex((rank, i) => rank !== other[i]);
  return at >= 0 && one[at] < other[at];
}
