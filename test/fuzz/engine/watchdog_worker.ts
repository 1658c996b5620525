/// <reference lib="deno.worker" />
import { cpuUsage } from "node:process";
import { appendInput } from "./input_file.ts";
import { type WatchdogOrder, WatchedMemory } from "./watchdog.ts";

const LOOK_MS = 500;

self.onmessage = ({ data: { memory, file, limitMs } }: MessageEvent<WatchdogOrder>) => {
  const watched = new WatchedMemory(memory);
  let executions = -1;
  let since = cpuUsage();
  setInterval(() => {
    if (watched.executions !== executions) {
      executions = watched.executions;
      since = cpuUsage();
      return;
    }
    // Of the whole process, which has nothing else to do.
    const { user, system } = cpuUsage(since);
    if ((user + system) / 1000 < limitMs) return;
    const input = watched.input();
    appendInput(new URL(file), input, `takes more than ${limitMs} ms of the processor`);
    console.error(`takes more than ${limitMs} ms of the processor\n${input.length} octets: ${input.toHex()}`);
    Deno.kill(Deno.pid, "SIGKILL");
  }, LOOK_MS);
};
