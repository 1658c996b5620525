import { type Ipv6Prefix, isUnicastIpv4, prefixText, UNSPECIFIED_IPV4 } from "../wire/address.ts";
import {
  FIRST_REFUSAL_STATUS,
  Ipv4AddressStatusCode,
  ipv4AddressStatusName,
} from "../wire/binding_status.ts";
import type { BindingAcknowledgement } from "../wire/mobility_message.ts";
import { findOption } from "../wire/mobility_option.ts";
import type { MobileNodeAction } from "./action.ts";
import { samePrefixes } from "./mobile_network_prefixes.ts";
import { report } from "./report.ts";
import type { SentUpdate } from "./mobile_node_state.ts";
import type { Ipv4HomeAddress, MobileNodeSettings } from "./settings.ts";

/** The length of an IPv4 home address without a network. */
const SINGLE = 32;

export interface Ipv4Request extends Ipv4HomeAddress {
  readonly isNew: boolean;
}

/**
 * What a mobile node asks its home agent for beside the IPv6 home address, and what it has got: an IPv4 home address
 * (RFC 5555 section 4.4.2) and mobile networks (RFC 3963, RFC 6276).
 */
export class HomeGrants {
  readonly #settings: MobileNodeSettings;
  /** The home agent has answered without saying anything about IPv4 (RFC 5555 section 2.3.1). */
  #isIpv4Unsupported = false;
  #ipv4HomeAddress: Ipv4HomeAddress | undefined;
  /** The last status that refused IPv4: told once. */
  #ipv4Refusal: number | undefined;
  #delegated: readonly Ipv6Prefix[] = [];
  /** Of our own networks those that the home agent forwards to us (R flag of its acknowledgement), or at home all. */
  #granted: readonly Ipv6Prefix[] | undefined;
  /** What was told last. */
  #networks: readonly Ipv6Prefix[] = [];
  /**
   * The home agent has answered. Until then hosts may be served what the configuration says is ours, so that its first
   * answer is told also where it grants nothing.
   */
  #isAnswered = false;

  constructor(settings: MobileNodeSettings) {
    this.#settings = settings;
  }

  /** The one that the home agent forwards to us. */
  get ipv4HomeAddress(): Ipv4HomeAddress | undefined {
    return this.#ipv4HomeAddress;
  }

  /** The networks that the home agent forwards to us. */
  get networks(): readonly Ipv6Prefix[] {
    return this.#networks;
  }

