import type { Random } from "./random.ts";

/** How well a path carries packets, each way. */
export interface LinkQuality {
  /** 0..1 */
  readonly lossProbability: number;
  /** 0..1: a second copy arrives, at its own time. */
  readonly duplicateProbability: number;
  readonly delayMs: number;
  /** Up to so much more delay, drawn for each packet: later ones overtake earlier ones. */
  readonly jitterMs: number;
}

export const GOOD_LINK: LinkQuality = {
  lossProbability: 0,
  duplicateProbability: 0,
  delayMs: 10,
  jitterMs: 0,
};

/** A link that carries nothing. */
export const BROKEN_LINK: LinkQuality = { ...GOOD_LINK, lossProbability: 1 };

/** The delays after which copies of one packet arrive, milliseconds: none where it is lost. */
export function transits(quality: LinkQuality, random: Random): readonly number[] {
  const delay = () => quality.delayMs + (quality.jitterMs > 0 ? random.fraction() * quality.jitterMs : 0);
  if (quality.lossProbability > 0 && random.chance(quality.lossProbability)) return [];
  if (quality.duplicateProbability > 0 && random.chance(quality.duplicateProbability)) {
    return [delay(), delay()];
  }
  return [delay()];
}
