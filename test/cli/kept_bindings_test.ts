import { assert, assertEquals } from "@std/assert";
import { keepBindings, takeKeptBindings } from "../../cli/daemon/kept_bindings.ts";
import type { KeptUpdate } from "../../core/control/update_origin.ts";
import { dsmipCommand } from "../../cli/lab/lab.ts";
import { testInNamespace } from "../ffi/in_namespace.ts";
import { stateFileOf } from "../../cli/daemon/state_file.ts";
import { OPEN_HOME_AGENT_TOML } from "./configuration_files.ts";
import { RecordingLog } from "./recording_log.ts";

const UPDATES: KeptUpdate[] = [
  {
    outer: { address: "192.0.2.9", port: 8763 },
    packet: Uint8Array.of(0x60, 0, 1),
    receivedUnixMs: 1_700_000_000_000.25,
  },
  { outer: undefined, packet: new Uint8Array(200).fill(7), receivedUnixMs: 1_700_000_000_001 },
];

function withFolder(use: (path: string, log: RecordingLog) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "dsmip-test-" });
  try {
    use(`${folder}/ha.sock.bindings`, new RecordingLog());
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function isThere(path: string): boolean {
  try {
    return Deno.lstatSync(path) !== undefined;
  } catch {
    return false;
  }
}

Deno.test("kept bindings: what one home agent writes the next one reads, once, and nobody else", () => {
  withFolder((path, log) => {
    keepBindings(path, UPDATES, log);
    assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
    assertEquals(takeKeptBindings(path, log), UPDATES);
    assertEquals([takeKeptBindings(path, log), isThere(path), isThere(`${path}.new`)], [[], false, false]);
    assertEquals(log.lines, []);
  });
});

Deno.test("kept bindings: without any the file of an earlier time does not stay", () => {
  withFolder((path, log) => {
    keepBindings(path, UPDATES, log);
    keepBindings(path, [], log);
    assertEquals([isThere(path), log.lines], [false, []]);
  });
});

Deno.test("kept bindings: cut off anywhere, or with an octet changed in its frame, nothing is taken, with a warning, and the file is gone", () => {
  withFolder((path, log) => {
    keepBindings(path, UPDATES, log);
    const whole = Deno.readTextFileSync(path);
    const damaged = Array.from({ length: whole.length }, (_, length) => whole.slice(0, length));
    damaged.push(
      whole.replace("bindings 1", "bindings 2"),
      whole.replace("8763", "87630"),
      whole.replace("8763", "-1"),
      whole.replace(/"receivedUnixMs":[0-9.]+/, '"receivedUnixMs":null'),
      whole.replace("192.0", "192"),
    );
    damaged.push(
      whole.replace('"packet":"6', '"packet":"'),
      whole.replace("17000", '"'),
      `${whole}x`,
      "\0".repeat(99),
    );
    for (const text of damaged) {
      Deno.writeTextFileSync(path, text, { mode: 0o600 });
      assertEquals(takeKeptBindings(path, log), [], JSON.stringify(text));
      assertEquals(isThere(path), false);
    }
    assertEquals(log.of("warning").length, damaged.length);
    assertEquals(
      new Set(log.lines.map(({ message }) => message)),
      new Set(["kept bindings not taken: mobile nodes register anew"]),
    );
  });
});

Deno.test("kept bindings: a file that others can read or write, or that is none, is not believed", () => {
  withFolder((path, log) => {
    keepBindings(path, UPDATES, log);
    Deno.chmodSync(path, 0o644);
    assertEquals([takeKeptBindings(path, log), isThere(path)], [[], false]);
    Deno.mkdirSync(path);
    assertEquals([takeKeptBindings(path, log), isThere(path)], [[], false]);
    assertEquals(log.of("warning").length, 2);
  });
});

Deno.test({
  name: "kept bindings: nor one of another user (root)",
  ignore: Deno.uid() !== 0,
  fn: () => {
    withFolder((path, log) => {
      keepBindings(path, UPDATES, log);
      Deno.chownSync(path, 65534, 65534);
      assertEquals([takeKeptBindings(path, log), isThere(path)], [[], false]);
      assert(String(log.of("warning")[0].details.reason).includes("belongs to another user"));
    });
  },
});

Deno.test("kept bindings: where nothing can be written, that is a warning and no more", () => {
  const log = new RecordingLog();
  keepBindings("/proc/dsmip/ha.sock.bindings", UPDATES, log);
  assertEquals(log.lines.map(({ level, message }) => [level, message]), [
    ["warning", "bindings not kept: mobile nodes register anew"],
  ]);
});

Deno.test("kept bindings: they stand in a folder of this user alone, under the name of the control socket", () => {
  withFolder((path, log) => {
    const stateDirectory = `${path}.state`;
    const name = (controlSocket: string) => stateFileOf({ stateDirectory, controlSocket }, "bindings");
    assertEquals(name("/run/dsmip/ha.sock"), `${stateDirectory}/run-dsmip-ha.sock.bindings`);
    keepBindings(name("/run/dsmip/ha.sock"), UPDATES, log);
    assertEquals(Deno.statSync(stateDirectory).mode! & 0o777, 0o700);
    assertEquals(log.lines, []);
  });
});

testInNamespace(
  "kept bindings: a home agent that cannot start leaves them for the next one",
  async (namespace) => {
    const folder = Deno.makeTempDirSync({ prefix: "dsmip-test-" });
    try {
      const [stateDirectory, controlSocket] = [`${folder}/state`, `${folder}/ha.sock`];
      Deno.writeTextFileSync(
        `${folder}/ha.toml`,
        `${OPEN_HOME_AGENT_TOML}control_socket = "${controlSocket}"
state_directory = "${stateDirectory}"
`,
      );
      const path = stateFileOf({ stateDirectory, controlSocket }, "bindings");
      const log = new RecordingLog();
      keepBindings(path, UPDATES, log);
      // The IPv4 address is not there yet.
      const { code, stderr } = await new Deno.Command("ip", {
        args: [
          "netns",
          "exec",
          namespace.name,
          ...dsmipCommand("ha", "serve", "--config", `${folder}/ha.toml`),
        ],
        env: { NO_COLOR: "1" },
      }).output();
      const text = new TextDecoder().decode(stderr);
      assertEquals(code, 1, text);
      assert(text.includes("203.0.113.1"), text);
      assertEquals(takeKeptBindings(path, log), UPDATES);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
);
