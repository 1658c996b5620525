import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { SystemError } from "../../ffi/errno.ts";
import { isTaken, SocketClosed, UnixListener, UnixStream } from "../../ffi/unix_stream.ts";

function uniqueName(): string {
  return `@dsmip-test-${crypto.randomUUID()}`;
}

async function pair() {
  const name = uniqueName();
  const listener = new UnixListener(name, { backlog: 4 });
  const client = UnixStream.connect(name);
  const server = await listener.accept();
  return {
    client,
    server,
    async [Symbol.asyncDispose]() {
      await Promise.all([listener.close(), client.close(), server.close()]);
    },
  };
}

Deno.test("Unix stream: each end knows who the other is, and hears what it says up to its end", async () => {
  await using ends = await pair();
  const self = { pid: Deno.pid, uid: Deno.uid()! };
  assertEquals([ends.client.peer(), ends.server.peer()], [self, self]);
  const buffer = new Uint8Array(10);
  const reading = ends.server.read(buffer); // Before anything is there.
  assertEquals(await ends.client.write(Uint8Array.of(1, 2, 3)), 3);
  assertEquals(await reading, 3);
  assertEquals([...buffer.subarray(0, 3)], [1, 2, 3]);
  await ends.client.close();
  assertEquals(await ends.server.read(buffer), null);
  await assertRejects(() => ends.server.write(Uint8Array.of(1)), SystemError, "EPIPE");
});

Deno.test("Unix stream: what does not fit waits until the other end has read", async () => {
  await using ends = await pair();
  const all = new Uint8Array(4_000_000).map((_, index) => index % 251);
  let sent = 0;
  const writing = (async () => {
    while (sent < all.length) sent += await ends.client.write(all.subarray(sent));
    await ends.client.close();
  })();
  const parts: Uint8Array[] = [];
  const buffer = new Uint8Array(65_536);
  for (let count; (count = await ends.server.read(buffer)) !== null;) parts.push(buffer.slice(0, count));
  await writing;
  assertEquals(new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer()), all);
});

Deno.test("Unix stream: closing ends what waits", async () => {
  const listener = new UnixListener(uniqueName(), { backlog: 1 });
  const accepting = assertRejects(() => listener.accept(), SocketClosed);
  await listener.close();
  await accepting;
  await using ends = await pair();
  const reading = assertRejects(() => ends.server.read(new Uint8Array(1)), SocketClosed);
  await ends.server.close();
  await reading;
  await ends.server.close(); // Again does nothing.
});

Deno.test("Unix stream: a name is one process's, and free again when it has gone", async () => {
  const name = uniqueName();
  assertThrows(() => UnixStream.connect(name), SystemError, "ECONNREFUSED");
  const first = new UnixListener(name, { backlog: 1 });
  const error = assertThrows(() => new UnixListener(name, { backlog: 1 }), SystemError);
  assert(isTaken(error));
  await first.close();
  const second = new UnixListener(name, { backlog: 1 });
  await second.close();
});
