import {
  associationsOf,
  type MobileNodeEntry,
  type MobilitySecurityAssociation,
} from "../../core/control/settings.ts";
import type { Configuration } from "./record.ts";

/*
 * The shared keys that a daemon holds. Each is in one array of octets, read from its file, which is overwritten when the key is
 * not used any more. What the runtime copied on the way stays until its memory is used again: see docs/keys.md.
 */

type Secured = Pick<MobileNodeEntry, "security" | "previousSecurity">;

function keysOf(configuration: Configuration): Uint8Array[] {
  return [
    ...securedIn(configuration).flatMap(associationsOf).map(({ key }) => key),
    ...configuration.securityAssociations.flatMap((esp) => [esp.encryptionKey, esp.integrityKey]),
  ];
}

/** Overwrites the keys of a configuration, but not those that another one goes on with. */
export function overwriteKeys(unused: Configuration, used?: Configuration): void {
  const kept = new Set(used === undefined ? [] : keysOf(used));
  for (const key of keysOf(unused)) {
    if (!kept.has(key)) key.fill(0);
  }
}

/**
 * The fresh configuration, where keys that it has in common with the running one are the same arrays: who holds one goes on
 * with it. The second copies are overwritten.
 */
export function withHeldKeys<Kind extends Configuration>(fresh: Kind, running: Kind): Kind {
  const held = new Map(
    securedIn(running).flatMap(associationsOf).map((association) => [association.spi, association]),
  );
  const keep = <Entry extends Secured>(entry: Entry): Entry => {
    const security = keptAssociation(entry.security, held);
    const previousSecurity = keptAssociation(entry.previousSecurity, held);
    return { ...entry, security, ...(previousSecurity === undefined ? {} : { previousSecurity }) };
  };
  if (fresh.kind === "mobileNode") return { ...fresh, settings: keep(fresh.settings) };
  const mobileNodes = fresh.settings.mobileNodes.map(keep);
  return { ...fresh, settings: { ...fresh.settings, mobileNodes } };
}

function keptAssociation(
  association: MobilitySecurityAssociation | undefined,
  held: ReadonlyMap<number, MobilitySecurityAssociation>,
): MobilitySecurityAssociation | undefined {
  if (association === undefined) return undefined;
  const before = held.get(association.spi);
  const isSame = before?.algorithm === association.algorithm &&
    before.key.length === association.key.length &&
    before.key.every((octet, index) => octet === association.key[index]);
  if (!isSame) return association;
  association.key.fill(0);
  return before;
}

function securedIn({ kind, settings }: Configuration): readonly Secured[] {
  return kind === "homeAgent" ? settings.mobileNodes : [settings];
}
