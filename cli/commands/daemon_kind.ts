import type { Configuration } from "../configuration/record.ts";
import { UsageError } from "../output/fault.ts";

/** A role that a daemon has, and how the user speaks of it. */
export interface DaemonKind<Kind extends Configuration["kind"] = Configuration["kind"]> {
  readonly kind: Kind;
  readonly title: string;
  /** The command that starts it. */
  readonly start: string;
}

export const HOME_AGENT: DaemonKind<"homeAgent"> = {
  kind: "homeAgent",
  title: "home agent",
  start: "dsmip ha serve",
};
export const MOBILE_NODE: DaemonKind<"mobileNode"> = {
  kind: "mobileNode",
  title: "mobile node",
  start: "dsmip mn up",
};

/** Reads a configuration file that has to be for the given daemon. */
export async function readConfigurationOf<Kind extends Configuration["kind"]>(
  daemon: DaemonKind<Kind>,
  file: string,
): Promise<Extract<Configuration, { kind: Kind }>> {
  const { readConfiguration } = await import("../configuration/configuration.ts");
  const configuration = readConfiguration(file);
  if (configuration.kind === daemon.kind) return configuration as Extract<Configuration, { kind: Kind }>;
  const other = configuration.kind === "homeAgent" ? HOME_AGENT : MOBILE_NODE;
  throw new UsageError(
    `${file}: this is a ${other.title}'s configuration; try: ${other.start} --config ${file}`,
  );
}
