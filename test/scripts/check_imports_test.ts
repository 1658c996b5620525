import { assertEquals } from "@std/assert";
import { checkFile } from "../../scripts/check_imports.ts";
import { splitSource } from "../../scripts/source_text.ts";

Deno.test("check imports: who may import whom", () => {
  const cases: readonly (readonly [path: string, specifier: string, fine: boolean])[] = [
    ["core/wire/a.ts", "./b.ts", true],
    ["core/wire/a.ts", "../control/b.ts", true],
    ["core/wire/a.ts", "../../ffi/b.ts", false],
    ["core/wire/a.ts", "../../deno.json", false],
    ["core/wire/a.ts", "zod", false],
    ["core/wire/a.ts", "node:path", false],
    ["wasm/a.ts", "../core/b.ts", true],
    ["wasm/a.ts", "./forwarder.wasm", true],
    ["wasm/a.ts", "../ffi/b.ts", false],
    ["ffi/a.ts", "../core/b.ts", true],
    ["ffi/a.ts", "node:os", true],
    ["ffi/a.ts", "../wasm/b.ts", false],
    ["ffi/a.ts", "../cli/b.ts", false],
    ["ffi/a.ts", "zod", false],
    ["cli/a.ts", "../core/b.ts", true],
    ["cli/daemon/a.ts", "../../wasm/b.ts", true],
    ["cli/a.ts", "../deno.json", true],
    ["cli/a.ts", "zod", true],
    ["cli/a.ts", "../test/b.ts", false],
    ["cli/a.ts", "../scripts/b.ts", false],
    ["scripts/a.ts", "../cli/b.ts", true],
    ["scripts/a.ts", "../test/b.ts", false],
    ["bench/a.ts", "../wasm/b.ts", true],
    ["bench/a.ts", "../test/b.ts", false],
    ["test/wire/a_test.ts", "../../cli/b.ts", true],
    ["other/a.ts", "./b.ts", false],
  ];
  const forms = [
    (specifier: string) => `import { x } from "${specifier}";`,
    (specifier: string) => `import type { x } from '${specifier}';`,
    (specifier: string) => `import {\n  x, // of y\n} from "${specifier}" with { type: "json" };`,
    (specifier: string) => `import "${specifier}";`,
    (specifier: string) => `export * from "${specifier}";`,
  ];
  for (const [path, specifier, fine] of cases) {
    for (const form of forms) {
      const source = form(specifier);
      assertEquals(checkFile(path, source).length, fine ? 0 : 1, `${path}: ${source}`);
    }
  }
  assertEquals(checkFile("ffi/a.ts", 'const x = 1;\nconst y = await import(\n  "../cli/b.ts"\n);'), [
    'ffi/a.ts:3: "../cli/b.ts": ffi may import from ffi, core only',
  ]);
});

Deno.test("check imports: core has no clock, no randomness, no I/O and no waiting", () => {
  const impure = [
    "const now = Date.now();",
    "new Date()",
    "performance.now()",
    "setTimeout(f, 1)",
    "setInterval(f, 1)",
    "console.log(1)",
    "Deno.readFileSync(x)",
    "crypto.subtle",
    "fetch(x)",
    "globalThis.x",
    "const x = Math.random();",
    "Math\n  .random()",
    "await x",
    "async () => 1",
    "const t = `${Date.now()}`;",
    'const t = `${f("}")} ${`${console}`}`;',
    'const r = /[/"]/; Deno.pid',
  ];
  for (const source of impure) assertEquals(checkFile("core/a.ts", source).length, 1, source);
  const pure = [
    "// Date, await and console",
    "/* performance\n * Deno */",
    'const text = "await Deno";',
    "const text = `Date ${name} console`;",
    "const text = 'it\\'s Date';",
    "settings.performance; record.console; x?.Date",
    "const record = { date: 1, console: 2 };",
    "const updated = 1; const awaited = 2; Math.max(1, 2);",
    "const quotient = a / b; const other = c / d; // Date",
    "const pattern = /[\"'`]Date/.test(x);",
  ];
  for (const source of pure) assertEquals(checkFile("core/a.ts", source), [], source);
  assertEquals(checkFile("cli/a.ts", "await Deno.open(Date.now())"), []);
  assertEquals(checkFile("core/a.ts", "const a = 1;\n\nconst b = Date.now();\n"), [
    "core/a.ts:3: Date: core is pure; take it as an argument",
  ]);
});

Deno.test("check imports: words in templates and regular expressions are no imports", () => {
  const harmless = [
    'const text = `from "../cli/x.ts"`;',
    'const text = `copied from ${from}` + "../cli/x.ts";',
    '// import { x } from "../cli/x.ts";',
    'const message = "take it from", path = "../cli/x.ts";',
  ];
  for (const source of harmless) assertEquals(checkFile("core/a.ts", source), [], source);
});

Deno.test("split source: lines and lengths stay", () => {
  const source = 'a /* x\ny */ "z\\"w" `p${q + `r`}s`\n// end';
  const { code } = splitSource(source);
  assertEquals(code.length, source.length);
  assertEquals(code.split("\n").length, 3);
  assertEquals(code.replace(/\s+/g, " ").trim(), "a q +");
});
