export const DATA_PATH_WORKER_NAME = "dsmip-data-path";

/** Was this thread started to be the data path? */
export function isDataPathWorker(): boolean {
  return typeof WorkerGlobalScope !== "undefined" && self.name === DATA_PATH_WORKER_NAME;
}

/** Moves packets until it is told to stop. */
export function runDataPathWorker(): Promise<void> {
  throw new Error("not written yet");
}
