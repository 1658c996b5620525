import { assertEquals } from "@std/assert";
import { encodeDhcpv6 } from "../../../core/wire/dhcpv6.ts";
import { findDhcpv6Option } from "../../../core/wire/dhcpv6_option.ts";
import { HOME_ADDRESS } from "../script.ts";
import {
  advertise,
  associationsIn,
  CLIENT_DUID,
  delegatedIn,
  entry,
  fromClient,
  iaPd,
  OTHER_HOME_ADDRESS,
  pool,
  prefix,
  reasonsIn,
  rebind,
  relayed,
  release,
  renew,
  reply,
  request,
  sentIn,
  SERVER_DUID,
  ServerPlayer,
  solicit,
  typesIn,
} from "./script.ts";

const RAPID_COMMIT = { kind: "rapidCommit" } as const;
const VALID = 86_400;
const ONE = pool("2001:db8:200::/64", 64);
const TWO = pool("2001:db8:200::/63", 64);
const [FIRST, SECOND] = ["2001:db8:200::/64", "2001:db8:200:1::/64"];

Deno.test("RFC 8415 18.3.1: rapid commit gives a prefix at once, and the home agent hears of it first", () => {
  const player = new ServerPlayer();
  const actions = player.hear(fromClient(solicit, RAPID_COMMIT, iaPd(1)));
  assertEquals(actions.map(({ kind }) => kind), ["delegatedPrefixes", "report", "send"]);
  const [{ message }] = sentIn(actions);
  assertEquals([message.type, message.transactionId], [reply, 7]);
  const [text] = delegatedIn(actions);
  assertEquals(associationsIn(message), [`1: ${text} ${VALID}`]);
  assertEquals(message.options.slice(0, 3), [
    { kind: "clientIdentifier", duid: CLIENT_DUID },
    { kind: "serverIdentifier", duid: SERVER_DUID },
    RAPID_COMMIT,
  ]);
  const association = findDhcpv6Option(message.options, "iaPd")!;
  assertEquals([association.renewSeconds, association.rebindSeconds], [600, 34_560]);
});

Deno.test("RFC 8415 19.3: the answer goes back through the relay agent, to port 547", () => {
  const player = new ServerPlayer();
  const interfaceId = { kind: "interfaceId", interfaceId: new Uint8Array([1, 2]) } as const;
  const forward = relayed(fromClient(solicit, iaPd(1)));
  const datagram = encodeDhcpv6({ ...forward, hopCount: 3, options: [...forward.options, interfaceId] });
  const [sent] = player.handle({ kind: "received", way: "tunnel", source: HOME_ADDRESS, datagram });
  if (sent.kind !== "send") throw new Error("Nothing sent");
  const { datagram: answer, ...to } = sent;
  assertEquals(to, { kind: "send", way: "tunnel", destination: HOME_ADDRESS, port: 547 });
  // Relay-reply, hop count, link and peer address as they came; the Interface-Id as it was.
  assertEquals(answer.subarray(0, 34), Uint8Array.from([13, ...datagram.subarray(1, 34)]));
  assertEquals(answer.subarray(34, 40), Uint8Array.of(0, 18, 0, 2, 1, 2));
});

Deno.test("RFC 8415 18.3.9: without rapid commit an Advertise promises nothing, the Request gets it", () => {
  const player = new ServerPlayer();
  const actions = player.hear(fromClient(solicit, iaPd(1), iaPd(2)));
  assertEquals([typesIn(actions), delegatedIn(actions)], [[advertise], []]);
  const offered = sentIn(actions).flatMap(({ message }) => associationsIn(message));
  assertEquals(new Set(offered.map((text) => text.slice(3))).size, 2);
  const granted = player.hear(fromClient(request, iaPd(1), iaPd(2)));
  assertEquals(sentIn(granted).flatMap(({ message }) => associationsIn(message)), offered);
  assertEquals(delegatedIn(granted)[0].split(" ").length, 2);
});

