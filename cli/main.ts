/**
 * The entry of the command line, and of the data path Worker that the daemons start from this same module:
 * the bundler puts one module into one file, so the Worker is told by its role.
 */
import { isDataPathWorker } from "./daemon/data_path_role.ts";

if (isDataPathWorker()) {
  const { runDataPathWorker } = await import("./daemon/data_path_worker.ts");
  await runDataPathWorker();
} else {
  const { main } = await import("./commands/main.ts");
  Deno.exit(await main(Deno.args));
}
