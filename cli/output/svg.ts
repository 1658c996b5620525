/** The little that a picture needs: text that is safe in XML, and axes with round numbers. */

/** Text for an SVG element or attribute; characters that XML 1.0 forbids are shown as a replacement. */
export function escapeXml(text: string): string {
  return text
    // deno-lint-ignore no-control-regex
    .replace(/[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]/g, "\ufffd")
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** A number with at most one digit behind the point: what a pixel needs. */
export function pixel(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** A straight axis from `from`..`to` of values to `start`..`end` of pixels. */
export class Scale {
  readonly #factor: number;

  constructor(
    readonly from: number,
    readonly to: number,
    readonly start: number,
    readonly end: number,
  ) {
    this.#factor = to > from ? (end - start) / (to - from) : 0;
  }

  place(value: number): number {
    return this.start + (value - this.from) * this.#factor;
  }

  /** About `count` round values, and how to write them. */
  ticks(count: number): { readonly value: number; readonly label: string }[] {
    const span = this.to - this.from;
    if (!(span > 0)) return [{ value: this.from, label: String(this.from) }];
    const step = roundStep(span / count);
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const ticks = [];
    for (let index = Math.ceil(this.from / step - 1e-9); index * step <= this.to + step * 1e-9; index++) {
      const value = index * step;
      ticks.push({ value, label: thousands(value.toFixed(digits)) });
    }
    return ticks;
  }
}

/** The next of 1, 2, 5, 10, 20, 50, ... */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= least * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** 12345 as "12 345": a comma is a decimal point to some. */
function thousands(text: string): string {
  const [whole, fraction] = text.split(".");
  const grouped = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, "\u2009") : whole;
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