Deno.test("RFC 6276 4: only a bound home address is answered, and only for itself", () => {
  const player = new ServerPlayer();
  player.away.delete(OTHER_HOME_ADDRESS);
  const message = fromClient(solicit, RAPID_COMMIT, iaPd(1));
  assertEquals(reasonsIn(player.hear(message, OTHER_HOME_ADDRESS)), ["no binding"]);
  const foreign = encodeDhcpv6(relayed(message, OTHER_HOME_ADDRESS));
  const received = { kind: "received", way: "tunnel", source: HOME_ADDRESS } as const;
  assertEquals(reasonsIn(player.handle({ ...received, datagram: foreign })), ["relayed for another node"]);
  assertEquals(reasonsIn(player.handle({ ...received, datagram: encodeDhcpv6(message) })), [
    "not from a relay agent",
  ]);
});

Deno.test("RFC 8415 16: what is no request to this server is dropped", () => {
  const player = new ServerPlayer();
  const drop = (message: ReturnType<typeof fromClient>) => {
    const actions = player.hear(message);
    assertEquals(typesIn(actions), []);
    return reasonsIn(actions)[0];
  };
  const named = { kind: "serverIdentifier", duid: SERVER_DUID } as const;
  const other = { kind: "serverIdentifier", duid: CLIENT_DUID } as const;
  const client = { kind: "clientIdentifier", duid: CLIENT_DUID } as const;
  assertEquals(drop({ ...fromClient(solicit), options: [iaPd(1)] }), "no client identifier");
  assertEquals(drop(fromClient(solicit, named, iaPd(1))), "it names a server");
  assertEquals(drop(fromClient(rebind, named, iaPd(1))), "it names a server");
  for (const type of [request, renew, release]) {
    assertEquals(drop({ ...fromClient(type), options: [client, other, iaPd(1)] }), "not for this server");
    assertEquals(drop({ ...fromClient(type), options: [client, iaPd(1)] }), "not for this server");
  }
  assertEquals(drop(fromClient(solicit)), "no IA_PD in it");
  assertEquals(drop(fromClient(advertise, iaPd(1))), `message type ${advertise} is not served`);
  assertEquals(drop(fromClient(solicit, iaPd(1), iaPd(1))), "an IAID twice in it");
  const many = Array.from({ length: 17 }, (_, i) => iaPd(i));
  assertEquals(drop(fromClient(solicit, ...many)), "too many IA_PDs in it");
  assertEquals(
    player.handle({ kind: "received", way: "tunnel", source: HOME_ADDRESS, datagram: new Uint8Array() })
      .map(({ kind }) => kind),
    ["report"],
  );
});

Deno.test("RFC 8415 18.3.4: Renew gives new lifetimes to the same prefix", () => {
  const player = new ServerPlayer();
  const text = player.give(HOME_ADDRESS);
  player.nowMs += 1000 * VALID / 2;
  const message = fromClient(renew, iaPd(1, [text, 0, 0]));
  assertEquals(player.ask(message), [`1: ${text} ${VALID}`]);
  assertEquals(player.server.nextDeadline(), player.nowMs + 1000 * VALID);
});

Deno.test("RFC 8415 18.3.4, 18.3.5: a home agent that was restarted gives the prefix again that it does not know", () => {
  for (const type of [renew, rebind]) {
    const player = new ServerPlayer();
    const wanted = "2001:db8:200:99::/64";
    const actions = player.hear(fromClient(type, iaPd(1, [wanted, 0, 0])));
    assertEquals(delegatedIn(actions), [wanted]);
    assertEquals(sentIn(actions).flatMap(({ message }) => associationsIn(message)), [
      `1: ${wanted} ${VALID}`,
    ]);
  }
});

