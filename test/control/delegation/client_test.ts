import { assertEquals } from "@std/assert";
import { Dhcpv6Status, findDhcpv6Option } from "../../../core/wire/dhcpv6_option.ts";
import { decodeDhcpv6 } from "../../../core/wire/dhcpv6.ts";
import { valueOf } from "../../wire/decoded.ts";
import { HOME_ADDRESS, HOME_AGENT } from "../script.ts";
import {
  advertise,
  answerTo,
  associationsIn,
  CLIENT_DUID,
  ClientPlayer,
  delegatedIn,
  iaPd,
  reasonsIn,
  rebind,
  release,
  renew,
  reply,
  request,
  sentIn,
  SERVER_DUID,
  solicit,
  typesIn,
} from "./script.ts";

const RAPID_COMMIT = { kind: "rapidCommit" } as const;
const PREFIX = "2001:db8:200::/64";
const OTHER = "2001:db8:201::/64";
const status = (code: number) => ({ kind: "statusCode", status: code, text: "" }) as const;

Deno.test("RFC 6276 3.1.2: a Solicit goes in a Relay-forward message from the home address", () => {
  const player = new ClientPlayer({ count: 2 });
  assertEquals(player.client.nextDeadline(), undefined);
  const [action] = player.go("tunnel");
  if (action.kind !== "send") throw new Error("Nothing sent");
  const { options: _, ...head } = valueOf(decodeDhcpv6(action.datagram));
  assertEquals(head, {
    kind: "relayForward",
    hopCount: 1,
    linkAddress: HOME_ADDRESS,
    peerAddress: HOME_ADDRESS,
  });
  const { message } = sentIn([action])[0];
  assertEquals(message.type, solicit);
  assertEquals(message.options, [
    { kind: "clientIdentifier", duid: CLIENT_DUID },
    { kind: "elapsedTime", centiseconds: 0 },
    RAPID_COMMIT,
    { kind: "optionRequest", codes: [82] },
    iaPd(1),
    iaPd(2),
  ]);
});

Deno.test("RFC 6276 3.2: at home there is no relay agent", () => {
  const player = new ClientPlayer();
  const [{ way, message }] = sentIn(player.go("homeLink"));
  assertEquals([way, message.type], ["homeLink", solicit]);
});

Deno.test("RFC 8415 18.2.1: a Reply with rapid commit gives the prefix at once, without it none", () => {
  const player = new ClientPlayer();
  const [{ message }] = sentIn(player.go("tunnel"));
  assertEquals(reasonsIn(player.answer(message, reply, iaPd(1, [PREFIX, 200, 400]))), ["no rapid commit"]);
  assertEquals(delegatedIn(player.answer(message, reply, RAPID_COMMIT, iaPd(1, [PREFIX, 200, 400]))), [
    PREFIX,
  ]);
});

Deno.test("RFC 8415 18.2.1: Advertise messages are collected until the first timeout, the best is taken", () => {
  const player = new ClientPlayer();
  const [{ message }] = sentIn(player.go("tunnel"));
  assertEquals(player.answer(message, advertise, iaPd(1, [OTHER, 200, 400])), []);
  const preference = { kind: "preference", preference: 7 } as const;
  assertEquals(player.answer(message, advertise, preference, iaPd(1, [PREFIX, 200, 400])), []);
  assertEquals(player.answer(message, advertise, iaPd(1, [OTHER, 200, 400])), []);
  const [{ message: asked }] = sentIn(player.wait());
  assertEquals([asked.type, associationsIn(asked)], [request, [`1: ${PREFIX} 0`]]);
  assertEquals(findDhcpv6Option(asked.options, "serverIdentifier")?.duid, SERVER_DUID);
  assertEquals(asked.transactionId === message.transactionId, true); // The script's randomness.
  assertEquals(delegatedIn(player.answer(asked, reply, iaPd(1, [PREFIX, 200, 400]))), [PREFIX]);
});

