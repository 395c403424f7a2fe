/* How values read: dates of this country, times as long ago, money, sizes. */
const ZONE = 'Europe/London';
const dayFormat = new Intl.DateTimeFormat('en-GB', { timeZone: ZONE, day: 'numeric', month: 'short', year: 'numeric' });
const timeFormat = new Intl.DateTimeFormat('en-GB', { timeZone: ZONE, day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' });
const relative = new Intl.RelativeTimeFormat('en-GB', { numeric: 'auto' });
const pounds = new Intl.NumberFormat('en-GB', { style: 'currency', currency: 'GBP' });
const plainNumber = new Intl.NumberFormat('en-GB');

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/* A day without a time belongs to no zone: noon keeps it the same day everywhere. */
export const day = (date: string): string => dayFormat.format(new Date(date.length === 10 ? `${date}T12:00:00Z` : date));
export const moment = (time: string): string => timeFormat.format(new Date(time));

export function ago(time: string, now = Date.now()): string {
  const seconds = (new Date(time).getTime() - now) / 1000;
  for (const [unit, length] of STEPS) if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  return 'just now';
}

export const money = (amount: number): string => pounds.format(amount);
export const number = (value: number): string => plainNumber.format(value);
export const count = (value: number, one: string, many = `${one}s`): string => `${number(value)} ${value === 1 ? one : many}`;

export function size(bytes: number): string {
  if (bytes >= 1_000_000) return `${(bytes / 1_000_000).toFixed(1)} MB`;
  return `${Math.max(1, Math.round(bytes / 1000))} KB`;
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ', '#39': "'" };

/* Descriptions may hold markup from elsewhere; they are shown as the text they mean, never as markup. */
export function plain(rich: string): string {
  if (!/<[a-z/][^>]*>/i.test(rich)) return rich;
  return rich
    .replace(/<br\s*\/?>|<\/(p|div|li|h\d)>/gi, '\n')
    .replace(/<[^>]*>/g, '')
    .replace(/&(amp|lt|gt|quot|nbsp|#39);/g, (_, name: string) => ENTITIES[name]!)
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