Deno.test("RFC 8415 18.3.5: a prefix that is another's or of no pool has lifetime 0, beside a new one", () => {
  const player = new ServerPlayer();
  const text = player.give(OTHER_HOME_ADDRESS);
  for (const wanted of [text, "2001:db8:777::/64", "2001:db8:200::/60"]) {
    const [said] = player.ask(fromClient(rebind, iaPd(1, [wanted, 0, 0])));
    const [granted, withdrawn] = said.slice(3).split(", ");
    assertEquals([granted.endsWith(` ${VALID}`), withdrawn], [true, `${wanted} 0`]);
    assertEquals(granted.startsWith(`${wanted} `), false);
  }
});

Deno.test("RFC 8415 18.3.2: NoPrefixAvail when the pool is dry; withdrawn, where the client had one", () => {
  const player = new ServerPlayer(ONE);
  assertEquals(player.give(OTHER_HOME_ADDRESS), FIRST);
  const actions = player.hear(fromClient(solicit, RAPID_COMMIT, iaPd(1)));
  assertEquals([typesIn(actions), delegatedIn(actions)], [[advertise], []]);
  assertEquals(sentIn(actions).flatMap(({ message }) => associationsIn(message)), ["1: status 6"]);
  assertEquals(player.ask(fromClient(request, iaPd(1))), ["1: status 6"]);
  assertEquals(player.ask(fromClient(rebind, iaPd(1, [FIRST, 0, 0]))), [`1: ${FIRST} 0, status 6`]);
});

Deno.test("RFC 8415 18.3.7: Release frees the prefix; NoBinding where there is no lease", () => {
  const player = new ServerPlayer(ONE);
  player.give(OTHER_HOME_ADDRESS);
  assertEquals(player.ask(fromClient(release, iaPd(1, [FIRST, 0, 0]))), ["1: status 3"]);
  // Not one that is not in the lease.
  assertEquals(
    delegatedIn(player.hear(fromClient(release, iaPd(1, [SECOND, 0, 0])), OTHER_HOME_ADDRESS)),
    [],
  );
  const actions = player.hear(fromClient(release, iaPd(1, [FIRST, 0, 0])), OTHER_HOME_ADDRESS);
  assertEquals(delegatedIn(actions), [""]);
  const [{ message }] = sentIn(actions);
  assertEquals([message.type, findDhcpv6Option(message.options, "statusCode")?.status], [reply, 0]);
  assertEquals(player.server.nextDeadline(), undefined);
  assertEquals(player.give(HOME_ADDRESS), FIRST);
});

Deno.test("A lease ends with its lifetime, and its home address finds the prefix again while the pool lasts", () => {
  const player = new ServerPlayer(TWO);
  const mine = player.give(HOME_ADDRESS);
  assertEquals(delegatedIn(player.wait()), [""]);
  const theirs = player.give(OTHER_HOME_ADDRESS);
  assertEquals(new Set([mine, theirs]), new Set([FIRST, SECOND]));
  assertEquals(player.give(HOME_ADDRESS), mine);
  // When nothing else is left, what was given back longest ago is another's.
  player.hear(fromClient(release, iaPd(1, [mine, 0, 0])));
  assertEquals(player.give(OTHER_HOME_ADDRESS, 2), mine);
  assertEquals(player.ask(fromClient(request, iaPd(1))), ["1: status 6"]);
});

Deno.test("With all forgotten, the same home addresses get the same prefixes in whatever order they come", () => {
  const homeAddresses = Array.from({ length: 12 }, (_, i) => `2001:db8:100::${(i + 1).toString(16)}00`);
  const start = () => {
    const player = new ServerPlayer(pool("2001:db8:200::/40", 64));
    homeAddresses.forEach((homeAddress) => player.away.add(homeAddress));
    return player;
  };
  const [one, other] = [start(), start()];
  const given = new Map(homeAddresses.map((homeAddress) => [homeAddress, one.give(homeAddress)]));
  assertEquals(new Set(given.values()).size, homeAddresses.length);
  for (const homeAddress of homeAddresses.toReversed()) {
    assertEquals(other.give(homeAddress), given.get(homeAddress));
  }
});

