/* Keys without a modifier. They can be switched off, since they get in the way of speech input. */
import { useEffect } from 'react';

const OFF = 'propops.shortcuts-off';
const SEQUENCE_MS = 1_200;

export const shortcutsAreOff = (): boolean => localStorage.getItem(OFF) === '1';
export function switchShortcuts(on: boolean): void {
  if (on) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, '1');
}

let first = { key: '', at: 0 };

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

const busy = (): boolean => document.querySelector('[role=dialog], [role=menu], [role=listbox]') !== null;

/* `keys` must stay the same object while nothing changes. */
export function useShortcuts(keys: Readonly<Record<string, () => void>>): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (typing(event.target) || busy() || (shortcutsAreOff() && event.key !== '?')) return;
      const sequence = event.timeStamp - first.at < SEQUENCE_MS ? `${first.key} ${event.key}` : '';
      const act = keys[sequence] ?? (sequence && first.key === 'g' ? undefined : keys[event.key]);
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [keys]);
}

/* The first key of a sequence is remembered after every listener has seen it. */
addEventListener('keydown', (event) =>
  setTimeout(() => {
    first = { key: typing(event.target) ? '' : event.key, at: event.timeStamp };
  }),
);
