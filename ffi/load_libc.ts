/** Why dsmip cannot make system calls on this machine; undefined where it can. */
export function unsupportedPlatform(os: string, arch: string): string | undefined {
  if (os !== "linux") return `dsmip needs Linux: its system calls are not those of ${os}`;
  if (arch !== "x86_64" && arch !== "aarch64") return `dsmip needs x86-64 or arm64, not ${arch}`;
  return undefined;
}

/**
 * C functions by their prototypes. This never fails, so that help and `decode` work everywhere; the first call does.
 * Each function takes up to half a millisecond: who loads only a few starts sooner.
 */
export function loadLibc<const Symbols extends Deno.ForeignLibraryInterface>(
  symbols: Symbols,
): Deno.StaticForeignLibraryInterface<Symbols> {
  const unsupported = unsupportedPlatform(Deno.build.os, Deno.build.arch);
  if (unsupported !== undefined) return refusing(() => new Error(unsupported));
  try {
    return Deno.dlopen("libc.so.6", symbols).symbols;
  } catch (cause) {
    return refusing(() =>
      new Error("Cannot load libc.so.6: dsmip needs the GNU C library and --allow-ffi", { cause })
    );
  }
}

function refusing<Calls>(reason: () => Error): Calls {
  return new Proxy({}, {
    get() {
      throw reason();
    },
  }) as Calls;
}