Deno.test("Prefixes of the configuration and the home network are nobody's", () => {
  const player = new ServerPlayer(pool("2001:db8:100::/62", 64), {
    mobileNodes: [entry(HOME_ADDRESS), entry(OTHER_HOME_ADDRESS, "2001:db8:100:2::/63")],
    homePrefix: prefix("2001:db8:100::/64"),
  });
  assertEquals(player.give(HOME_ADDRESS), "2001:db8:100:1::/64");
  assertEquals(player.ask(fromClient(request, iaPd(2, ["2001:db8:100:2::/64", 0, 0]))), ["2: status 6"]);
});

Deno.test("One home address has at most four prefixes", () => {
  const player = new ServerPlayer();
  const actions = player.hear(
    fromClient(solicit, RAPID_COMMIT, ...[1, 2, 3, 4, 5].map((iaid) => iaPd(iaid))),
  );
  assertEquals(delegatedIn(actions)[0].split(" ").length, 4);
  const [{ message }] = sentIn(actions);
  assertEquals(associationsIn(message).at(-1), "5: status 6");
  assertEquals(player.ask(fromClient(request, iaPd(6))), ["6: status 6"]);
});

Deno.test("A mobile router that changes its IAIDs gets the same prefixes, and fills no memory", () => {
  const player = new ServerPlayer();
  const given = new Set<string>();
  for (let iaid = 1; iaid < 50; iaid++) {
    const text = player.give(HOME_ADDRESS, iaid);
    given.add(text);
    player.hear(fromClient(release, iaPd(iaid, [text, 0, 0])));
  }
  assertEquals(given.size, 1);
});

Deno.test("Of what a home address had once, no more is kept for it than it could have", () => {
  const player = new ServerPlayer(pool("2001:db8:200::/61", 64));
  const all = Array.from({ length: 8 }, (_, i) => i === 0 ? FIRST : `2001:db8:200:${i}::/64`);
  for (const text of all) {
    assertEquals(player.ask(fromClient(request, iaPd(1, [text, 0, 0]))), [`1: ${text} ${VALID}`]);
    player.hear(fromClient(release, iaPd(1, [text, 0, 0])));
  }
  const granted = all.filter((text) =>
    player.ask(fromClient(renew, iaPd(1, [text, 0, 0])), OTHER_HOME_ADDRESS)[0] === `1: ${text} ${VALID}`
  );
  assertEquals(granted, [FIRST]);
  player.hear(fromClient(release, iaPd(1, [FIRST, 0, 0])), OTHER_HOME_ADDRESS);
  assertEquals(player.ask(fromClient(renew, iaPd(1, [SECOND, 0, 0])), OTHER_HOME_ADDRESS), [
    `1: ${SECOND} ${VALID}`,
  ]);
});

Deno.test("A flood of one home address is not answered, another's messages are", () => {
  const player = new ServerPlayer();
  const datagram = encodeDhcpv6(relayed(fromClient(solicit, iaPd(1))));
  const flood = { kind: "received", way: "tunnel", source: HOME_ADDRESS, datagram } as const;
  const answered = Array.from({ length: 100 }, () => typesIn(player.handle(flood)).length);
  assertEquals(answered.filter((count) => count > 0).length, 10);
  const other = encodeDhcpv6(relayed(fromClient(solicit, iaPd(1)), OTHER_HOME_ADDRESS));
  assertEquals(
    typesIn(player.handle({ ...flood, source: OTHER_HOME_ADDRESS, datagram: other })),
    [advertise],
  );
});

Deno.test("RFC 6276 3.2: on the home link a mobile router is answered as a client, when it is at home", () => {
  const player = new ServerPlayer();
  player.away.clear();
  const message = fromClient(solicit, RAPID_COMMIT, iaPd(1));
  const actions = player.hearAtHome(message);
  const sent = actions.find((action) => action.kind === "send");
  assertEquals([sent?.way, sent?.destination, sent?.port], ["homeLink", HOME_ADDRESS, 546]);
  const [text] = delegatedIn(actions);
  assertEquals(associationsIn(sentIn(actions)[0].message), [`1: ${text} ${VALID}`]);
  // Away it has it still.
  player.away.add(HOME_ADDRESS);
  assertEquals(player.ask(fromClient(renew, iaPd(1, [text, 0, 0]))), [`1: ${text} ${VALID}`]);
});

