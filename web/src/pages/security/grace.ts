// How long an old token is still accepted: the choices, and the time that is left. Pure.

export type Unit = 'm' | 'h' | 'd';
export const kGraceDaysMax = 365;

const kSeconds: Record<Unit, number> = { m: 60, h: 3_600, d: 86_400 };

// "90m" for the server; null where the text is no whole number in range.
export function grace_of(text: string, unit: Unit): string | null {
  if (!/^[0-9]{1,6}$/.test(text.trim())) return null;
  const count = Number(text.trim());
  const seconds = count * kSeconds[unit];
  return count > 0 && seconds <= kGraceDaysMax * kSeconds.d ? `${count}${unit}` : null;
}

// "2 d 03:04:05", "03:04:05", "04:05"; null when it is over.
export function time_left(until: number, now: number): string | null {
  const seconds = Math.ceil((until - now) / 1_000);
  if (seconds <= 0) return null;
  const two = (value: number) => String(value).padStart(2, '0');
  const days = Math.floor(seconds / kSeconds.d);
  const hours = Math.floor((seconds % kSeconds.d) / kSeconds.h);
  const rest = `${two(Math.floor((seconds % kSeconds.h) / 60))}:${two(seconds % 60)}`;
  if (days > 0) return `${days} d ${two(hours)}:${rest}`;
  return hours > 0 ? `${two(hours)}:${rest}` : rest;
}
