import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { EgressEvent } from "../../../core/control/movement/egress_event.ts";
import { octetsOf } from "../../wire/octets.ts";
import {
  advertisement,
  type AdvertisementChanges,
  frameFrom,
  hasAlready,
  link,
  Node,
  prefixOption,
  routerA,
  routerB,
  routerIsThere,
  type TestRouter,
} from "./ipv6_network.ts";

const HOME_ADDRESS = "2001:db8:100::100";
const HOME_AGENT = "2001:db8:100::1";
const home = { homeAddress: HOME_ADDRESS, homeAgentAddress: HOME_AGENT, mobileRouter: false };
const HOME_ROUTER: TestRouter = {
  address: "fe80::1",
  hardwareAddress: octetsOf("020000000011"),
  prefix: "2001:db8:100::",
};
/** The solicitation that looks for who defends the home address, and for duplicates of it. */
const QUESTION = `neighborSolicitation of ${HOME_ADDRESS}`;
const AWAY = { kind: "chosen", address: undefined } as const;
const CHOSEN = { kind: "chosen", address: HOME_ADDRESS } as const;

/** The home agent's own advertisement: the R bit, with its whole address. */
const BY_HOME_AGENT: AdvertisementChanges = {
  homeAgent: true,
  prefixes: [prefixOption(HOME_AGENT, { routerAddress: true })],
};

/** A node on the home link, one millisecond after it heard the router. */
function onHomeLink(changes: AdvertisementChanges = BY_HOME_AGENT, settings = home): Node {
  return new Node({ home: settings }).hears(link()).hears(advertisement(HOME_ROUTER, changes), 1);
}

/** The home agent's proxy advertisement for the address that it defends (RFC 4861 7.2.4: multicast, as :: asked). */
function defended(hardwareAddress = HOME_ROUTER.hardwareAddress): EgressEvent {
  return frameFrom(hardwareAddress, {
    source: HOME_AGENT,
    destination: "ff02::1",
    message: {
      kind: "neighborAdvertisement",
      router: false,
      solicited: false,
      override: false,
      target: HOME_ADDRESS,
      options: [{ kind: "targetLinkLayerAddress", hardwareAddress }],
    },
  });
}

Deno.test("RFC 6275 11.5.2, 11.5.5: an advertised prefix that holds the home address makes a link the home link", () => {
  const node = onHomeLink();
  assertEquals(node.machine.candidates(), [{
    interfaceName: "eg0",
    address: HOME_ADDRESS,
    prefixLength: 64,
    gateway: HOME_ROUTER.address,
    linkMtu: 1500,
    atHome: true,
  }]);
  assertEquals(node.said.filter((said) => said === QUESTION), [], "M-433: nobody looks for duplicates");
  assertEquals(node.ofKind("setHome"), [], "M-426: nothing before it de-registers");
});

Deno.test("RFC 6275 11.5.2: prefixes that are not on the link, or hold other addresses, make no home link", () => {
  for (
    const prefixes of [
      [prefixOption("2001:db8:100::", { onLink: false })],
      [prefixOption("2001:db8:101::")],
      [prefixOption("2001:db8::", { prefixLength: 31 }), prefixOption("2001:db8:101::")],
    ]
  ) assertEquals(onHomeLink({ prefixes }).machine.candidates().some(({ atHome }) => atHome), false);
  const anywhere = new Node().hears(link()).hears(advertisement(HOME_ROUTER), 1);
  assertEquals(anywhere.machine.candidates().map(({ atHome }) => atHome), [undefined]);
});

Deno.test("a home link whose router is no default router is home all the same", () => {
  const node = onHomeLink({ ...BY_HOME_AGENT, routerLifetimeSeconds: 0 });
  assertEquals(node.machine.candidates().map(({ atHome, gateway }) => [atHome, gateway]), [[
    true,
    undefined,
  ]]);
});

