import type { Configuration } from "../configuration/record.ts";
import { UsageError } from "../output/fault.ts";

/** A role that a daemon has, and how the user speaks of it. */
export interface DaemonKind<Kind extends Configuration["kind"] = Configuration["kind"]> {
  readonly kind: Kind;
  readonly title: string;
  /** Its commands begin with this. */
  readonly command: string;
  /** The command that starts it. */
  readonly start: string;
  /** The command that asks how it goes. */
  readonly ask: string;
}

export const HOME_AGENT: DaemonKind<"homeAgent"> = {
  kind: "homeAgent",
  title: "home agent",
  command: "dsmip ha",
  start: "dsmip ha serve",
  ask: "dsmip ha bindings",
};
export const MOBILE_NODE: DaemonKind<"mobileNode"> = {
  kind: "mobileNode",
  title: "mobile node",
  command: "dsmip mn",
  start: "dsmip mn up",
  ask: "dsmip mn status",
};

/**
 * Reads a configuration file that has to be for the given daemon.
 * @param purpose what the user wants of the daemon: the command for the other kind does the same there
 */
export async function readConfigurationOf<Kind extends Configuration["kind"]>(
  daemon: DaemonKind<Kind>,
  file: string,
  purpose: "start" | "ask",
): Promise<Extract<Configuration, { kind: Kind }>> {
  const { readConfiguration } = await import("../configuration/configuration.ts");
  const configuration = readConfiguration(file);
  if (configuration.kind === daemon.kind) return configuration as Extract<Configuration, { kind: Kind }>;
  const other = configuration.kind === "homeAgent" ? HOME_AGENT : MOBILE_NODE;
  throw new UsageError(
    `${file}: this is a ${other.title}'s configuration; try: ${other[purpose]} --config ${file}`,
  );
}