Deno.test("RFC 8415 18.2.1: an Advertise of preference 255, or after the first timeout, is taken at once", () => {
  const best = new ClientPlayer();
  const [first] = sentIn(best.go("tunnel"));
  const preference = { kind: "preference", preference: 255 } as const;
  assertEquals(
    typesIn(best.answer(first.message, advertise, preference, iaPd(1, [PREFIX, 200, 400]))),
    [request],
  );
  const late = new ClientPlayer();
  late.go("tunnel");
  const [again] = sentIn(late.wait());
  assertEquals(again.message.type, solicit);
  assertEquals(typesIn(late.answer(again.message, advertise, iaPd(1, [PREFIX, 200, 400]))), [request]);
});

Deno.test("RFC 8415 15: a Solicit is sent again after 1, 2, 4 s..., the first time no sooner than 1 s", () => {
  for (const share of [0, 0.5, 0.999]) {
    const player = new ClientPlayer({ random: () => share });
    const [{ message }] = sentIn(player.go("tunnel"));
    const sentAtMs = [player.nowMs];
    const elapsed: number[] = [];
    for (let i = 0; i < 5; i++) {
      const [again] = sentIn(player.wait());
      assertEquals(again.message.transactionId, message.transactionId);
      elapsed.push(findDhcpv6Option(again.message.options, "elapsedTime")!.centiseconds);
      sentAtMs.push(player.nowMs);
    }
    const waits = sentAtMs.slice(1).map((atMs, i) => (atMs - sentAtMs[i]) / 1000);
    waits.forEach((seconds, i) => {
      const before = i === 0 ? 1 : waits[i - 1];
      const expected = i === 0 ? 1 : 2 * before;
      assertEquals(Math.abs(seconds - expected) <= 0.1 * before + 1e-9, true, `${i}: ${seconds}`);
    });
    assertEquals(waits[0] > 1, true);
    assertEquals(elapsed, sentAtMs.slice(1).map((atMs) => Math.floor((atMs - sentAtMs[0]) / 10)));
  }
});

Deno.test("RFC 6276 3.3: after six Solicits without an answer, the home agent delegates nothing", () => {
  const player = new ClientPlayer();
  const sent = [...typesIn(player.go("tunnel"))];
  while (player.client.nextDeadline() !== undefined) {
    const actions = player.wait();
    sent.push(...typesIn(actions));
    if (typesIn(actions).length === 0) {
      assertEquals(reasonsIn(actions), ["the home agent does not delegate prefixes"]);
    }
  }
  assertEquals(sent, Array(6).fill(solicit));
  // The next registration is an external event: asked again (RFC 8415 18.2.1), but not while that is under way.
  assertEquals(typesIn(player.go("tunnel")), [solicit]);
  assertEquals(typesIn(player.go("tunnel")), []);
});

Deno.test("RFC 8415 18.2.9: a home agent without a free prefix is asked on, as rarely as it says", () => {
  const player = new ClientPlayer();
  let sent = sentIn(player.go("tunnel"));
  const none = { ...iaPd(1), options: [status(Dhcpv6Status.noPrefixAvail)] };
  const maximum = { kind: "solMaxRt", seconds: 60 } as const;
  const waits: number[] = [];
  for (let i = 0; i < 12; i++) {
    assertEquals(reasonsIn(player.answer(sent[0].message, advertise, maximum, none)), ["status 6"]);
    const beforeMs = player.nowMs;
    sent = sentIn(player.wait());
    assertEquals(sent.map(({ message }) => message.type), [solicit]);
    waits.push(Math.round((player.nowMs - beforeMs) / 1000));
  }
  assertEquals(waits.slice(-5), [60, 60, 60, 60, 60]);
});