Deno.test("M-429 M-430 M-431 M-432: another router: who defends the home address is asked from ::, by multicast", () => {
  const node = onHomeLink({});
  assertEquals(node.said.filter((said) => said === QUESTION), [QUESTION]);
  const question = node.sent.find(({ message }) => "target" in message && message.target === HOME_ADDRESS);
  assertEquals([question?.source, question?.destination], ["::", "ff02::1:ff00:100"]);
  assertEquals(question?.message.options, []);
  assertEquals(node.candidates, [], "nothing is sent to the home agent before it is found");
  node.hears(defended(octetsOf("020000000022")), 1);
  assertEquals(node.candidates, [HOME_ADDRESS]);
  node.hears(CHOSEN);
  assertEquals(node.ofKind("setNeighbor"), [
    { kind: "setNeighbor", address: HOME_AGENT, hardwareAddress: octetsOf("020000000022") },
  ]);
});

Deno.test("nobody defends the home address: after a second the kernel may ask in its name", () => {
  const node = onHomeLink({});
  assertEquals(node.waits(999).candidates, []);
  assertEquals(node.waits(1).candidates, [HOME_ADDRESS]);
  assertEquals(node.hears(CHOSEN).ofKind("setNeighbor"), []);
});

Deno.test("who pretends on another link that it is the home link takes no other address away", () => {
  const node = new Node({ home }).hears(link()).hears(advertisement(routerA), 1);
  const [careOfAddress] = node.candidates;
  const pretended = prefixOption("2001:db8:100::");
  node.hears(
    advertisement({ ...HOME_ROUTER, address: routerA.address, hardwareAddress: routerA.hardwareAddress }, {
      prefixes: [prefixOption(routerA.prefix), pretended],
    }),
    10,
  );
  assertEquals(node.candidates, [careOfAddress]);
  assertEquals(node.waits(1000).candidates, [HOME_ADDRESS, careOfAddress]);
  // Nor does it draw the way to the home agent onto the link, but for the home address itself.
  const onLink = () => node.ofKind("setRoutes").at(-1)?.routes.map(({ destination }) => destination);
  assertEquals(onLink(), undefined);
  assertEquals(node.hears(CHOSEN).ofKind("setRoutes").length, 1);
  assertEquals(onLink()?.includes("2001:db8:100::"), true);
  node.hears({ kind: "chosen", address: careOfAddress });
  assertEquals(onLink(), ["2001:db8:a::", "::"]);
});

Deno.test("RFC 6275 11.5.1: another router on the home link, with a prefix of its own: the node stays at home", () => {
  const node = onHomeLink().hears(CHOSEN).hears({ kind: "home", detectDuplicates: false }, 1);
  const leaves = () => node.ofKind("setHome").some(({ home }) => home === undefined);
  node.hears(advertisement(routerB), 1000);
  assertEquals(node.said.includes(`neighborSolicitation of ${HOME_ROUTER.address}`), true, "is it there?");
  assertEquals([node.candidates[0], leaves()], [HOME_ADDRESS, false]);
  node.hears(routerIsThere(HOME_ROUTER), 99);
  assertEquals([node.candidates[0], leaves()], [HOME_ADDRESS, false]);
  assertEquals(node.said.includes(QUESTION), false, "nor has the home agent to be found again");
  node.hears(advertisement(routerB), 1000).waits(1000);
  assertEquals([node.candidates[0], leaves()], [HOME_ADDRESS, false]);
});

Deno.test("a second router while the first is only a candidate: the home agent need not be found again", () => {
  const node = onHomeLink().hears(advertisement(routerB), 1).hears(routerIsThere(HOME_ROUTER), 1);
  assertEquals([node.candidates[0], node.said.includes(QUESTION)], [HOME_ADDRESS, false]);
});

Deno.test("two routers on the home link: at home, that of the home prefix is used and watched, whoever is preferred", () => {
  const node = new Node({ home, routerProbeMs: 10_000 }).hears(link())
    .hears(advertisement(HOME_ROUTER, BY_HOME_AGENT), 1)
    .hears(advertisement(routerB, { preference: "high" }), 1).hears(routerIsThere(HOME_ROUTER), 1);
  assertEquals(node.machine.candidates().map(({ gateway }) => gateway), [
    HOME_ROUTER.address,
    routerB.address,
  ]);
  node.hears(CHOSEN).hears({ kind: "home", detectDuplicates: false }, 1);
  const [{ home: configured }] = node.ofKind("setHome");
  assertEquals(configured?.routes.at(-1), {
    destination: "::",
    prefixLength: 0,
    gateway: HOME_ROUTER.address,
  });
  node.hears(advertisement(routerB, { preference: "high" }), 9000);
  assertEquals(node.waits(1000).said.includes(`neighborSolicitation of ${HOME_ROUTER.address}`), true);
  assertEquals(node.said.includes(`neighborSolicitation of ${routerB.address}`), false);
});

