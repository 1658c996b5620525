#!/usr/bin/env node
// Runs dsmip with the Deno that npm has installed beside it.
"use strict";
const { spawn } = require("node:child_process");
const path = require("node:path");

const deno = require("deno/install_api.cjs").runInstall();
const program = path.join(__dirname, "program", "main.js");
const child = spawn(deno, ["run", /* RUN_FLAGS */ program, ...process.argv.slice(2)], {
  stdio: "inherit",
  env: { ...process.env, DSMIP: __filename, DSMIP_MADE_AS: "npm package", DENO_NO_UPDATE_CHECK: "1" },
});
// Ctrl-C reaches the program by itself; what was sent to this process alone is passed on.
process.on("SIGINT", () => {});
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`dsmip: ${deno} does not start: ${error.message}`);
  process.exitCode = 1;
});
child.on("exit", (code) => {
  // Without a code a signal has ended it.
  process.exitCode = code ?? 1;
});