Deno.test("RFC 8415 21.24: SOL_MAX_RT outside 60 to 86400 counts for nothing", () => {
  for (const seconds of [59, 86_401]) {
    const player = new ClientPlayer();
    let sent = sentIn(player.go("tunnel"));
    let longestMs = 0;
    for (let i = 0; i < 20; i++) {
      player.answer(sent[0].message, advertise, { kind: "solMaxRt", seconds }, iaPd(1));
      const beforeMs = player.nowMs;
      sent = sentIn(player.wait());
      longestMs = Math.max(longestMs, player.nowMs - beforeMs);
    }
    assertEquals(Math.round(longestMs / 1000), 3600);
  }
});

Deno.test("RFC 8415 18.2.2: a Request goes out ten times, then all begins again", () => {
  const player = new ClientPlayer();
  const [{ message }] = sentIn(player.go("tunnel"));
  player.answer(message, advertise, iaPd(1, [PREFIX, 200, 400]));
  const sent: number[] = [];
  for (let i = 0; i < 11; i++) sent.push(...typesIn(player.wait()));
  assertEquals(sent, [...Array(10).fill(request), solicit]);
});

Deno.test("RFC 8415 18.2.4, 18.2.5: Renew at T1, Rebind at T2, over at the end of the valid lifetime", () => {
  const player = new ClientPlayer();
  const startMs = player.nowMs;
  player.bind(PREFIX);
  const renewing = player.wait();
  assertEquals([(player.nowMs - startMs) / 1000, typesIn(renewing)], [100, [renew]]);
  const [{ message }] = sentIn(renewing);
  assertEquals(associationsIn(message), [`1: ${PREFIX} 0`]);
  assertEquals(findDhcpv6Option(message.options, "serverIdentifier")?.duid, SERVER_DUID);
  const sent: (readonly [number, number])[] = [];
  for (;;) {
    const actions = player.wait();
    sent.push(
      ...typesIn(actions).map((type) => [type, Math.round((player.nowMs - startMs) / 1000)] as const),
    );
    if (delegatedIn(actions).length > 0) {
      assertEquals(delegatedIn(actions), [""]);
      break;
    }
  }
  assertEquals(sent, [
    [renew, 110],
    [renew, 130],
    [rebind, 160],
    [rebind, 170],
    [rebind, 190],
    [rebind, 230],
    [rebind, 310],
    [solicit, 400],
  ]);
});

Deno.test("RFC 8415 18.2.10.1: a Reply to a Renew extends the lease, and nobody hears of it", () => {
  const player = new ClientPlayer();
  player.bind(PREFIX);
  const [{ message }] = sentIn(player.wait());
  const extension = { ...iaPd(1, [PREFIX, 200, 400]), renewSeconds: 100, rebindSeconds: 160 };
  assertEquals(delegatedIn(player.answer(message, reply, extension)), []);
  assertEquals(player.client.nextDeadline(), player.nowMs + 100_000);
});

Deno.test("RFC 8415 18.2.10.1: NoBinding makes a Request, the prefix stays in use", () => {
  const player = new ClientPlayer();
  player.bind(PREFIX);
  const [{ message }] = sentIn(player.wait());
  const unknown = { ...iaPd(1), options: [status(Dhcpv6Status.noBinding)] };
  const actions = player.answer(message, reply, unknown);
  assertEquals([typesIn(actions), delegatedIn(actions)], [[request], []]);
  assertEquals(associationsIn(sentIn(actions)[0].message), [`1: ${PREFIX} 0`]);
});

Deno.test("RFC 8415 18.2.10.1: a prefix with lifetime 0 is gone, the one beside it is new", () => {
  const player = new ClientPlayer();
  player.bind(PREFIX);
  const [{ message }] = sentIn(player.wait());
  const renumbered = iaPd(1, [PREFIX, 0, 0], [OTHER, 200, 400]);
  assertEquals(delegatedIn(player.answer(message, reply, renumbered)), [OTHER]);
  const [second] = sentIn(player.wait());
  assertEquals(associationsIn(second.message), [`1: ${OTHER} 0`]);
  const actions = player.answer(second.message, reply, iaPd(1, [OTHER, 0, 0]));
  assertEquals([delegatedIn(actions), typesIn(actions)], [[""], [solicit]]);
});