Deno.test("M-435: the address is there from the moment that it is chosen, its routes only at home", () => {
  const node = onHomeLink().hears(CHOSEN);
  const address = { address: HOME_ADDRESS, prefixLength: 64 };
  assertEquals(node.ofKind("setHome"), [{ kind: "setHome", home: { ...address, routes: [] } }]);
  assertEquals(node.ofKind("setNeighbor"), [
    { kind: "setNeighbor", address: HOME_AGENT, hardwareAddress: HOME_ROUTER.hardwareAddress },
  ]);
  node.hears({ kind: "home", detectDuplicates: false }, 1);
  const routes = [
    { destination: "2001:db8:100::", prefixLength: 64, gateway: undefined },
    { destination: "::", prefixLength: 0, gateway: HOME_ROUTER.address },
  ];
  assertEquals(node.ofKind("setHome"), [{ kind: "setHome", home: { ...address, routes } }]);
  node.hears(AWAY, 1);
  assertEquals(node.ofKind("setHome"), [{ kind: "setHome", home: undefined }]);
});

Deno.test("RFC 6275 11.5.5 M-437 M-438 M-439 M-440 M-441: at home it advertises the address to all nodes, and its link-local one, three times", () => {
  for (const mobileRouter of [false, true]) {
    const node = onHomeLink(BY_HOME_AGENT, { ...home, mobileRouter }).waits(2000).hears(CHOSEN);
    const said = () => node.sent.filter(({ message }) => message.kind === "neighborAdvertisement");
    assertEquals(said(), []);
    node.hears({ kind: "home", detectDuplicates: false });
    const linkLocal = said().at(-1)!.source;
    const hardwareAddress = octetsOf("020000000001");
    const expected = [HOME_ADDRESS, linkLocal].map((target) => ({
      source: target,
      destination: "ff02::1",
      message: {
        kind: "neighborAdvertisement" as const,
        router: mobileRouter,
        solicited: false,
        override: true,
        target,
        options: [{ kind: "targetLinkLayerAddress" as const, hardwareAddress }],
      },
    }));
    assertEquals(said(), expected);
    assertEquals(linkLocal.startsWith("fe80::"), true);
    node.waits(1000);
    assertEquals(said(), expected);
    node.waits(1000);
    assertEquals(said(), expected);
    node.waits(10_000);
    assertEquals(said(), []);
  }
});

Deno.test("M-434: without a binding it looks for duplicates first, and advertises a second later", () => {
  const node = onHomeLink().hears(CHOSEN).hears({ kind: "home", detectDuplicates: true }, 1);
  const advertised = () => node.said.filter((said) => said === `neighborAdvertisement of ${HOME_ADDRESS}`);
  assertEquals([node.said.includes(QUESTION), advertised().length], [true, 0]);
  assertEquals(node.waits(999).said.length, 0);
  node.waits(1);
  assertEquals(advertised().length, 1);
});

Deno.test("M-434: another node on the home link has the home address: it stays that node's", () => {
  const probe = frameFrom(octetsOf("0200000000ee"), {
    source: "::",
    destination: "ff02::1:ff00:100",
    message: { kind: "neighborSolicitation", target: HOME_ADDRESS, options: [] },
  });
  for (const claim of [hasAlready(HOME_ADDRESS), probe]) {
    const node = onHomeLink().hears(CHOSEN).hears({ kind: "home", detectDuplicates: true }, 1);
    node.hears(claim, 10);
    assertEquals(node.reports, ["another node on the home link has the home address"]);
    assertEquals(node.ofKind("setHome"), [{ kind: "setHome", home: undefined }]);
    assertEquals(node.candidates, []);
    assertEquals(node.waits(5000).candidates, []);
    const back = node.hears(link({ carrier: false })).hears(link(), 100)
      .hears(advertisement(HOME_ROUTER, BY_HOME_AGENT), 1);
    assertEquals(back.candidates, [HOME_ADDRESS]);
  }
});

