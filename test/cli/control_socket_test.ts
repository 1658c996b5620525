import { assert, assertEquals, assertRejects } from "@std/assert";
import { askDaemon, findDaemon, NobodyAnswers } from "../../cli/daemon/control_client.ts";
import { MAXIMUM_CLIENTS, MAXIMUM_REQUEST_OCTETS } from "../../cli/daemon/control_protocol.ts";
import { ControlSocket } from "../../cli/daemon/control_socket.ts";
import { Failure } from "../../cli/output/fault.ts";
import { until } from "../ffi/in_namespace.ts";

const ANSWER = { bindings: [{ homeAddress: "2001:db8::1" }], counters: {} };

interface Served extends AsyncDisposable {
  readonly path: string;
  readonly folder: string;
}

async function serve(timeLimitMs?: number): Promise<Served> {
  const folder = Deno.makeTempDirSync({ prefix: "dsmip-test-" });
  const path = `${folder}/made/for/it/ha.sock`;
  const handlers = {
    bindings: () => ANSWER,
    large: () => ({ text: "x".repeat(3_000_000) }),
    slow: () => new Promise((resolve) => setTimeout(resolve, 600, { slow: true })),
    failsLater: () => Promise.reject(new Error("a mistake in the file")),
    never: () => new Promise(() => {}),
    fails: () => {
      throw new Error("no counters yet");
    },
  };
  const socket = await ControlSocket.open({ path, handlers, timeLimitMs });
  return {
    path,
    folder,
    async [Symbol.asyncDispose]() {
      await socket.close();
      Deno.removeSync(folder, { recursive: true });
    },
  };
}

/** Sends text as it is, half-closes if wanted, and returns all that comes back. */
async function exchangeRaw(path: string, text: string, halfClose = true): Promise<string> {
  using connection = await Deno.connect({ transport: "unix", path });
  const bytes = new TextEncoder().encode(text);
  const parts: string[] = [];
  const buffer = new Uint8Array(65536);
  try {
    for (let offset = 0; offset < bytes.length;) offset += await connection.write(bytes.subarray(offset));
    if (halfClose) await connection.closeWrite();
    for (let count; (count = await connection.read(buffer)) !== null;) {
      parts.push(new TextDecoder().decode(buffer.subarray(0, count)));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe)) {
      throw error;
    }
  }
  return parts.join("");
}

Deno.test("control socket: answers its commands, privately, and is gone after close", async () => {
  let path: string;
  {
    await using served = await serve();
    path = served.path;
    assertEquals((Deno.lstatSync(path).mode ?? 0) & 0o777, 0o600);
    assertEquals((Deno.statSync(`${served.folder}/made`).mode ?? 0) & 0o777, 0o700);
    assertEquals((Deno.statSync(`${served.folder}/made/for/it`).mode ?? 0) & 0o777, 0o700);
    assertEquals(await askDaemon({ path, command: "bindings" }), ANSWER);
    const large = await askDaemon({ path, command: "large" }) as { text: string };
    assertEquals(large.text.length, 3_000_000);
    const line = await exchangeRaw(path, '{"command":"bindings"}\n', false);
    assertEquals(JSON.parse(line), { ok: true, pid: Deno.pid, answer: ANSWER });
    assert(line.endsWith("}\n"));
    const twenty = await Promise.all(
      Array.from({ length: 10 }, () => askDaemon({ path, command: "bindings" })),
    );
    assertEquals(twenty.length, 10);
  }
  await assertRejects(() => askDaemon({ path, command: "bindings" }), NobodyAnswers);
});

Deno.test("control socket: what is wrong with a request is said", async () => {
  await using served = await serve();
  const { path } = served;
  await assertRejects(() => askDaemon({ path, command: "fails" }), Failure, "no counters yet");
  await assertRejects(
    () => askDaemon({ path, command: "toString" }),
    Failure,
    'unknown command "toString"; this daemon knows: bindings, large, slow, failsLater, never, fails',
  );
  for (
    const text of [
      "",
      "\n",
      "{}\n",
      "[1]\n",
      "null\n",
      '{"command":3}\n',
      "\0\xff\n",
      '{"command":"bindings"',
    ]
  ) {
    const { ok, error } = JSON.parse(await exchangeRaw(path, text));
    assertEquals([ok, error], [false, 'a request is one line: {"command":"NAME"}'], text);
  }
  const long = JSON.parse(await exchangeRaw(path, "x".repeat(MAXIMUM_REQUEST_OCTETS)));
  assertEquals(long.error, `a request has at most ${MAXIMUM_REQUEST_OCTETS} octets`);
  await exchangeRaw(path, "x".repeat(2_000_000));
  assertEquals(await askDaemon({ path, command: "bindings" }), ANSWER);
});