Deno.test("Of several prefixes in one association, the one that is preferred longest is taken", () => {
  const player = new ClientPlayer();
  player.bind(PREFIX);
  const [{ message }] = sentIn(player.wait());
  const replacing = iaPd(1, [PREFIX, 50, 300], [OTHER, 200, 300], ["2001:db8:202::/64", 100, 300]);
  assertEquals(delegatedIn(player.answer(message, reply, replacing)), [OTHER]);
  assertEquals(player.client.nextDeadline(), player.nowMs + 100_000);
});

Deno.test("RFC 8415 21.21, 21.22: times and lifetimes that make no sense count for nothing", () => {
  const player = new ClientPlayer();
  const [{ message }] = sentIn(player.go("tunnel"));
  const late = { ...iaPd(1, [PREFIX, 200, 400]), renewSeconds: 300, rebindSeconds: 200 };
  for (
    const association of [
      late,
      iaPd(1, [PREFIX, 401, 400]),
      iaPd(1, ["::/0", 200, 400]),
      iaPd(1, ["ff02::/64", 200, 400]),
      iaPd(9, [PREFIX, 200, 400]),
    ]
  ) {
    const actions = player.answer(message, reply, RAPID_COMMIT, association);
    assertEquals(reasonsIn(actions), ["no prefix in its answer"]);
  }
});

Deno.test("RFC 8415 14.2: where T1 and T2 are 0 the client takes shares of the preferred lifetime", () => {
  const player = new ClientPlayer();
  const [{ message }] = sentIn(player.go("tunnel"));
  player.answer(message, reply, RAPID_COMMIT, iaPd(1, [PREFIX, 1000, 4000]));
  assertEquals(player.client.nextDeadline(), player.nowMs + 500_000);
  const short = new ClientPlayer();
  const [sent] = sentIn(short.go("tunnel"));
  short.answer(sent.message, reply, RAPID_COMMIT, iaPd(1, [PREFIX, 0, 4000]));
  assertEquals(short.client.nextDeadline(), short.nowMs + 10_000);
});

Deno.test("RFC 8415 16: answers that are not for us are refused", () => {
  const player = new ClientPlayer();
  const [{ message }] = sentIn(player.go("tunnel"));
  const good = answerTo(message, reply, RAPID_COMMIT, iaPd(1, [PREFIX, 200, 400]));
  const without = (kind: string) => ({
    ...good,
    options: good.options.filter((option) => option.kind !== kind),
  });
  assertEquals(reasonsIn(player.hear(good, "2001:db8::bad")), ["not from the home agent"]);
  assertEquals(reasonsIn(player.hear({ ...good, transactionId: 1 })), [
    "nothing with its transaction ID is on its way",
  ]);
  assertEquals(reasonsIn(player.hear(without("clientIdentifier"))), ["it is for another client"]);
  assertEquals(reasonsIn(player.hear(without("serverIdentifier"))), ["it has no server identifier"]);
  assertEquals(reasonsIn(player.hear({ ...good, type: solicit })), ["it is no answer to a client"]);
  const datagram = new Uint8Array([13, 0]);
  assertEquals(
    reasonsIn(player.handle({ kind: "received", way: "tunnel", source: HOME_AGENT, datagram })),
    ["DHCPv6 message at offset 2: is cut off"],
  );
  assertEquals(delegatedIn(player.hear(good)), [PREFIX]);
});

Deno.test("RFC 8415 14.1: no more than 20 messages at once, however often the way changes", () => {
  const player = new ClientPlayer();
  let sent = 0;
  for (let i = 0; i < 100; i++) {
    sent += typesIn(player.go(undefined)).length + typesIn(player.go("tunnel")).length;
  }
  assertEquals(sent, 20);
  // And it goes on.
  player.nowMs += 5000;
  assertEquals(typesIn(player.wait()), [solicit]);
});

