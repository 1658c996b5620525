import { assert, assertEquals, assertRejects } from "@std/assert";
import { askDaemon } from "../../cli/daemon/control_client.ts";
import { ControlSocket } from "../../cli/daemon/control_socket.ts";
import { until } from "../../cli/lab/process.ts";
import { Failure } from "../../cli/output/fault.ts";

/* Another user at the other end of the control socket. What others may reach is the mode's business: here it is wide open. */

const NOBODY = 65_534;
const ASK = `
import socket, sys
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
client.sendall(b'{"command":"bindings"}\\n')
print(client.makefile().readline())
`;
const ANSWER = `
import os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1] + ".new")
server.listen()
os.rename(sys.argv[1] + ".new", sys.argv[1])
while True:
    client, _ = server.accept()
    client.recv(4096)
    client.sendall(b'{"ok":true,"pid":1,"answer":{"bindings":[]}}\\n')
    client.close()
`;

function asNobody(script: string, path: string): Deno.Command {
  const user = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
  return new Deno.Command("setpriv", {
    args: [...user, "/usr/bin/python3", "-c", script, path],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

function openFolder(mode: number): string {
  const folder = Deno.makeTempDirSync({ prefix: "dsmip-test-" });
  Deno.chmodSync(folder, mode);
  return folder;
}

function rootTest(name: string, fn: () => Promise<void>): void {
  const isThere = ["setpriv", "/usr/bin/python3"].every((program) => {
    try {
      return new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync()
        .success;
    } catch {
      return false;
    }
  });
  Deno.test({ name: `${name} (root, setpriv, python3)`, ignore: Deno.uid() !== 0 || !isThere, fn });
}

rootTest("control socket: another user is not answered, whatever the mode of the file", async () => {
  const folder = openFolder(0o755);
  const path = `${folder}/ha.sock`;
  const socket = await ControlSocket.open({ path, handlers: { bindings: () => ({ secret: 1 }) } });
  try {
    Deno.chmodSync(path, 0o666);
    const { stdout } = await asNobody(ASK, path).output();
    const answer = JSON.parse(new TextDecoder().decode(stdout));
    assertEquals(answer, {
      ok: false,
      pid: Deno.pid,
      error: `user ${NOBODY} may not ask this daemon; root and user 0 may`,
    });
    assertEquals(await askDaemon({ path, command: "bindings" }), { secret: 1 });
  } finally {
    await socket.close();
    Deno.removeSync(folder, { recursive: true });
  }
});

rootTest("control socket: a stranger's is not asked, but that of whose folder it is, is", async () => {
  for (
    const [mode, owner, isAsked] of [[0o1777, 0, false], [0o777, NOBODY, false], [0o775, NOBODY, false], [
      0o755,
      NOBODY,
      true,
    ]] as const
  ) {
    const folder = openFolder(mode);
    Deno.chownSync(folder, owner, owner);
    const path = `${folder}/ha.sock`;
    const server = asNobody(ANSWER, path).spawn();
    try {
      const isThere = () => {
        try {
          return Deno.statSync(path).isSocket;
        } catch {
          return false;
        }
      };
      await until("a socket", 5000, isThere);
      const asking = () => askDaemon({ path, command: "bindings" });
      if (isAsked) assertEquals(await asking(), { bindings: [] });
      else {
        const error = await assertRejects(asking, Failure);
        const expected =
          `a process of user ${NOBODY} (pid ${server.pid}) listens there, who is neither root nor you`;
        assert(error.message.includes(expected), error.message);
      }
    } finally {
      server.kill("SIGKILL");
      await server.output();
      Deno.removeSync(folder, { recursive: true });
    }
  }
});
