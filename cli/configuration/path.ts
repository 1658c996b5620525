/** Paths of POSIX, without node:path: to load the first of Node's modules takes longer than to read a configuration. */

/** The folder that a path is in: "/etc/dsmip" of "/etc/dsmip/ha.toml", "." of "ha.toml". */
export function folderOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end < 0 ? "." : path.slice(0, end) || "/";
}

/** The last name in a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** An absolute path without ".", ".." and repeated slashes; a relative one is taken from `folder`, and that from here. */
export function absolutePath(folder: string, path: string): string {
  const names: string[] = [];
  for (const name of rooted(rooted(path, () => folder), Deno.cwd).split("/")) {
    if (name === "..") names.pop();
    else if (name !== "." && name !== "") names.push(name);
  }
  return `/${names.join("/")}`;
}

function rooted(path: string, folder: () => string): string {
  return path.startsWith("/") ? path : `${folder() || "."}/${path}`;
}
