/** Runs the data path's loop each time it is asked, and says how much the heap of this thread has grown meanwhile. */
import { DataPathLoop } from "../../cli/daemon/data_path_loop.ts";
import type { DataPathStart } from "../../cli/daemon/data_path_worker.ts";

self.onmessage = ({ data }: MessageEvent<DataPathStart>) => {
  const loop = new DataPathLoop(data);
  const before = Deno.memoryUsage().heapUsed;
  const fault = loop.run();
  self.postMessage({ fault, grownOctets: Deno.memoryUsage().heapUsed - before });
};
