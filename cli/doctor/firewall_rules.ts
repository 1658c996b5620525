/* What an nftables ruleset does to a packet, as far as its rules can be understood: with `nft --json --numeric list ruleset`. */

/** A packet as rules look at it. */
export interface ProbePacket {
  readonly hook: "input" | "output" | "forward";
  readonly family: 4 | 6;
  /** 17 UDP, 41 IPv6, 4 IPv4, 135 mobility header. */
  readonly protocol: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly inInterface?: string;
  readonly outInterface?: string;
  readonly connection: "new" | "established";
}

/** "maybe": a rule that drops it has conditions that cannot be judged here. */
export type Verdict =
  | { readonly kind: "passed" }
  | { readonly kind: "dropped" | "maybe"; readonly by: string };

interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook?: string;
  readonly prio?: number;
  readonly policy?: string;
  readonly rules: { readonly handle: unknown; readonly expressions: readonly Json[] }[];
}

type Json = Readonly<Record<string, unknown>>;

export interface Ruleset {
  readonly chains: readonly Chain[];
  /** Elements of named sets, by "family table name". */
  readonly sets: ReadonlyMap<string, unknown>;
}

/** @throws SyntaxError for what is not the output of nft */
export function readRuleset(text: string): Ruleset {
  const items: unknown = JSON.parse(text).nftables;
  if (!Array.isArray(items)) throw new SyntaxError("no list of rules");
  const chains = new Map<string, Chain>();
  const sets = new Map<string, unknown>();
  for (const item of items as readonly Readonly<Record<string, Json>>[]) {
    const { chain, rule, set } = item;
    if (chain !== undefined) {
      chains.set(`${chain.family} ${chain.table} ${chain.name}`, { ...chain, rules: [] } as unknown as Chain);
    }
    if (set !== undefined) sets.set(`${set.family} ${set.table} ${set.name}`, { set: set.elem ?? [] });
    if (rule !== undefined) {
      const expressions = Array.isArray(rule.expr) ? rule.expr : [];
      chains.get(`${rule.family} ${rule.table} ${rule.chain}`)?.rules.push({
        handle: rule.handle,
        expressions,
      });
    }
  }
  return { chains: [...chains.values()], sets };
}

/** Tables of dsmip itself: they take packets from the kernel that dsmip has got already. */
const OWN_TABLE = /^dsmip_/;
const MAXIMUM_JUMPS = 16;

/** The worst that any base chain of the packet's hook does to it. */
export function judge(ruleset: Ruleset, packet: ProbePacket): Verdict {
  const families = ["inet", packet.family === 4 ? "ip" : "ip6"];
  let worst: Verdict = { kind: "passed" };
  for (const chain of ruleset.chains) {
    if (chain.hook !== packet.hook || !families.includes(chain.family) || OWN_TABLE.test(chain.table)) {
      continue;
    }
    const verdict = new Walk(ruleset, packet).baseChain(chain);
    if (verdict.kind === "dropped") return verdict;
    if (verdict.kind === "maybe") worst = verdict;
  }
  return worst;
}

/** Where a walk through a chain ends; undefined: at its end. */
type End = "accept" | { readonly droppedBy: string } | undefined;

class Walk {
  readonly #ruleset: Ruleset;
  readonly #packet: ProbePacket;
  /** Some rule may have taken another way. */
  #mayDrop: string | undefined;
  #mayAccept = false;

  constructor(ruleset: Ruleset, packet: ProbePacket) {
    this.#ruleset = ruleset;
    this.#packet = packet;
  }

  baseChain(chain: Chain): Verdict {
    const end = this.#chain(chain, 0) ??
      (chain.policy === "drop" ? { droppedBy: `the policy of ${placeOf(chain)}` } : "accept");
    if (end !== "accept") return { kind: this.#mayAccept ? "maybe" : "dropped", by: end.droppedBy };
    return this.#mayDrop === undefined ? { kind: "passed" } : { kind: "maybe", by: this.#mayDrop };
  }

  #chain(chain: Chain, depth: number): End {
    for (const { handle, expressions } of chain.rules) {
      const end = this.#rule(chain, expressions, `${placeOf(chain)} rule handle ${handle}`, depth);
      if (end === "return") return undefined;
      if (end !== undefined) return end;
    }
  }

