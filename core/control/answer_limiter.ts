interface Rate {
  /** Answers at once, where none was asked for before. */
  readonly burst: number;
  readonly perSecond: number;
}

const PER_ADDRESS: Rate = { burst: 5, perSecond: 2 };
const OVERALL: Rate = { burst: 100, perSecond: 50 };
const MAXIMUM_ADDRESSES = 1024;

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/**
 * Limits the answers to packets that prove nothing about their sender, so that a flood of them makes neither a
 * reflector nor work: a token bucket for each address that is answered, and one over all.
 */
export class AnswerLimiter {
  readonly #perAddress: Rate;
  readonly #byAddress = new Map<string, Bucket>();
  readonly #overall: Bucket = { tokens: OVERALL.burst, filledAtMs: 0 };

  constructor(perAddress: Rate = PER_ADDRESS) {
    this.#perAddress = perAddress;
  }

  /** Takes one answer's worth for this address; false means: stay silent. */
  allow(address: string, monotonicMs: number): boolean {
    let bucket = this.#byAddress.get(address);
    if (bucket === undefined) {
      if (this.#byAddress.size >= MAXIMUM_ADDRESSES) this.#forgetOldest();
      bucket = { tokens: this.#perAddress.burst, filledAtMs: monotonicMs };
      this.#byAddress.set(address, bucket);
    }
    fill(bucket, this.#perAddress, monotonicMs);
    fill(this.#overall, OVERALL, monotonicMs);
    if (bucket.tokens < 1 || this.#overall.tokens < 1) return false;
    bucket.tokens -= 1;
    this.#overall.tokens -= 1;
    return true;
  }

  #forgetOldest(): void {
    for (const address of this.#byAddress.keys()) {
      this.#byAddress.delete(address);
      return;
    }
  }
}

function fill(bucket: Bucket, rate: Rate, monotonicMs: number): void {
  const gained = Math.max(0, monotonicMs - bucket.filledAtMs) / 1000 * rate.perSecond;
  bucket.tokens = Math.min(rate.burst, bucket.tokens + gained);
  bucket.filledAtMs = monotonicMs;
}
