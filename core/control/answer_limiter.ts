export interface Rate {
  /** Answers at once, where none was asked for before. */
  readonly burst: number;
  readonly perSecond: number;
}

const PER_ADDRESS: Rate = { burst: 5, perSecond: 2 };
const OVERALL: Rate = { burst: 100, perSecond: 50 };
/** Remembered at one time; the oldest makes room. */
const MAXIMUM_ADDRESSES = 1024;

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/**
 * Limits the answers to packets that prove nothing about their sender, so that a flood of them makes neither a
 * reflector nor work: a token bucket for each address that is answered, and one over all. Only what the one over all lets
 * through is remembered, so that by the time an address makes room for others (20 s at the rates given here) its bucket is
 * full again: to be forgotten gains it nothing.
 */
export class AnswerLimiter {
  readonly #perAddress: Rate;
  readonly #overallRate: Rate;
  readonly #byAddress = new Map<string, Bucket>();
  readonly #overall: Bucket;

  constructor(perAddress: Rate = PER_ADDRESS, overall: Rate = OVERALL) {
    this.#perAddress = perAddress;
    this.#overallRate = overall;
    this.#overall = { tokens: overall.burst, filledAtMs: 0 };
  }

  /** Takes one answer's worth for this address, or whatever names who asks; false means: stay silent. */
  allow(address: string, monotonicMs: number): boolean {
    fill(this.#overall, this.#overallRate, monotonicMs);
    if (this.#overall.tokens < 1) return false;
    const bucket = this.#bucketOf(address, monotonicMs);
    fill(bucket, this.#perAddress, monotonicMs);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    this.#overall.tokens -= 1;
    return true;
  }

  #bucketOf(address: string, monotonicMs: number): Bucket {
    const known = this.#byAddress.get(address);
    if (known !== undefined) return known;
    if (this.#byAddress.size >= MAXIMUM_ADDRESSES) {
      this.#byAddress.delete(this.#byAddress.keys().next().value!);
    }
    const bucket = { tokens: this.#perAddress.burst, filledAtMs: monotonicMs };
    this.#byAddress.set(address, bucket);
    return bucket;
  }
}

function fill(bucket: Bucket, rate: Rate, monotonicMs: number): void {
  const gained = Math.max(0, monotonicMs - bucket.filledAtMs) / 1000 * rate.perSecond;
  bucket.tokens = Math.min(rate.burst, bucket.tokens + gained);
  bucket.filledAtMs = monotonicMs;
}
