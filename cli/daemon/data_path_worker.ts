import { DataPathLoop } from "./data_path_loop.ts";
import { DATA_PATH_WORKER, isDataPathWorker } from "./data_path_role.ts";

/** What control gives the Worker, once. */
export interface DataPathStart {
  readonly memory: WebAssembly.Memory;
  readonly tunFileDescriptor: number;
  readonly eventFileDescriptor: number;
}

/** What the Worker says, once, before it ends: why it could not go on, or "" when it was told to stop. */
export interface DataPathEnd {
  readonly fault: string;
}

/** The data path calls the kernel, and nothing else of the system. */
const ONLY_FFI: Deno.PermissionOptions = {
  ffi: true,
  env: false,
  import: false,
  net: false,
  read: false,
  run: false,
  sys: false,
  write: false,
};

/**
 * Starts the Worker. Run from source, its module is this one, and it loads nothing else of the program; in a
 * bundle, which does not carry Workers, import.meta.url is the bundle, whose entry asks isDataPathWorker().
 */
export function startDataPathWorker(): Worker {
  return new Worker(import.meta.url, {
    type: "module",
    name: DATA_PATH_WORKER,
    deno: { permissions: ONLY_FFI },
  });
}

let running: Promise<void> | undefined;

/** Moves packets until it is told to stop. Called twice, it is the same run. */
export function runDataPathWorker(): Promise<void> {
  return running ??= new Promise((resolve) => {
    self.onmessage = ({ data }: MessageEvent<DataPathStart>) => {
      const end: DataPathEnd = { fault: new DataPathLoop(data).run() };
      // Control terminates the thread when it has this: closing it here would sometimes lose the message.
      self.postMessage(end);
      resolve();
    };
  });
}

if (isDataPathWorker()) runDataPathWorker();