  #rule(chain: Chain, expressions: readonly Json[], place: string, depth: number): End | "return" {
    let isCertain = true;
    for (const expression of expressions) {
      const [kind] = Object.keys(expression);
      const verdict = kind === "vmap" ? this.#mapped(chain, expression.vmap as Json) : expression;
      if (verdict === undefined) {
        isCertain = false;
        continue;
      }
      if (kind === "match") {
        const holds = this.#holds(chain, expression.match as Json);
        if (holds === false) return undefined;
        isCertain &&= holds === true;
      } else if (CONDITIONS.has(kind)) isCertain = false;
      else {
        const end = this.#verdict(chain, verdict, place, depth);
        if (end === "none") continue;
        if (isCertain) return end;
        this.#note(end, chain, place);
        return undefined;
      }
    }
  }

  /** A way that the packet may have taken. */
  #note(end: End | "return", { policy }: Chain, place: string): void {
    if (typeof end === "object") this.#mayDrop ??= end.droppedBy;
    if (end === "accept") this.#mayAccept = true;
    if (end !== "return") return;
    // Out of a base chain its policy decides; out of others what comes after them, which may be anything.
    if (policy !== "drop") this.#mayAccept = true;
    if (policy !== "accept") this.#mayDrop ??= place;
  }

  /** "none": the expression says nothing about where the packet goes. */
  #verdict(chain: Chain, expression: Json, place: string, depth: number): End | "return" | "none" {
    const [kind] = Object.keys(expression);
    switch (kind) {
      case "accept":
        return "accept";
      case "drop":
      case "reject":
        return { droppedBy: place };
      case "return":
        return "return";
      case "jump":
      case "goto": {
        const { target } = expression[kind] as Json;
        const next = this.#ruleset.chains.find((one) =>
          one.name === target && one.table === chain.table && one.family === chain.family
        );
        if (next === undefined || depth >= MAXIMUM_JUMPS) return "none";
        const end = this.#chain(next, depth + 1);
        return end === undefined && kind === "jump" ? "none" : end === undefined ? "return" : end;
      }
      default:
        return "none";
    }
  }

  /** The verdict that a map has for the packet; an empty one where it has none, undefined where that cannot be said. */
  #mapped(chain: Chain, { key, data }: Json): Json | undefined {
    const pairs = this.#elements(chain, data);
    if (pairs === undefined) return undefined;
    for (const pair of pairs) {
      if (!Array.isArray(pair)) return undefined;
      const holds = this.#holds(chain, { op: "==", left: key, right: pair[0] });
      if (holds === undefined) return undefined;
      if (holds) return pair[1];
    }
    return { none: null };
  }

  #elements(chain: Chain, value: unknown): readonly unknown[] | undefined {
    const found = typeof value === "string" && value.startsWith("@")
      ? this.#ruleset.sets.get(`${chain.family} ${chain.table} ${value.slice(1)}`)
      : value;
    const { set } = (found ?? {}) as Json;
    return Array.isArray(set) ? set : undefined;
  }

  /** undefined: it cannot be said. */
  #holds(chain: Chain, { op, left, right }: Json): boolean | undefined {
    const value = this.#valueOf(left as Json);
    if (value === NOT_THERE) return false;
    if (value === undefined) return undefined;
    const elements = this.#elements(chain, right);
    const list = elements ?? (Array.isArray(right) ? right : [right]);
    const matches = list.map((one) => equals(value, one));
    const any = matches.includes(true) ? true : matches.includes(undefined) ? undefined : false;
    if (op === "!=") return any === undefined ? undefined : !any;
    return op === "==" || op === "in" ? any : undefined;
  }

  /** NOT_THERE: the packet has no such field, so the rule is not for it. */
  #valueOf(left: Json): number | string | typeof NOT_THERE | undefined {
    const packet = this.#packet;
    const meta = (left.meta as Json | undefined)?.key;
    if (meta === "l4proto") return packet.protocol;
    if (meta === "nfproto") return packet.family === 4 ? 2 : 10;
    if (meta === "iifname" || meta === "iif") return packet.inInterface ?? "";
    if (meta === "oifname" || meta === "oif") return packet.outInterface ?? "";
    if ((left.ct as Json | undefined)?.key === "state") return packet.connection === "new" ? 8 : 2;
    const { protocol, field } = (left.payload ?? {}) as Json;
    if (protocol === "ip") {
      if (packet.family !== 4) return NOT_THERE;
      return field === "protocol" ? packet.protocol : undefined;
    }
    if (protocol === "ip6") {
      if (packet.family !== 6) return NOT_THERE;
      return field === "nexthdr" ? packet.protocol : undefined;
    }
    if (protocol === "udp" || protocol === "th") {
      if (packet.protocol !== 17) return NOT_THERE;
      if (field === "dport") return packet.destinationPort;
      return field === "sport" ? packet.sourcePort : undefined;
    }
    return protocol === "tcp" || protocol === "icmp" || protocol === "icmpv6" ? NOT_THERE : undefined;
  }
}

const NOT_THERE = Symbol("no such field");

/** Statements that let a part of the packets through, and what iptables-nft puts where nftables has no words. */
const CONDITIONS: ReadonlySet<string> = new Set([
  "limit",
  "quota",
  "ct count",
  "xt",
  "synproxy",
  "queue",
  "fwd",
]);

/** The states of a connection are bits; "established" may stand for 2 where nft has not been numeric. */
const STATE_NAMES: Readonly<Record<string, number>> = { invalid: 1, established: 2, related: 4, new: 8 };

function equals(value: number | string, wanted: unknown): boolean | undefined {
  if (typeof wanted === "number") return value === wanted;
  if (typeof wanted === "string") {
    if (typeof value === "number") {
      return Object.hasOwn(STATE_NAMES, wanted) ? value === STATE_NAMES[wanted] : undefined;
    }
    return wanted.endsWith("*") ? value.startsWith(wanted.slice(0, -1)) : value === wanted;
  }
  const { range, elem } = (wanted ?? {}) as { readonly range?: unknown; readonly elem?: Json };
  if (Array.isArray(range) && typeof value === "number") {
    const [lowest, highest] = range;
    return typeof lowest === "number" && typeof highest === "number"
      ? lowest <= value && value <= highest
      : undefined;
  }
  return elem === undefined ? undefined : equals(value, elem.val);
}

function placeOf({ family, table, name }: Chain): string {
  return `table ${family} ${table} chain ${name}`;
}
