/* Short messages that come and go, and what is read out for people who do not see the screen change. */
export interface Notice {
  id: number;
  text: string;
  tone: 'done' | 'refused' | 'news';
  action?: { label: string; run(): void };
}

const SHOWN_MS = 6_000;
let notices: readonly Notice[] = [];
let spoken = '';
let latest = 0;
const listeners = new Set<() => void>();

function tell(): void {
  for (const listener of listeners) listener();
}

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const currentNotices = (): readonly Notice[] => notices;
export const currentlySpoken = (): string => spoken;

export function dismiss(id: number): void {
  notices = notices.filter((notice) => notice.id !== id);
  tell();
}

/* Refusals and notices with something to do stay until they are dismissed. */
export function notify(text: string, tone: Notice['tone'] = 'done', action?: Notice['action']): void {
  const id = ++latest;
  notices = [...notices.slice(-2), { id, text, tone, action }];
  if (tone === 'done' && !action) setTimeout(() => dismiss(id), SHOWN_MS);
  tell();
}

export function speak(text: string): void {
  spoken = text;
  tell();
}
