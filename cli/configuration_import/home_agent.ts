import { type Ipv6Address, type Ipv6Prefix, prefixAround, prefixText } from "../../core/wire/address.ts";
import { MAXIMUM_MOBILE_NODES } from "../configuration/home_agent.ts";
import type { Draft, DraftTable } from "./draft.ts";
import { type HandlerTable, NOT_UNDERSTOOD, walk } from "./handlers.ts";
import { setMobileNetworks } from "./mobile_networks.ts";
import { identityOf, KEY_TO_MAKE, keyFileOf, MADE_OF_HOME_ADDRESS, spiOf } from "./names.ts";
import type { Statement } from "./statements.ts";
import { homeAddressOf, interfaceOf, ipv4Of, ipv6Of, lifetimeOf, oneWord, switchOf } from "./values.ts";
import { HOME_AGENT_WITHOUT } from "./without_counterpart.ts";

const NAMED_BEFORE = "this home address is named before";
/** RFC 4291 section 2.5.1: the length of what is on a link. */
const USUAL_PREFIX_LENGTH = 64;

interface Node {
  readonly address: Ipv6Address;
  readonly statement: Statement;
  networks: { readonly prefixes: readonly Ipv6Prefix[]; readonly statement: Statement } | undefined;
}

/** Turns the statements of a home agent into [home_agent] and its [[mobile_node]]s. */
export function importHomeAgent(statements: readonly Statement[], draft: Draft): void {
  new HomeAgentImport(draft).run(statements);
}

class HomeAgentImport {
  readonly #draft: Draft;
  readonly #table: DraftTable;
  readonly #nodes = new Map<Ipv6Address, Node>();
  readonly #denied = new Set<Ipv6Address>();
  #homePrefixLength: number | undefined;
  #acceptsRouters: boolean | undefined;

  constructor(draft: Draft) {
    this.#draft = draft;
    this.#table = draft.addTable("[home_agent]");
  }

  run(statements: readonly Statement[]): void {
    const { settings } = this.#table;
    walk(statements, this.#topLevel, HOME_AGENT_WITHOUT, this.#draft);
    if (!settings.has("ipv6_address")) {
      this.#draft.leaveOpen(this.#table, "ipv6_address", "the home agent's own address, inside home_prefix");
    }
    if (!settings.has("ipv4_address")) {
      this.#draft.leaveOpen(this.#table, "ipv4_address", "where mobile nodes reach this machine over IPv4");
    }
    this.#setHomePrefix();
    const spis = new Set<number>();
    for (const node of this.#nodes.values()) {
      if (!this.#denied.has(node.address)) this.#addNode(node, spis);
      else {
        for (const statement of new Set([node.statement, node.networks?.statement ?? node.statement])) {
          this.#draft.remark(statement, "left out: BindingAclPolicy denies this home address elsewhere");
        }
      }
    }
  }

  readonly #topLevel: HandlerTable = {
    NodeConfig: () => {},
    Interface: (statement) => this.#interface(statement),
    HaMaxBindingLife: (statement) => this.#set("maximum_lifetime_seconds", lifetimeOf(statement), statement),
    SendMobPfxAdvs: (statement) => this.#set("prefix_advertisements", switchOf(statement), statement),
    HomeAgentV4Address: (statement) => this.#set("ipv4_address", ipv4Of(statement), statement),
    HaAcceptMobRtr: (statement) => {
      this.#acceptsRouters = switchOf(statement);
      return this.#acceptsRouters === undefined
        ? NOT_UNDERSTOOD
        : "a mobile router is who has networks in its [[mobile_node]]";
    },
    BindingAclPolicy: (statement) => this.#policy(statement),
    DefaultBindingAclPolicy: (statement) => {
      if (oneWord(statement) === "deny") return "always so here: each mobile node has a [[mobile_node]]";
      return "each mobile node needs a [[mobile_node]] here: add those that are missing below";
    },
    IPsecPolicySet: (statement) => {
      const inner = {
        HomeAgentAddress: (one: Statement) => this.#set("ipv6_address", ipv6Of(one), one),
        HomeAddress: (one: Statement) => this.#protectedNode(one),
        IPsecPolicy: () => HOME_AGENT_WITHOUT.IPsecPolicySet,
      };
      walk(statement.block ?? [], inner, {}, this.#draft);
      return HOME_AGENT_WITHOUT.IPsecPolicySet;
    },
  };

  #set(key: string, value: string | number | boolean | undefined, statement: Statement): string | void {
    if (value === undefined) return NOT_UNDERSTOOD;
    this.#draft.set(this.#table, key, value, statement);
  }

  #interface(statement: Statement): string | void {
    const name = interfaceOf(statement);
    if (name === undefined) return NOT_UNDERSTOOD;
    const types = (statement.block ?? []).filter((one) => one.name === "IfType");
    walk(
      statement.block ?? [],
      { IfType: () => "home_link names the one interface of the home network" },
      { MnIfPreference: "a mobile node's", Tunnel: "a mobile node's", UseDhcp: "a mobile node's" },
      this.#draft,
    );
    if (types.some((one) => oneWord(one) !== "HA")) return "left out: not of a home network";
    if (this.#table.settings.has("home_link")) return "left out: one home link a home agent here";
    this.#draft.set(this.#table, "home_link", name, statement);
  }

  #policy(statement: Statement): string | void {
    const home = homeAddressOf(statement);
    const [policy, ...more] = home?.more ?? [];
    if (home === undefined || more.length > 0) return NOT_UNDERSTOOD;
    if (policy === "deny") {
      this.#denied.add(home.address);
      return "left out: who has no [[mobile_node]] is refused";
    }
    if (policy !== "allow") return NOT_UNDERSTOOD;
    const isNew = !this.#nodes.has(home.address);
    const node = this.#nodeOf(home.address, statement);
    if (node === undefined) return tooMany();
    if (home.mobileNetworkPrefixes.length === 0) return isNew ? undefined : NAMED_BEFORE;
    if (node.networks !== undefined) {
      this.#draft.remark(node.networks.statement, "a later list of networks holds");
    }
    node.networks = { prefixes: home.mobileNetworkPrefixes, statement };
  }

