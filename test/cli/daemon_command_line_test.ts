import { assert, assertEquals } from "@std/assert";
import { readDaemonCommandLine } from "../../cli/commands/daemon_command_line.ts";
import { dsmip } from "./dsmip.ts";

/** As `deno info --json` has it. */
interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly code?: { readonly specifier: string };
    readonly isDynamic?: boolean;
  }[];
}

const read = (line: string) => readDaemonCommandLine(line.split(" ").filter(Boolean));

Deno.test("daemon's command line: what starts nearly every daemon is read at once", () => {
  const usual = { config: "x.toml", logLevel: "info", logFormat: "text" } as const;
  assertEquals(read("ha serve --config x.toml"), { ...usual, kind: "homeAgent" });
  assertEquals(read("mn up --config x.toml"), { ...usual, kind: "mobileNode" });
  assertEquals(
    read("mn up --log-level debug --config y.toml --log-format json --config x.toml"),
    { ...usual, kind: "mobileNode", logLevel: "debug", logFormat: "json" },
  );
});

Deno.test("daemon's command line: mistakes and all else are left to the library", () => {
  const lines = [
    "",
    "ha",
    "ha serve",
    "ha serve --help",
    "ha serve --config",
    "ha serve --config=x.toml",
    "ha serve --config --log-level",
    "ha serve --config x.toml extra",
    "ha serve --config x.toml --no-offload",
    "ha serve --config x.toml --offload tun-tcp",
    "ha serve --config x.toml --log-level loud",
    "ha serve --log-format json --log-level debug",
    "--log-level debug ha serve --config x.toml",
    "ha bindings --config x.toml",
    "mn serve --config x.toml",
    "toString valueOf --config x.toml",
  ];
  for (const line of lines) assertEquals(read(line), undefined, line);
});

Deno.test("daemon's command line: little is loaded before capabilities are given up, for it is loaded twice", async () => {
  const root = new URL("../../", import.meta.url).href;
  const args = ["info", "--json", "--quiet", `${root}cli/main.ts`];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { readonly modules: readonly Module[] };
  const loaded = new Set(
    ["main.ts", "commands/main.ts", "commands/run_daemon.ts"].map((name) => `${root}cli/${name}`),
  );
  for (const specifier of loaded) {
    for (
      const { code, isDynamic } of modules.find((one) => one.specifier === specifier)?.dependencies ?? []
    ) {
      if (code !== undefined && isDynamic !== true) loaded.add(code.specifier);
    }
  }
  assert(loaded.has(`${root}ffi/capabilities.ts`));
  assert(loaded.size <= 18, [...loaded].map((specifier) => specifier.replace(root, "")).join(", "));
});

Deno.test("daemon's command line: read at once or by the library, the end is the same", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const cases = [["/nonexistent/x.toml", 2], [`${folder}/empty.toml`, 2], [folder, 2]] as const;
    await Deno.writeTextFile(`${folder}/empty.toml`, "");
    for (const [config, status] of cases) {
      const [short, long] = await Promise.all([
        dsmip("mn", "up", "--config", config, "--log-level", "debug"),
        dsmip("--log-level", "debug", "mn", "up", `--config=${config}`),
      ]);
      assertEquals(short, long);
      assertEquals([short.code, short.stdout], [status, ""]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