Deno.test("A handover changes nothing; what waits is sent as soon as there is a way again", () => {
  const player = new ClientPlayer();
  player.bind(PREFIX);
  assertEquals([player.go("tunnel"), player.go(undefined), player.go("tunnel")], [[], [], []]);
  player.go(undefined);
  player.nowMs += 120_000;
  assertEquals(player.handle({ kind: "deadline" }), []);
  assertEquals(typesIn(player.go("tunnel")), [renew]);
  // At home it goes on, in another form.
  const [{ way, message }] = sentIn(player.go("homeLink"));
  assertEquals([way, message.type], ["homeLink", renew]);
});

Deno.test("Without a way a lease ends all the same, and with one it is asked for again", () => {
  const player = new ClientPlayer();
  player.bind(PREFIX);
  player.go(undefined);
  assertEquals(delegatedIn(player.wait()), [""]);
  assertEquals(player.client.nextDeadline(), undefined);
  assertEquals(typesIn(player.go("tunnel")), [solicit]);
});

Deno.test("RFC 6276 3.1: a home agent that has forgotten us is asked with a Rebind, and the prefixes are announced again; not at once again", () => {
  const player = new ClientPlayer();
  player.bind(PREFIX);
  assertEquals(player.handle({ kind: "homeAgentForgot" }), []);
  // When there is a binding again: without one the home agent does not hear us (RFC 6276 section 3.1).
  const [{ message }] = sentIn(player.go("tunnel"));
  assertEquals([message.type, associationsIn(message)], [rebind, [`1: ${PREFIX} 0`]]);
  assertEquals(findDhcpv6Option(message.options, "serverIdentifier"), undefined);
  assertEquals(delegatedIn(player.answer(message, reply, iaPd(1, [PREFIX, 200, 400]))), [PREFIX]);
  assertEquals(player.handle({ kind: "homeAgentForgot" }), []);
  assertEquals(player.go("tunnel"), []);
  const startMs = player.nowMs;
  assertEquals([typesIn(player.wait()), player.nowMs - startMs], [[rebind], 60_000]);
});

Deno.test("RFC 8415 18.2.7: at the end the prefixes are put down first, then released, for two seconds", () => {
  const player = new ClientPlayer();
  player.bind(PREFIX);
  const actions = player.handle({ kind: "stop" });
  assertEquals(actions.map(({ kind }) => kind), ["delegatedPrefixes", "report", "send"]);
  assertEquals(delegatedIn(actions), [""]);
  const [{ message }] = sentIn(actions);
  assertEquals([message.type, associationsIn(message)], [release, [`1: ${PREFIX} 0`]]);
  assertEquals(typesIn(player.wait()), [release]);
  const startMs = player.nowMs;
  assertEquals(player.wait(), [{ kind: "finished" }]);
  assertEquals(player.nowMs - startMs, 1000);
  assertEquals(player.client.nextDeadline(), undefined);
});

Deno.test("RFC 8415 18.2.10.2: whatever the Reply to a Release says, it is the end", () => {
  const player = new ClientPlayer();
  player.bind(PREFIX);
  const [{ message }] = sentIn(player.handle({ kind: "stop" }));
  assertEquals(player.answer(message, reply, status(Dhcpv6Status.unspecFail)), [{ kind: "finished" }]);
  assertEquals(player.go("homeLink"), []);
});

Deno.test("Without a prefix there is nothing to give back, and who wants none asks for none", () => {
  const player = new ClientPlayer();
  player.go("tunnel");
  assertEquals(player.handle({ kind: "stop" }), [{ kind: "finished" }]);
  const content = new ClientPlayer({ count: 0 });
  assertEquals([content.go("tunnel"), content.handle({ kind: "stop" })], [[], [{ kind: "finished" }]]);
});
