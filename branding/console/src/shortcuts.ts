/* Keys without a modifier. They can be switched off, since they get in the way of speech input. */
import { useEffect } from 'react';

const OFF = 'propops.shortcuts-off';
const SEQUENCE_MS = 1_200;

export const shortcutsAreOff = (): boolean => localStorage.getItem(OFF) === '1';
export function switchShortcuts(on: boolean): void {
  if (on) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, '1');
}

type Keys = Readonly<Record<string, () => void>>;

/* The keys in force, of the frame and of the screen in it. */
const active = new Set<Keys>();
let first = { key: '', at: 0 };

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

const busy = (): boolean => document.querySelector('[role=dialog], [role=menu], [role=listbox]') !== null;

function actFor(event: KeyboardEvent): (() => void) | undefined {
  const find = (key: string) => [...active].map((keys) => keys[key]).find((act) => act !== undefined);
  const follows = first.key === 'g' && event.timeStamp - first.at < SEQUENCE_MS;
  return find(follows ? `g ${event.key}` : event.key);
}

addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (typing(event.target) || busy() || (shortcutsAreOff() && event.key !== '?')) return;
  const act = actFor(event);
  first = { key: event.key, at: event.timeStamp };
  if (!act) return;
  event.preventDefault();
  act();
});

/* `keys` must stay the same object while nothing changes. */
export function useShortcuts(keys: Keys): void {
  useEffect(() => {
    active.add(keys);
    return () => {
      active.delete(keys);
    };
  }, [keys]);
}