Deno.test("On the home link nobody speaks for who is away, has another identifier, or is no mobile node", () => {
  const player = new ServerPlayer();
  const message = fromClient(solicit, RAPID_COMMIT, iaPd(1));
  assertEquals(reasonsIn(player.hearAtHome(message)), ["away from home"]);
  player.give(HOME_ADDRESS);
  player.away.delete(HOME_ADDRESS);
  const stranger = { kind: "clientIdentifier", duid: new Uint8Array(8) } as const;
  const taking = { ...fromClient(solicit), options: [stranger, RAPID_COMMIT, iaPd(1)] };
  assertEquals(reasonsIn(player.hearAtHome(taking)), ["another client has its prefixes"]);
  assertEquals(reasonsIn(player.hearAtHome(message, "2001:db8:100::bad")), ["no home address"]);
  const open = new ServerPlayer(undefined, { requireAuthentication: false });
  assertEquals(typesIn(open.hearAtHome(message, "2001:db8:100::bad")), [reply]);
});

Deno.test("a flood from made-up sources on the home link silences no mobile router in a tunnel", () => {
  const others = Array.from({ length: 20 }, (_, i) => `2001:db8:100::2${i.toString(16).padStart(2, "0")}`);
  const player = new ServerPlayer(undefined, {
    mobileNodes: [HOME_ADDRESS, ...others].map((one) => entry(one)),
  });
  const flood = { kind: "received", way: "homeLink", datagram: new Uint8Array([1]) } as const;
  for (let i = 0; i < 200; i++) player.handle({ ...flood, source: others[i % others.length] });
  const datagram = encodeDhcpv6(relayed(fromClient(solicit, iaPd(1))));
  const answer = player.handle({ kind: "received", way: "tunnel", source: HOME_ADDRESS, datagram });
  assertEquals(typesIn(answer), [advertise]);
});

Deno.test("reconfigured: leases end with their mobile node, and where the prefix is somebody's own now", () => {
  const player = new ServerPlayer(TWO);
  const [mine, other] = [player.give(HOME_ADDRESS), player.give(OTHER_HOME_ADDRESS)];
  const nodes = [entry(HOME_ADDRESS), entry(OTHER_HOME_ADDRESS)];
  assertEquals(player.handle({ kind: "mobileNodesChanged", mobileNodes: nodes }), []);
  const without = player.handle({ kind: "mobileNodesChanged", mobileNodes: nodes.slice(1) });
  assertEquals(without, [{ kind: "delegatedPrefixes", homeAddress: HOME_ADDRESS, prefixes: [] }]);
  const owner = entry("2001:db8:100::300", other);
  const taken = player.handle({ kind: "mobileNodesChanged", mobileNodes: [nodes[1], owner] });
  assertEquals(taken, [{ kind: "delegatedPrefixes", homeAddress: OTHER_HOME_ADDRESS, prefixes: [] }]);
  assertEquals(player.give(OTHER_HOME_ADDRESS), mine);
});

Deno.test("reconfigured: of a mobile node that is gone and has given its prefix back before, nothing is told", () => {
  const player = new ServerPlayer(TWO);
  const mine = player.give(HOME_ADDRESS);
  player.handle({ kind: "mobileNodesChanged", mobileNodes: [entry(HOME_ADDRESS)] });
  assertEquals(delegatedIn(player.hear(fromClient(release, iaPd(1, [mine, 0, 0])))), [""]);
  assertEquals(player.handle({ kind: "mobileNodesChanged", mobileNodes: [] }), []);
});
