/** Runs the data path's loop twice, and says how much the heap of this thread has grown in the second run. */
import { DataPathLoop } from "../../cli/daemon/data_path_loop.ts";
import type { DataPathStart } from "../../cli/daemon/data_path_worker.ts";

let isWarm = false;

self.onmessage = ({ data }: MessageEvent<DataPathStart>) => {
  const loop = new DataPathLoop(data);
  const before = Deno.memoryUsage().heapUsed;
  const fault = loop.run();
  const grownOctets = isWarm ? Deno.memoryUsage().heapUsed - before : 0;
  isWarm = true;
  self.postMessage({ fault, grownOctets });
};
