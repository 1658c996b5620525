import type { CaptureTime } from "../capture/captured_packet.ts";

const DAY_SECONDS = 86_400;
/** Days from 0000-03-01 to 1970-01-01, and in the eras of 400 years by which the calendar repeats. */
const EPOCH_DAYS = 719_468;
const ERA_DAYS = 146_097;

/** "2026-01-31 12:00:00.123456 UTC"; `digits` behind the second. */
export function formatUtcTime({ seconds, nanoseconds }: CaptureTime, digits: 6 | 9): string {
  const days = Math.floor(seconds / DAY_SECONDS);
  const secondOfDay = seconds - days * DAY_SECONDS;
  const clock = [Math.floor(secondOfDay / 3600), Math.floor(secondOfDay / 60) % 60, secondOfDay % 60]
    .map((part) => String(part).padStart(2, "0")).join(":");
  const fraction = String(nanoseconds).padStart(9, "0").slice(0, digits);
  return `${formatDate(days)} ${clock}.${fraction} UTC`;
}

/** The Gregorian date, counting years from March so that the leap day is a year's last. */
function formatDate(daysSince1970: number): string {
  const days = daysSince1970 + EPOCH_DAYS;
  const era = Math.floor(days / ERA_DAYS);
  const dayOfEra = days - era * ERA_DAYS;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0);
  return [String(year).padStart(4, "0"), String(month).padStart(2, "0"), String(day).padStart(2, "0")].join(
    "-",
  );
}
