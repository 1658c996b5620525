import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { CareOfAddressCandidate } from "../../../core/control/movement/candidate.ts";
import {
  type ChoiceSettings,
  type ChoiceState,
  NO_CHOICE,
  registrationAnswered,
  registrationUnanswered,
  switchedTo,
  withCandidates,
} from "../../../core/control/movement/care_of_address_choice.ts";

/** Candidates by short names: interface, family, network. */
const ADDRESSES: Readonly<Record<string, string>> = {
  "eg0/6": "2001:db8:0::7",
  "eg0/6b": "2001:db8:b::7",
  "eg0/6l": "fd12:3456:789a::7",
  "eg0/4": "192.0.2.7",
  "eg0/4b": "198.51.100.7",
  "eg1/6": "2001:db8:1::7",
  "eg1/4": "203.0.113.7",
  "eg9/6": "2001:db8:9::7",
};

function candidate(name: string): CareOfAddressCandidate {
  const prefixLength = name.includes("/6") ? 64 : 24;
  const interfaceName = name.split("/")[0];
  return { interfaceName, address: ADDRESSES[name], prefixLength, gateway: undefined, linkMtu: 1500 };
}

/** "up A B": these are the candidates now; "ok", "silent": what became of the registration; "switch eg1". */
function step(state: ChoiceState, words: string, settings: ChoiceSettings): ChoiceState {
  const [verb, ...rest] = words.split(" ");
  switch (verb) {
    case "up":
      return withCandidates(state, rest.map(candidate), settings);
    case "ok":
      return registrationAnswered(state, settings);
    case "silent":
      return registrationUnanswered(state, settings);
    default:
      return switchedTo(state, rest[0], settings);
  }
}

function nameOf(address: string | undefined): string {
  return Object.keys(ADDRESSES).find((name) => ADDRESSES[name] === address) ?? "none";
}

interface Story {
  readonly name: string;
  readonly prefer?: ChoiceSettings["prefer"];
  /** What happens, and what is chosen after it. */
  readonly steps: readonly (readonly [words: string, chosen: string])[];
}

