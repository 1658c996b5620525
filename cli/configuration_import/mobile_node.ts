import { MAX_BINDACK_TIMEOUT_MS } from "../../core/control/constants.ts";
import { canonicalIpv4, isRoutableUnicastIpv4, parseIpv4Prefix } from "../../core/wire/address.ts";
import { MAXIMUM_EGRESS_INTERFACES } from "../configuration/schema.ts";
import type { Draft, DraftTable } from "./draft.ts";
import { type HandlerTable, NOT_UNDERSTOOD, walk } from "./handlers.ts";
import { setMobileNetworks } from "./mobile_networks.ts";
import { identityOf, KEY_TO_MAKE, keyFileOf, MADE_OF_HOME_ADDRESS, spiOf } from "./names.ts";
import type { Statement } from "./statements.ts";
import {
  homeAddressOf,
  interfaceOf,
  ipv4Of,
  ipv6Of,
  lifetimeOf,
  numberOf,
  oneWord,
  switchOf,
} from "./values.ts";
import { MOBILE_NODE_WITHOUT } from "./without_counterpart.ts";

/** UMIP's MnIfPreference where none is given. */
const DEFAULT_PREFERENCE = 10;

interface Egress {
  readonly name: string;
  /** 1 is the most preferred. */
  readonly preference: number;
  readonly statement: Statement;
}

/** Turns the statements of a mobile node into [mobile_node]. */
export function importMobileNode(statements: readonly Statement[], draft: Draft): void {
  new MobileNodeImport(draft).run(statements);
}

class MobileNodeImport {
  readonly #draft: Draft;
  readonly #table: DraftTable;
  readonly #egresses: Egress[] = [];
  #homeLink: Statement | undefined;
  #usesDsmip: Statement | undefined;
  #isRouter: boolean | undefined;

  constructor(draft: Draft) {
    this.#draft = draft;
    this.#table = draft.addTable("[mobile_node]");
  }

