/**
 * Imported before anything that is to be fuzzed: what is loaded after this module is instrumented on its way in. The fuzzer's
 * own files, tests' helpers and packages are not.
 */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { instrumentTypeScript } from "./javascript.ts";
import { instrumentNewModules } from "./webassembly.ts";

const ROOT = new URL("../../../", import.meta.url);
const INSTRUMENTED = ["core", "wasm", "cli"].map((folder) => new URL(`${folder}/`, ROOT).href);

/** Integers and strings of the instrumented sources. */
export const LITERALS = new Set<number | string>();

registerHooks({
  load(url, context, nextLoad) {
    const isInstrumented = url.endsWith(".ts") && INSTRUMENTED.some((folder) => url.startsWith(folder));
    if (!isInstrumented) return nextLoad(url, context);
    const { code, literals } = instrumentTypeScript(readFileSync(new URL(url), "utf8"));
    for (const literal of literals) LITERALS.add(literal);
    return { format: "module", source: code, shortCircuit: true };
  },
});
instrumentNewModules();
