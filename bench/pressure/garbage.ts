/**
 * A Worker that leaves an object behind so often as the command line says, and does nothing else: what a data path
 * that allocates once for each packet would look like in V8's trace of its collections.
 */
let last: { readonly number: number } | undefined;

// import.meta.main is true in the Worker, too.
if (typeof WorkerGlobalScope === "undefined") {
  const worker = new Worker(import.meta.url, { type: "module" });
  worker.onmessage = () => worker.terminate();
  worker.postMessage(Number(Deno.args[0]));
} else {
  self.onmessage = ({ data: count }: MessageEvent<number>) => {
    for (let number = 0; number < count; number++) last = { number };
    self.postMessage(last?.number);
  };
}
