/*
 * Uploads under way, across screens: leaving a job does not stop its files. Two at a time; what failed for want of a network is
 * sent again when there is one, what the server refused waits for a person.
 */
import { asProblem } from './api/problem';
import { bodyOf, sendFile, type Body, type Upload } from './api/upload';
import { client } from './queries';
import { count, size } from './words';
import { speak } from './notices';

export interface Item extends Upload {
  id: number;
  job: string;
  state: 'waiting' | 'sending' | 'storing' | 'held' | 'refused';
  share: number;
  reason: string;
}

const AT_ONCE = 2;
const LARGEST = 25_000_000;

let items: readonly Item[] = [];
let latest = 0;
const bodies = new Map<number, Body>();
const aborts = new Map<number, AbortController>();
const listeners = new Set<() => void>();

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const currentItems = (): readonly Item[] => items;

function change(id: number, changes: Partial<Item>): void {
  items = items.map((item) => (item.id === id ? { ...item, ...changes } : item));
  for (const listener of listeners) listener();
}

function drop(id: number): void {
  items = items.filter((item) => item.id !== id);
  bodies.delete(id);
  aborts.delete(id);
  for (const listener of listeners) listener();
}

async function run(item: Item): Promise<void> {
  const abort = new AbortController();
  aborts.set(item.id, abort);
  change(item.id, { state: 'sending', share: 0, reason: '' });
  try {
    const body = bodies.get(item.id) ?? (await bodyOf(item));
    bodies.set(item.id, body);
    await sendFile(item, body, (share) => change(item.id, { share, state: share < 1 ? 'sending' : 'storing' }), abort.signal);
    drop(item.id);
    await client.invalidateQueries({ queryKey: ['job', item.job] });
    speak(`${item.file.name} added`);
  } catch (error) {
    if (abort.signal.aborted) return drop(item.id);
    const problem = asProblem(error);
    if (problem.unreachable) return change(item.id, { state: 'held' });
    change(item.id, { state: 'refused', reason: problem.fields[item.part] ?? problem.message });
    speak(`${item.file.name}: ${problem.message}`);
  } finally {
    next();
  }
}

function next(): void {
  const busy = items.filter((item) => item.state === 'sending' || item.state === 'storing').length;
  for (const item of items.filter((one) => one.state === 'waiting').slice(0, AT_ONCE - busy)) void run(item);
}

export function add(job: string, files: Iterable<File>, what: Pick<Upload, 'path' | 'part' | 'fields'>): void {
  const added = [...files].map<Item>((file) => ({
    ...what,
    id: ++latest,
    job,
    file,
    key: crypto.randomUUID(),
    fields: { job_uuid: job, ...what.fields },
    state: file.size > LARGEST ? 'refused' : 'waiting',
    share: 0,
    reason: file.size > LARGEST ? `${size(file.size)} is more than the 25 MB a file may have` : '',
  }));
  items = [...items, ...added];
  speak(`Sending ${count(added.length, 'file')}`);
  next();
  for (const listener of listeners) listener();
}

export function again(id: number): void {
  change(id, { state: 'waiting', reason: '' });
  next();
}

export function cancel(id: number): void {
  const abort = aborts.get(id);
  if (abort && items.some((item) => item.id === id && (item.state === 'sending' || item.state === 'storing'))) abort.abort();
  else drop(id);
}

addEventListener('online', () => {
  for (const item of items) if (item.state === 'held') change(item.id, { state: 'waiting' });
  next();
});

addEventListener('beforeunload', (event) => {
  if (items.some((item) => item.state !== 'refused')) event.preventDefault();
});