/** As many clients as are served at once, none of which says anything. */
function fill(path: string): Promise<Deno.UnixConn[]> {
  return Promise.all(
    Array.from({ length: MAXIMUM_CLIENTS }, () => Deno.connect({ transport: "unix", path })),
  );
}

Deno.test("control socket: clients that say nothing are dropped after a while", async () => {
  await using served = await serve(200);
  const { path } = served;
  for (const connection of await fill(path)) {
    assertEquals(await connection.read(new Uint8Array(1)), null);
    connection.close();
  }
  assertEquals(await askDaemon({ path, command: "bindings" }), ANSWER);
});

Deno.test("control socket: too many clients at once are turned away, and those that come later are not", async () => {
  await using served = await serve();
  const { path } = served;
  const silent = await fill(path);
  // Served in the order in which they came: this one finds the house full.
  assertEquals(await exchangeRaw(path, '{"command":"bindings"}\n', false), "");
  for (const connection of silent) connection.close();
  await until("room", async () => await exchangeRaw(path, '{"command":"bindings"}\n', false) !== "");
});

Deno.test("control socket: closing does not wait for a client", async () => {
  const served = await serve();
  const connection = await Deno.connect({ transport: "unix", path: served.path });
  assertEquals(await askDaemon({ path: served.path, command: "bindings" }), ANSWER);
  const before = performance.now();
  await served[Symbol.asyncDispose]();
  assert(performance.now() - before < 1000);
  connection.close();
});

Deno.test("control socket: a live daemon is left alone, a dead one's socket is replaced", async () => {
  await using served = await serve();
  const { path, folder } = served;
  await assertRejects(
    () => ControlSocket.open({ path, handlers: {} }),
    Failure,
    `running daemon (pid ${Deno.pid})`,
  );
  assertEquals(await findDaemon(path), { pid: Deno.pid });
  assertEquals(await askDaemon({ path, command: "bindings" }), ANSWER);

  const dead = `${folder}/dead.sock`;
  const script = `Deno.listen({ transport: "unix", path: ${
    JSON.stringify(dead)
  } }); Deno.kill(Deno.pid, "SIGKILL");`;
  await new Deno.Command(Deno.execPath(), { args: ["eval", script], stderr: "null" }).output();
  assert(Deno.lstatSync(dead).isSocket);
  assertEquals(await findDaemon(dead), undefined);
  const socket = await ControlSocket.open({ path: dead, handlers: { status: () => 1 } });
  assertEquals(await askDaemon({ path: dead, command: "status" }), 1);
  await socket.close();

  const file = `${folder}/file`;
  Deno.writeTextFileSync(file, "mine");
  await assertRejects(
    () => ControlSocket.open({ path: file, handlers: {} }),
    Failure,
    "no socket stands there",
  );
  assertEquals(Deno.readTextFileSync(file), "mine");
  await assertRejects(
    () => ControlSocket.open({ path: `${file}/x`, handlers: {} }),
    Failure,
    `control socket ${file}/x:`,
  );
  const long = `${folder}/${"x".repeat(100)}`;
  await assertRejects(
    () => ControlSocket.open({ path: long, handlers: {} }),
    Failure,
    "longer than 107 octets",
  );
});

Deno.test("control socket: a server that talks nonsense is told from a daemon", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "dsmip-test-" });
  const path = `${folder}/other.sock`;
  using listener = Deno.listen({ transport: "unix", path });
  for (
    const text of [
      "",
      "hello\n",
      "null\n",
      "{}\n",
      '{"ok":true}\n',
      '{"ok":false,"pid":1}\n',
      '{"ok":1,"pid":1}\n',
    ]
  ) {
    const asked = assertRejects(
      () => askDaemon({ path, command: "status" }),
      Failure,
      "is not a dsmip daemon",
    );
    using connection = await listener.accept();
    await connection.read(new Uint8Array(100));
    if (text !== "") await connection.write(new TextEncoder().encode(text));
    await connection.closeWrite();
    await asked;
  }
  const asked = assertRejects(
    () => askDaemon({ path, command: "status", timeLimitMs: 50 }),
    Failure,
    "no answer within 0.05 s",
  );
  using _silent = await listener.accept();
  await asked;
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("control socket: the daemon may take longer than a client, and what fails then is told", async () => {
  await using served = await serve(400);
  assertEquals(await askDaemon({ path: served.path, command: "slow" }), { slow: true });
  await assertRejects(
    () => askDaemon({ path: served.path, command: "failsLater" }),
    Failure,
    "a mistake in the file",
  );
});

Deno.test("control socket: closing does not wait for an answer, either", async () => {
  const served = await serve();
  const asking = assertRejects(() => askDaemon({ path: served.path, command: "never" }), Failure);
  await askDaemon({ path: served.path, command: "slow" }); // By then the other is being served.
  await served[Symbol.asyncDispose]();
  await asking;
});
