/** Of the Worker that moves packets. */
export const DATA_PATH_WORKER = "dsmip-data-path";

/** Was this thread started to be the data path? */
export function isDataPathWorker(): boolean {
  return typeof WorkerGlobalScope !== "undefined" && self.name === DATA_PATH_WORKER;
}
