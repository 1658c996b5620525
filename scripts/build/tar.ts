/** A file that goes into an archive. */
export interface ArchivedFile {
  /** Relative, at most 100 octets. */
  readonly path: string;
  readonly content: Uint8Array;
  readonly isExecutable?: boolean;
}

const BLOCK = 512;

/**
 * A tar archive (POSIX ustar) with these files in this order, all of user 0 and with one time, so that the same files give
 * the same octets.
 *
 * @param time seconds since 1970
 */
export function tar(files: readonly ArchivedFile[], time = 0): Uint8Array<ArrayBuffer> {
  const blocks = files.reduce((sum, { content }) => sum + 1 + Math.ceil(content.length / BLOCK), 0);
  // Two blocks of zeros are the end.
  const archive = new Uint8Array((blocks + 2) * BLOCK);
  let offset = 0;
  for (const file of files) {
    archive.set(header(file, time), offset);
    archive.set(file.content, offset + BLOCK);
    offset += BLOCK + Math.ceil(file.content.length / BLOCK) * BLOCK;
  }
  return archive;
}

function header({ path, content, isExecutable }: ArchivedFile, time: number): Uint8Array {
  const name = new TextEncoder().encode(path);
  if (name.length > 100) throw new Error(`${path}: too long a name for a tar archive (100 octets)`);
  const block = new Uint8Array(BLOCK);
  const put = (offset: number, text: string) => block.set(new TextEncoder().encode(text), offset);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  block.set(name);
  put(100, octal(isExecutable ? 0o755 : 0o644, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(content.length, 11));
  put(136, octal(time, 11));
  put(156, "0");
  put(257, "ustar");
  put(263, "00");
  // The checksum is that of the header with spaces in place of the checksum.
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, octet) => total + octet, 0);
  put(148, `${octal(sum, 6)}\0 `);
  return block;
}
