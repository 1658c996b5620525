/** What a daemon keeps across restarts: each kind in a file of its own. */
export type StateKind = "esp" | "bindings";

/** One for each daemon, as the control socket is: "/var/lib/dsmip/run-dsmip-ha.sock.esp". Its folder may have to be made. */
export function stateFileOf(
  { stateDirectory, controlSocket }: { readonly stateDirectory: string; readonly controlSocket: string },
  kind: StateKind,
): string {
  return `${stateDirectory}/${controlSocket.slice(1).replaceAll("/", "-")}.${kind}`;
}