Deno.test("another node had the home address: a minute later it is looked for again", () => {
  const node = onHomeLink().hears(CHOSEN).hears({ kind: "home", detectDuplicates: true }, 1);
  node.hears(hasAlready(HOME_ADDRESS), 10);
  assertEquals(node.waits(59_000).candidates, []);
  assertEquals(node.waits(3000).candidates, [HOME_ADDRESS]);
});

Deno.test("the same claims while the home agent may still defend the address mean nothing", () => {
  const node = onHomeLink().hears(CHOSEN).hears(defended(octetsOf("020000000099")), 1);
  assertEquals([node.candidates, node.reports, node.ofKind("setHome")], [[HOME_ADDRESS], [], []]);
});

Deno.test("leaving home: another network without a link event, and a cable that is taken out", () => {
  const node = onHomeLink().hears(CHOSEN).hears({ kind: "home", detectDuplicates: false }, 1);
  node.hears(advertisement(routerB), 1000);
  assertEquals(node.candidates[0], HOME_ADDRESS, "the router at home is asked first");
  node.waits(100);
  assertEquals(node.prefixes, [routerB.prefix], "no answer: and no other address in the home prefix");
  assertEquals(node.ofKind("setRoutes").at(-1)?.routes, [
    { destination: routerB.prefix, prefixLength: 64, gateway: undefined },
    { destination: "::", prefixLength: 0, gateway: routerB.address },
  ]);
  assertEquals(node.ofKind("setHome"), [{ kind: "setHome", home: undefined }]);

  const other = onHomeLink().hears(CHOSEN).hears({ kind: "home", detectDuplicates: false }, 1);
  other.hears(link({ carrier: false }), 1000);
  assertEquals(other.candidates, []);
  assertEquals(other.ofKind("setHome"), [{ kind: "setHome", home: undefined }]);
  // Back at once: everything begins anew, with a Binding Update.
  other.hears(link(), 10).hears(advertisement(HOME_ROUTER, BY_HOME_AGENT), 1);
  assertEquals(other.candidates, [HOME_ADDRESS]);
  assertEquals(other.ofKind("setHome").map(({ home }) => home?.routes), [[]]);
});

Deno.test("any story: the home address is on one link at a time, and its routes never before the home agent lets go", () => {
  const events = fc.array(
    fc.oneof(
      fc.constant(link()),
      fc.constant(link({ carrier: false })),
      fc.constant(advertisement(HOME_ROUTER, BY_HOME_AGENT)),
      fc.constant(advertisement(HOME_ROUTER, {})),
      fc.constant(advertisement(routerA)),
      fc.constant(defended()),
      fc.constant(hasAlready(HOME_ADDRESS)),
      fc.constant<EgressEvent>(CHOSEN),
      fc.constant<EgressEvent>(AWAY),
      fc.boolean().map((detectDuplicates): EgressEvent => ({ kind: "home", detectDuplicates })),
    ).chain((event) => fc.tuple(fc.constant(event), fc.constantFrom(0, 1, 500, 1500))),
    { maxLength: 40 },
  );
  fc.assert(fc.property(events, (story) => {
    const node = new Node({ home });
    let letGo = false;
    let isThere = false;
    for (const [event, afterMs] of story) {
      if (event.kind === "home") letGo = isThere;
      if (event.kind === "chosen" && event.address === undefined) letGo = false;
      node.waits(afterMs);
      for (const actions of [node.actions, node.hears(event).actions]) {
        for (const action of actions) {
          if (action.kind !== "setHome") continue;
          isThere = action.home !== undefined;
          if (!isThere) letGo = false;
          if (action.home !== undefined && action.home.routes.length > 0) assertEquals(letGo, true);
        }
      }
      const next = node.machine.nextDeadline();
      assertEquals(next === undefined || next > node.nowMs, true);
    }
  }));
});