  #protectedNode(statement: Statement): string | void {
    const home = homeAddressOf(statement);
    if (home === undefined) return NOT_UNDERSTOOD;
    this.#homePrefixLength ??= home.prefixLength;
    if (this.#nodes.has(home.address)) return NAMED_BEFORE;
    if (this.#nodeOf(home.address, statement) === undefined) return tooMany();
  }

  #nodeOf(address: Ipv6Address, statement: Statement): Node | undefined {
    const known = this.#nodes.get(address);
    if (known !== undefined || this.#nodes.size >= MAXIMUM_MOBILE_NODES) return known;
    const node = { address, statement, networks: undefined };
    this.#nodes.set(address, node);
    return node;
  }

  /** UMIP takes the home prefix from the router advertisements on the home link. */
  #setHomePrefix(): void {
    const [first] = this.#nodes.keys();
    const length = this.#homePrefixLength ?? USUAL_PREFIX_LENGTH;
    if (first === undefined || length === 0 || length > 127) {
      this.#draft.leaveOpen(this.#table, "home_prefix", "the prefix of the home addresses");
      return;
    }
    const note = "around the first home address: is it the prefix of the home link?";
    this.#draft.assume(this.#table, "home_prefix", prefixText(prefixAround(first, length)), note);
  }

  #addNode({ address, statement, networks }: Node, spis: Set<number>): void {
    const table = this.#draft.addTable("[[mobile_node]]");
    const spi = spiOf(address);
    this.#draft.set(table, "home_address", address, statement);
    this.#draft.assume(table, "identity", identityOf(address), MADE_OF_HOME_ADDRESS);
    if (spis.has(spi)) {
      this.#draft.leaveOpen(table, "spi", "a number of its own, 256 or more, the same at both ends");
    } else this.#draft.assume(table, "spi", spi, MADE_OF_HOME_ADDRESS);
    spis.add(spi);
    this.#draft.assume(table, "key_file", keyFileOf(address), KEY_TO_MAKE);
    if (networks === undefined) return;
    if (this.#acceptsRouters !== true) {
      this.#draft.remark(networks.statement, "networks are left out: HaAcceptMobRtr is not enabled");
      return;
    }
    const remark = setMobileNetworks(this.#draft, table, networks.prefixes, networks.statement);
    if (remark !== undefined) this.#draft.remark(networks.statement, remark);
  }
}

function tooMany(): string {
  return `left out: ${MAXIMUM_MOBILE_NODES} mobile nodes at most`;
}