  run(statements: readonly Statement[]): void {
    const { settings } = this.#table;
    walk(statements, this.#topLevel, MOBILE_NODE_WITHOUT, this.#draft);
    if (this.#usesDsmip === undefined) {
      this.#draft.assume(this.#table, "dsmip", false, "UMIP's default: IPv6 networks only");
    }
    if (settings.get("dsmip")?.value === false) {
      this.#draft.drop(this.#table, "ipv4_home_address", "left out: dsmip = false knows IPv6 only");
    } else if (!settings.has("home_agent_ipv4_address")) {
      this.#draft.leaveOpen(
        this.#table,
        "home_agent_ipv4_address",
        "where IPv4 networks reach the home agent",
      );
    }
    if (!settings.has("home_address")) {
      this.#draft.leaveOpen(this.#table, "home_address", "no MnHomeLink with a HomeAddress stands there");
      this.#draft.leaveOpen(this.#table, "identity", "as the home agent knows it");
      this.#draft.leaveOpen(this.#table, "key_file", "the shared key, the same file at both ends");
    }
    if (this.#isRouter !== true) {
      this.#draft.drop(
        this.#table,
        "mobile_network_prefixes",
        "networks are left out: IsMobRtr is not enabled",
      );
    }
    this.#setEgress();
  }

  readonly #topLevel: HandlerTable = {
    NodeConfig: () => {},
    Interface: (statement) => this.#interface(statement),
    MnHomeLink: (statement) => this.#homeLinkBlock(statement),
    MnUseDsmip6: (statement) => {
      this.#usesDsmip = statement;
      return this.#set("dsmip", switchOf(statement), statement);
    },
    MnSupportIPv4Traffic: (statement) => {
      const isOn = switchOf(statement);
      if (isOn === false) return "leave ipv4_home_address out for that";
      return isOn ? "ipv4_home_address alone says that" : NOT_UNDERSTOOD;
    },
    HomeAgentV4Address: (statement) => this.#set("home_agent_ipv4_address", ipv4Of(statement), statement),
    MnMaxHaBindingLife: (statement) => this.#set("lifetime_seconds", lifetimeOf(statement), statement),
    InitialBindackTimeoutFirstReg: (statement) => {
      const seconds = numberOf(statement);
      if (seconds === undefined) return NOT_UNDERSTOOD;
      const milliseconds = Math.max(100, Math.min(Math.round(seconds * 1000), MAX_BINDACK_TIMEOUT_MS));
      this.#draft.set(this.#table, "first_timeout_ms", milliseconds, statement);
    },
    MnUseAllInterfaces: (statement) => {
      if (switchOf(statement) !== true) return "only the interfaces that egress names are used";
      return "interfaces are named here: write all that may lead to the Internet into egress";
    },
  };

  readonly #ofHomeLink: HandlerTable = {
    HomeAddress: (statement) => this.#homeAddress(statement),
    HomeAgentAddress: (statement) => {
      if (oneWord(statement) === "::") return "left out: the home agent is asked for";
      return this.#set("home_agent_ipv6_address", ipv6Of(statement), statement);
    },
    HomeAgentV4Address: this.#topLevel.HomeAgentV4Address,
    HomeV4Address: (statement) => this.#ipv4HomeAddress(statement),
    IsMobRtr: (statement) => {
      this.#isRouter = switchOf(statement);
      return this.#isRouter === undefined
        ? NOT_UNDERSTOOD
        : "a mobile router is who has networks: mobile_network_prefixes, [mobile_network]";
    },
  };

  /** @returns what to remark when the value was not understood */
  #set(key: string, value: string | number | boolean | undefined, statement: Statement): string | void {
    if (value === undefined) return NOT_UNDERSTOOD;
    this.#draft.set(this.#table, key, value, statement);
  }

  #interface(statement: Statement): string | void {
    const name = interfaceOf(statement);
    if (name === undefined) return NOT_UNDERSTOOD;
    let preference = DEFAULT_PREFERENCE;
    let isUsed = true;
    walk(
      statement.block ?? [],
      {
        MnIfPreference: (inner) => {
          const number = numberOf(inner);
          if (number === undefined) return NOT_UNDERSTOOD;
          preference = number;
          return number === 0 ? "left out of egress" : "the order of egress says that";
        },
        IfType: (inner) => {
          isUsed = oneWord(inner) !== "CN";
          return isUsed ? "every egress is used for mobility" : "left out of egress";
        },
        Tunnel: (inner) => {
          if (switchOf(inner) !== true) return "egress names no tunnels";
          isUsed = false;
          return "left out of egress: set manage = false to use interfaces that others configure";
        },
      },
      MOBILE_NODE_WITHOUT,
      this.#draft,
    );
    if (!isUsed || preference === 0) return "left out of egress";
    if (this.#egresses.some((one) => one.name === name)) return "named before";
    if (this.#egresses.length === MAXIMUM_EGRESS_INTERFACES) {
      return `left out: ${MAXIMUM_EGRESS_INTERFACES} interfaces at most`;
    }
    this.#egresses.push({ name, preference, statement });
  }

  #setEgress(): void {
    const byPreference = this.#egresses.toSorted((one, other) => one.preference - other.preference);
    if (byPreference.length > 0) {
      const names = byPreference.map(({ name }) => name);
      for (const { statement } of this.#egresses) this.#draft.set(this.#table, "egress", names, statement);
      return;
    }
    const homeLink = this.#homeLink === undefined ? undefined : interfaceOf(this.#homeLink);
    if (homeLink === undefined) {
      this.#draft.leaveOpen(this.#table, "egress", "the interfaces that lead to the Internet");
    } else this.#draft.set(this.#table, "egress", [homeLink], this.#homeLink!);
  }

  #homeLinkBlock(statement: Statement): string | void {
    if (statement.block === undefined || interfaceOf(statement) === undefined) return NOT_UNDERSTOOD;
    if (this.#homeLink !== undefined) {
      return "one home address a file: start another dsmip mn up for this one";
    }
    this.#homeLink = statement;
    walk(statement.block, this.#ofHomeLink, MOBILE_NODE_WITHOUT, this.#draft);
    return "the home link is known by its prefix, on whichever egress it is";
  }

  #homeAddress(statement: Statement): string | void {
    const home = homeAddressOf(statement);
    if (home === undefined || home.more.length > 0) return NOT_UNDERSTOOD;
    const { address, mobileNetworkPrefixes } = home;
    this.#draft.set(this.#table, "home_address", address, statement);
    this.#draft.assume(this.#table, "identity", identityOf(address), MADE_OF_HOME_ADDRESS);
    this.#draft.assume(this.#table, "spi", spiOf(address), MADE_OF_HOME_ADDRESS);
    this.#draft.assume(this.#table, "key_file", keyFileOf(address), KEY_TO_MAKE);
    if (mobileNetworkPrefixes.length === 0) return;
    return setMobileNetworks(this.#draft, this.#table, mobileNetworkPrefixes, statement);
  }

  /** Here the length is that of the network behind the node; in UMIP it is that of the home network. */
  #ipv4HomeAddress(statement: Statement): string | void {
    const [first, ...rest] = statement.words;
    if (first?.kind !== "word" || parseIpv4Prefix(first.text) === undefined) return NOT_UNDERSTOOD;
    const address = canonicalIpv4(first.text.split("/")[0])!;
    if (!isRoutableUnicastIpv4(address)) return NOT_UNDERSTOOD;
    this.#draft.set(this.#table, "ipv4_home_address", address, statement);
    if (rest.length > 0) {
      return 'a network behind it is that of the address itself here: ipv4_home_address = "10.1.0.1/24"';
    }
  }
}