const STORIES: readonly Story[] = [
  { name: "nothing to choose from", steps: [["up", "none"], ["ok", "none"], ["silent", "none"]] },
  {
    name:
      "RFC 6275 4.6 M-002: a unique-local address only where its interface, which comes first, has no other of its family",
    steps: [
      ["up eg0/6l eg0/6 eg0/4", "eg0/6"],
      ["up eg0/6l eg0/4", "eg0/6l"],
      ["up eg0/6l eg1/6", "eg0/6l"],
      ["silent", "eg1/6"],
    ],
  },
  { name: "IPv6 before IPv4", steps: [["up eg0/4 eg0/6", "eg0/6"]] },
  { name: "IPv4 at once when there is no IPv6", steps: [["up eg0/4", "eg0/4"]] },
  {
    name: "an IPv4 registration is replaced when IPv6 appears",
    steps: [["up eg0/4", "eg0/4"], ["ok", "eg0/4"], ["up eg0/6 eg0/4", "eg0/6"]],
  },
  {
    name:
      "three Binding Updates in vain on IPv6, then IPv4; kept across moves, replaced when IPv6 works again",
    steps: [
      ["up eg0/6 eg0/4", "eg0/6"],
      ["silent", "eg0/4"],
      ["ok", "eg0/4"],
      ["up", "none"],
      ["up eg0/6b eg0/4b", "eg0/4b"],
      ["ok", "eg0/4b"],
      ["up eg0/6b", "eg0/6b"],
      ["up eg0/6b eg0/4b", "eg0/4b"],
      ["up eg0/6b", "eg0/6b"],
      ["ok", "eg0/6b"],
      ["up eg0/6b eg0/4b", "eg0/6b"],
    ],
  },
  {
    name: "IPv6 in vain on one interface says nothing about IPv6 on another",
    steps: [
      ["up eg0/6 eg1/4", "eg0/6"],
      ["silent", "eg1/4"],
      ["ok", "eg1/4"],
      ["up eg1/6 eg1/4", "eg1/6"],
    ],
  },
  {
    name: "a captive network: the next candidate is tried, round robin, and the first again",
    steps: [
      ["up eg0/6 eg0/4 eg1/6 eg1/4", "eg0/6"],
      ["silent", "eg0/4"],
      ["silent", "eg1/6"],
      ["silent", "eg1/4"],
      ["silent", "eg0/6"],
      ["silent", "eg0/4"],
    ],
  },
  { name: "one candidate is tried again and again", steps: [["up eg0/4", "eg0/4"], ["silent", "eg0/4"]] },
  {
    name: "a network that was silent is fresh when it comes again",
    steps: [
      ["up eg0/4 eg1/4", "eg0/4"],
      ["silent", "eg1/4"],
      ["ok", "eg1/4"],
      ["up eg1/4", "eg1/4"],
      ["up eg0/4 eg1/4", "eg0/4"],
    ],
  },
  {
    name: "interface order before family, and those not in the order last",
    steps: [["up eg9/6 eg1/6 eg0/4", "eg0/4"], ["up eg9/6 eg1/4", "eg1/4"], ["up eg9/6", "eg9/6"]],
  },
  {
    name: "switching to an interface holds while it has candidates",
    steps: [
      ["up eg0/6 eg1/4", "eg0/6"],
      ["switch eg1", "eg1/4"],
      ["up eg0/6 eg1/6 eg1/4", "eg1/6"],
      ["up eg0/6", "eg0/6"],
      ["up eg0/6 eg1/6", "eg0/6"],
    ],
  },
  {
    name: "switching to an interface without candidates changes nothing",
    steps: [["up eg0/6", "eg0/6"], ["switch eg1", "eg0/6"], ["up eg0/6 eg1/6", "eg0/6"]],
  },
  {
    name: "switching tries anew what was silent; silent again, the others are tried",
    steps: [
      ["up eg0/4 eg1/4", "eg0/4"],
      ["silent", "eg1/4"],
      ["ok", "eg1/4"],
      ["switch eg0", "eg0/4"],
      ["silent", "eg1/4"],
    ],
  },
  {
    name: "the current address stays among equals",
    steps: [["up eg0/6", "eg0/6"], ["up eg0/6b eg0/6", "eg0/6"], ["up eg0/6b", "eg0/6b"]],
  },
  {
    name: "prefer ipv4",
    prefer: "ipv4",
    steps: [["up eg0/6 eg0/4", "eg0/4"], ["silent", "eg0/6"], ["ok", "eg0/6"], ["up eg0/6", "eg0/6"]],
  },
  {
    name: "keep: the family of the last registration, across moves",
    prefer: "keep",
    steps: [
      ["up eg0/4", "eg0/4"],
      ["ok", "eg0/4"],
      ["up eg0/6 eg0/4", "eg0/4"],
      ["up eg0/6b eg0/4b", "eg0/4b"],
      ["up eg0/6b", "eg0/6b"],
      ["ok", "eg0/6b"],
      ["up eg0/6 eg0/4", "eg0/6"],
    ],
  },
  { name: "keep: IPv6 where nothing is to be kept", prefer: "keep", steps: [["up eg0/4 eg0/6", "eg0/6"]] },
];

for (const { name, prefer = "ipv6", steps } of STORIES) {
  Deno.test(`Care-of address choice (D-073..076): ${name}`, () => {
    const settings: ChoiceSettings = { prefer, interfaceOrder: ["eg0", "eg1"] };
    let state = NO_CHOICE;
    for (const [words, chosen] of steps) {
      state = step(state, words, settings);
      assertEquals(nameOf(state.chosen?.address), chosen, words);
    }
  });
}

Deno.test("Care-of address choice: whatever happens, one of the candidates is chosen, and memory is bounded", () => {
  const names = Object.keys(ADDRESSES);
  const steps = fc.oneof(
    fc.subarray(names).map((some) => ["up", ...some].join(" ")),
    fc.constantFrom("ok", "silent", "switch eg0", "switch eg1", "switch none"),
  );
  const preferences = fc.constantFrom<ChoiceSettings["prefer"]>("ipv6", "ipv4", "keep");
  fc.assert(fc.property(preferences, fc.array(steps, { maxLength: 60 }), (prefer, all) => {
    const settings = { prefer, interfaceOrder: ["eg0", "eg1"] };
    let state = NO_CHOICE;
    for (const words of all) {
      state = step(state, words, settings);
      assertEquals(state.chosen === undefined, state.candidates.length === 0);
      if (state.chosen !== undefined) assertEquals(state.candidates.includes(state.chosen), true);
      assertEquals(state.unanswered.length <= state.candidates.length, true);
    }
    // Every candidate is tried before one is tried again.
    const tried = new Set<string | undefined>();
    state = withCandidates(NO_CHOICE, state.candidates, settings);
    for (let i = 0; i < state.candidates.length; i++) {
      tried.add(state.chosen?.address);
      state = registrationUnanswered(state, settings);
    }
    assertEquals(tried.size, state.candidates.length);
  }));
});
