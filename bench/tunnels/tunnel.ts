import { runProgram } from "../../cli/lab/process.ts";
import type { Site } from "./site.ts";

/** A program (or file) and the Debian package that it comes from. */
export interface Need {
  readonly program: string;
  readonly package: string;
}

/** Addresses inside the tunnel. */
export interface InnerAddresses {
  readonly a: string;
  readonly b: string;
}

export const INNER_IPV4: InnerAddresses = { a: "198.19.0.1", b: "198.19.0.2" };
export const INNER_IPV6: InnerAddresses = { a: "fd00:99::1", b: "fd00:99::2" };

/** The timed part: starts the daemons and does by hand what they leave to their user; need not wait for the peer. */
export type StartTunnel = () => Promise<InnerAddresses | undefined>;

/** One row of the tables. */
export interface Tunnel {
  readonly name: string;
  /** One line for a reader who does not know it. */
  readonly about: string;
  /** Octets of the largest inner packet. */
  readonly innerMtu: number;
  readonly needs: readonly Need[];
  /** Left out by a tunnel that makes its own: its start tells them. */
  readonly addresses?: InnerAddresses;
  /** End a may change its outer address while the tunnel is up. */
  readonly roams?: boolean;
  /** Writes keys and configuration. */
  readonly prepare: (site: Site) => Promise<StartTunnel>;
}

/** What a program prints, which is a key or the like. */
export async function output(command: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await runProgram(command, { input });
  if (code !== 0) throw new Error(`'${command.join(" ")}' ended with ${code}: ${stderr.trim()}`);
  return stdout.trim();
}
