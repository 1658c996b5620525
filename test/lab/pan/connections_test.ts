import { assert, assertEquals } from "@std/assert";
import { clockMs } from "../../../cli/lab/clock.ts";
import { runDownload, serveDownloads } from "../../../cli/lab/pan/download.ts";
import { DOWNLOAD_WORD, SESSION_WORD } from "../../../cli/lab/pan/programs.ts";
import { readDownload, readPings, readSession } from "../../../cli/lab/pan/record.ts";
import { runSession, serveEcho } from "../../../cli/lab/pan/session.ts";

/** Runs a session with a far end, until it has said `lines` lines or the connection is gone. */
async function session(farEnd: (connection: Deno.TcpConn) => Promise<void>, lines: number) {
  using listener = Deno.listen({ hostname: "::1", port: 0 });
  const accepted = listener.accept().then(farEnd);
  const ended = new AbortController();
  let text = "";
  let count = 0;
  const address = { address: "::1", port: listener.addr.port, ended: ended.signal };
  await runSession(address, (line) => {
    text += SESSION_WORD + line;
    if (++count === lines) ended.abort();
  });
  await accepted;
  return readSession(text);
}

/** Reads a line at a time and answers with what `answer` makes of it; undefined closes. */
function answering(answer: (line: string, count: number) => string | undefined) {
  return async (connection: Deno.TcpConn) => {
    using _ = connection;
    const buffer = new Uint8Array(1024);
    for (let count = 0;; count++) {
      const octets = await connection.read(buffer);
      if (octets === null) return;
      const text = answer(new TextDecoder().decode(buffer.subarray(0, octets)), count);
      if (text === undefined) return;
      await connection.write(new TextEncoder().encode(text));
    }
  };
}

Deno.test("a session types lines and finds every echo right", async () => {
  const listener = Deno.listen({ hostname: "::1", port: 0 });
  const serving = serveEcho(listener);
  const ended = new AbortController();
  let text = "";
  const { port } = listener.addr;
  await runSession({ address: "::1", port, ended: ended.signal }, (line) => {
    text += SESSION_WORD + line;
    if (line.startsWith("2 ")) ended.abort();
  });
  listener.close();
  await serving;
  const { echoes, wrong, typed, lost } = readSession(text);
  assertEquals({ wrong, lost, typed, echoed: echoes.length }, {
    wrong: 0,
    lost: undefined,
    typed: echoes.length,
    echoed: echoes.length,
  });
  assert(echoes[2].sentMs - echoes[0].sentMs >= 390, "lines come faster than every 200 ms");
  assert(echoes.every(({ sentMs, arrivedMs }) => arrivedMs >= sentMs && arrivedMs - sentMs < 1000));
});

Deno.test("a session tells a changed line, a missing one and a lost connection", async () => {
  const changed = await session(
    answering((line, count) => count === 1 ? line.replace(/.\n/, "!\n") : line),
    3,
  );
  assertEquals([changed.wrong, changed.lost], [1, undefined]);
  const missing = await session(answering((line, count) => count === 1 ? "" : line), 2);
  assert(missing.wrong > 0 || missing.lost !== undefined, "nobody has missed the line");
  assert(missing.lost?.includes("lines were echoed"), missing.lost);
  const closed = await session(answering((line, count) => count === 2 ? undefined : line), 100);
  assertEquals(closed.lost, "the connection was closed after 2 lines");
  assertEquals([closed.echoes.length, closed.typed], [2, undefined]);
});

Deno.test("a session and a download that nobody answers are lost", async () => {
  const listener = Deno.listen({ hostname: "::1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  let text = "";
  const never = new AbortController().signal;
  await runSession({ address: "::1", port, ended: never }, (line) => text += SESSION_WORD + line);
  assert(readSession(text).lost?.includes("refused"), text);
  assertEquals((await download(`http://[::1]:${port}/`)).outcome, "lost");
});

/** What becomes of a download; its lines go into `lines`, too. */
async function download(url: string, lines: string[] = []) {
  await runDownload(url, (line) => lines.push(line));
  return readDownload(lines.map((line) => DOWNLOAD_WORD + line).join(""));
}

Deno.test("a download takes its time, and its SHA-256 is that of the server", async () => {
  const server = serveDownloads(0);
  try {
    const start = clockMs();
    const url = `http://127.0.0.1:${server.addr.port}/`;
    const lines: string[] = [];
    const { octets, outcome, lost } = await download(`${url}?octets=100001&rate=100000`, lines);
    assertEquals([octets, outcome, lost], [100_001, "same", undefined]);
    // A busy machine is late, and then has much at once; but nothing comes before its time.
    const parts = lines.slice(0, -1).map((line) => line.split(" ").map(Number));
    for (const [come, arrivedMs] of parts) {
      assert(come <= (arrivedMs - start) * 100 + 1, `${come} octets after ${arrivedMs - start} ms`);
    }
    const spreadMs = parts.at(-1)![1] - parts[0][1];
    assert(spreadMs >= 100, `all within ${spreadMs} ms`);
    assertEquals((await download(url)).lost, "HTTP status 400");
  } finally {
    await server.shutdown();
  }
});

Deno.test("a download that is changed or cut off is told", async () => {
  const octets = new Uint8Array(1000).fill(7);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", octets)).toBase64();
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const headers = { "content-length": "1000", "repr-digest": `sha-256=:${digest}:` };
  const server = Deno.serve(options, (request) => {
    const body = octets.slice();
    if (request.url.endsWith("/changed")) body[500] ^= 1;
    return new Response(body, { headers });
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  assertEquals((await download(`${url}/whole`)).outcome, "same");
  assertEquals((await download(`${url}/changed`)).outcome, "different");
  await server.shutdown();

  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const cut = listener.accept().then(async (connection) => {
    await connection.read(new Uint8Array(4096));
    await connection.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nabc"));
    connection.close();
  });
  const { outcome, lost } = await download(`http://127.0.0.1:${listener.addr.port}/`);
  await cut;
  assertEquals(outcome, "lost");
  assert(lost !== undefined && lost !== "", "no reason is given");
});

Deno.test("ping's lines are read with their numbers and times", () => {
  const text = `PING 2001:db8:200::10 (2001:db8:200::10) 56 data bytes
[1795754732.719562] 64 bytes from 2001:db8:200::10: icmp_seq=1 ttl=62 time=0.500 ms
[1795754732.769562] From 2001:db8:300::1: icmp_seq=2 Destination unreachable: No route
[1795754732.819562] 64 bytes from 2001:db8:200::10: icmp_seq=3 ttl=62 time=12 ms
[1795754732.8195`;
  assertEquals(readPings(text).map(({ sequence, sentMs, arrivedMs }) => [sequence, arrivedMs - sentMs]), [
    [1, 0.5],
    [3, 12],
  ]);
});

Deno.test("records of connections that are under way", () => {
  const text = `${SESSION_WORD}0 1.000 2.000\n${DOWNLOAD_WORD}500 3.000\n${SESSION_WORD}1 201.000 2`;
  assertEquals(readSession(text), {
    echoes: [{ sequence: 0, sentMs: 1, arrivedMs: 2 }],
    wrong: 0,
    typed: undefined,
    lost: undefined,
  });
  assertEquals([readDownload(text).outcome, readDownload(text).octets], ["under way", 500]);
});
