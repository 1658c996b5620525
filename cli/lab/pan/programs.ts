import { runDownload, serveDownloads } from "./download.ts";
import { runSession, serveEcho } from "./session.ts";

export const SESSION_PORT = 2222;
export const HTTP_PORT = 8080;
/** Before each line of the program's output: which of its two connections it is about. */
export const SESSION_WORD = "session ";
export const DOWNLOAD_WORD = "download ";

/** The correspondent: echoes sessions and serves downloads until its process is ended. */
export async function runCorrespondent(onReady: () => void): Promise<void> {
  serveDownloads(HTTP_PORT);
  const listener = Deno.listen({ hostname: "::", port: SESSION_PORT });
  onReady();
  await serveEcho(listener);
}

export interface PanNodeOptions {
  /** The correspondent, IPv4 or IPv6. */
  readonly address: string;
  /** Of the download, and how much of it a second. */
  readonly octets: number;
  readonly octetsPerSecond: number;
}

/** A node of the personal area network: one session and one download. SIGUSR2 ends the session; it ends with both. */
export async function runPanNode(options: PanNodeOptions, write: (line: string) => void): Promise<void> {
  const { address, octets, octetsPerSecond } = options;
  const ended = new AbortController();
  const end = () => ended.abort();
  Deno.addSignalListener("SIGUSR2", end);
  const host = address.includes(":") ? `[${address}]` : address;
  const url = `http://${host}:${HTTP_PORT}/?octets=${octets}&rate=${octetsPerSecond}`;
  await Promise.all([
    runSession(
      { address, port: SESSION_PORT, ended: ended.signal },
      (line) => write(SESSION_WORD + line),
    ),
    runDownload(url, (line) => write(DOWNLOAD_WORD + line)),
  ]);
  Deno.removeSignalListener("SIGUSR2", end);
}
