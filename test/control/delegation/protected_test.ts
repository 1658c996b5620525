import { assertEquals } from "@std/assert";
import { encodeDhcpv6 } from "../../../core/wire/dhcpv6.ts";
import { HOME_ADDRESS, HOME_AGENT } from "../script.ts";
import {
  answerTo,
  ClientPlayer,
  delegatedIn,
  entry,
  fromClient,
  iaPd,
  OTHER_HOME_ADDRESS,
  pool,
  reasonsIn,
  relayed,
  reply,
  sentIn,
  ServerPlayer,
  solicit,
} from "./script.ts";

const RAPID_COMMIT = { kind: "rapidCommit" } as const;
const POOL = pool("2001:db8:200::/56", 64);
const TEXT = "2001:db8:200::/64";

function askedBy(homeAddress: string, way: "tunnel" | "protectedTunnel") {
  const datagram = encodeDhcpv6(relayed(fromClient(solicit, RAPID_COMMIT, iaPd(1)), homeAddress));
  return { kind: "received", way, source: homeAddress, datagram } as const;
}

/** The first home address is under ESP, the other is not. */
function newServer(): ServerPlayer {
  const mobileNodes = [{ ...entry(HOME_ADDRESS), requiresEsp: true }, entry(OTHER_HOME_ADDRESS)];
  return new ServerPlayer(POOL, { mobileNodes });
}

Deno.test("RFC 6276 4: a home agent answers who has ESP under ESP alone, and by it; who has none as before", () => {
  const player = newServer();
  const refused = player.handle(askedBy(HOME_ADDRESS, "tunnel"));
  assertEquals([refused.map(({ kind }) => kind), reasonsIn(refused)], [["report"], ["not protected by ESP"]]);
  const answered = player.handle(askedBy(HOME_ADDRESS, "protectedTunnel"));
  assertEquals(sentIn(answered).map(({ way, message }) => [way, message.type]), [["protectedTunnel", reply]]);
  assertEquals(delegatedIn(answered).length, 1);
  const other = player.handle(askedBy(OTHER_HOME_ADDRESS, "tunnel"));
  assertEquals(sentIn(other).map(({ way }) => way), ["tunnel"]);
});

Deno.test("RFC 6276 4: under ESP, too, nobody is answered who is not bound", () => {
  const player = newServer();
  player.away.delete(HOME_ADDRESS);
  const refused = player.handle(askedBy(HOME_ADDRESS, "protectedTunnel"));
  assertEquals([refused.map(({ kind }) => kind), reasonsIn(refused)], [["report"], ["no binding"]]);
});

Deno.test("RFC 6276 4: a reload brings ESP, and takes it away", () => {
  const player = newServer();
  player.handle({ kind: "mobileNodesChanged", mobileNodes: [entry(HOME_ADDRESS)] });
  assertEquals(sentIn(player.handle(askedBy(HOME_ADDRESS, "tunnel"))).length, 1);
  player.nowMs += 60_000;
  const underEsp = { ...entry(HOME_ADDRESS), requiresEsp: true };
  player.handle({ kind: "mobileNodesChanged", mobileNodes: [underEsp] });
  assertEquals(reasonsIn(player.handle(askedBy(HOME_ADDRESS, "tunnel"))), ["not protected by ESP"]);
});

Deno.test("RFC 6276 4: what is unprotected uses up nothing of what is answered under ESP", () => {
  const player = newServer();
  for (let i = 0; i < 100; i++) player.handle(askedBy(HOME_ADDRESS, "tunnel"));
  assertEquals(sentIn(player.handle(askedBy(HOME_ADDRESS, "protectedTunnel"))).length, 1);
});

Deno.test("RFC 6276 4: a mobile router under ESP asks as the relay agent that it is, and takes no unprotected answer", () => {
  const player = new ClientPlayer({ requiresEsp: true });
  const [{ way, message }] = sentIn(player.go("protectedTunnel"));
  assertEquals([way, message.type], ["protectedTunnel", solicit]);
  const answer = answerTo(message, reply, RAPID_COMMIT, iaPd(1, [TEXT, 200, 400]));
  const datagram = encodeDhcpv6(relayed(answer, HOME_ADDRESS, "relayReply"));
  const received = { kind: "received", source: HOME_AGENT, datagram } as const;
  const refused = player.handle({ ...received, way: "tunnel" });
  assertEquals(reasonsIn(refused), ["it is not protected by ESP"]);
  assertEquals(delegatedIn(player.handle({ ...received, way: "protectedTunnel" })), [TEXT]);
});