  /**
   * What the next Binding Update asks for. Every one does: one without it removes the address (section 4.4.2.1).
   * `isNew`: nothing stands yet (P flag, section 3.1.1).
   */
  ipv4Request(): Ipv4Request | undefined {
    const wanted = this.#ipv4HomeAddress ?? this.#settings.ipv4HomeAddress;
    if (wanted === undefined || this.#isIpv4Unsupported) return undefined;
    return { ...wanted, isNew: this.#ipv4HomeAddress === undefined };
  }

  /** Prefixes that were delegated to us: they need no option, the home agent knows (RFC 6276 section 3.1). */
  delegate(prefixes: readonly Ipv6Prefix[]): MobileNodeAction[] {
    this.#delegated = prefixes;
    return this.#isAnswered ? this.#tellNetworks() : [];
  }

  /**
   * What the home agent grants in an acknowledgement that accepts the Binding Update. `isTrial`: more prefixes are asked
   * for next, so that what there is is told at the end.
   * @returns `askAgain`: what we had is somebody else's now, and another address may be had
   */
  take(
    acknowledgement: BindingAcknowledgement,
    answered: Pick<SentUpdate, "mobileRouter" | "prefixes" | "ipv4HomeAddress">,
    isTrial: boolean,
  ): { readonly actions: MobileNodeAction[]; readonly askAgain: boolean } {
    this.#granted = answered.mobileRouter && acknowledgement.mobileRouter ? answered.prefixes : undefined;
    const actions = isTrial ? [] : this.#tellNetworks();
    if (answered.mobileRouter && !acknowledgement.mobileRouter) {
      actions.push(report("error", "the home agent does not forward for mobile routers", {}));
    }
    if (answered.ipv4HomeAddress === undefined) {
      this.#isAnswered = true;
      return { actions, askAgain: false };
    }
    const had = this.#ipv4HomeAddress;
    const { granted, reports } = this.#readIpv4(acknowledgement, answered.ipv4HomeAddress);
    actions.push(...reports, ...this.#tellIpv4(granted));
    this.#isAnswered = true;
    const mayBeAny = this.#settings.ipv4HomeAddress?.address === UNSPECIFIED_IPV4;
    return { actions, askAgain: mayBeAny && had !== undefined && granted === undefined };
  }

  /** On the home link nobody forwards to the mobile networks but ourselves, and they are ours. */
  comeHome(): MobileNodeAction[] {
    this.#granted = this.#settings.mobileNetworkPrefixes;
    return this.#tellNetworks();
  }

  /** The home agent does not forward to the IPv4 home address any more (RFC 5846 section 10). */
  loseIpv4(): MobileNodeAction[] {
    return this.#tellIpv4(undefined);
  }

  /** The home agent refuses the registration as a whole. */
  lose(): MobileNodeAction[] {
    this.#granted = undefined;
    const actions = [...this.#tellNetworks(), ...this.#tellIpv4(undefined)];
    this.#isAnswered = true;
    return actions;
  }

  #tellIpv4(granted: Ipv4HomeAddress | undefined): MobileNodeAction[] {
    const had = this.#ipv4HomeAddress;
    this.#ipv4HomeAddress = granted;
    const isSame = had?.address === granted?.address && had?.prefixLength === granted?.prefixLength;
    const { address, prefixLength = SINGLE } = this.#settings.ipv4HomeAddress ?? {};
    const mayBeServed = prefixLength < SINGLE && address !== UNSPECIFIED_IPV4;
    if (isSame && (this.#isAnswered || !mayBeServed)) return [];
    const action = { kind: "setIpv4HomeAddress", ipv4HomeAddress: granted } as const;
    return granted === undefined ? [action] : [action, report("info", "IPv4 home address", { ...granted })];
  }

  #tellNetworks(): MobileNodeAction[] {
    const { mobileNetworkPrefixes } = this.#settings;
    const networks = this.#granted === undefined ? [] : [...this.#granted, ...this.#delegated];
    const isSame = samePrefixes(networks, this.#networks);
    if (isSame && (this.#isAnswered || mobileNetworkPrefixes.length === 0)) return [];
    this.#networks = networks;
    const prefixes = networks.map(prefixText).join(" ");
    return [
      { kind: "setMobileNetworks", prefixes: networks },
      report("info", "mobile networks", { prefixes }),
    ];
  }

  #readIpv4(
    { options }: BindingAcknowledgement,
    asked: Ipv4HomeAddress,
  ): { readonly granted?: Ipv4HomeAddress; readonly reports: MobileNodeAction[] } {
    const answer = findOption(options, "ipv4AddressAcknowledgement");
    if (answer === undefined) {
      // Section 2.3.1: it is not asked again.
      this.#isIpv4Unsupported = true;
      return { reports: [report("warning", "the home agent has no IPv4 home addresses", {})] };
    }
    const { status, homeAddress: address, prefixLength } = answer;
    const isMeant = asked.address === UNSPECIFIED_IPV4 ? isUnicastIpv4(address) : address === asked.address;
    if (status < FIRST_REFUSAL_STATUS && isMeant && prefixLength >= 1 && prefixLength <= 32) {
      this.#ipv4Refusal = undefined;
      return { granted: { address, prefixLength }, reports: [] };
    }
    const refusal = status < FIRST_REFUSAL_STATUS ? Ipv4AddressStatusCode.reasonUnspecified : status;
    if (this.#ipv4Refusal === refusal) return { reports: [] };
    this.#ipv4Refusal = refusal;
    const details = { status: refusal, name: ipv4AddressStatusName(refusal), address: asked.address };
    return { reports: [report("error", "the home agent refuses the IPv4 home address", details)] };
  }
}
