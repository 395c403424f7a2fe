/* The playground: every operation of the API, tried with an account of one's own. The token lives in this tab's memory only. */
import { startTransition, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { operations, type ApiDocument, type Operation } from './document';
import { may, Session, type Caller } from './session';
import { Try } from './try';

type Loaded = { state: 'loading' } | { state: 'failed'; reason: string } | { state: 'ready'; list: Operation[] };

async function load(): Promise<Loaded> {
  try {
    const reply = await fetch('/api/openapi.json');
    if (!reply.ok) return { state: 'failed', reason: `The server answered ${reply.status}` };
    return { state: 'ready', list: operations((await reply.json()) as ApiDocument) };
  } catch {
    return { state: 'failed', reason: navigator.onLine ? 'The server could not be reached' : 'You are offline' };
  }
}

function useChosen(): string {
  const read = () => decodeURIComponent(location.hash.slice(1));
  const [chosen, setChosen] = useState(read);
  useEffect(() => {
    const follow = () => startTransition(() => setChosen(read()));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return chosen;
}

const matches = (operation: Operation, words: string[]): boolean => {
  const text = `${operation.method} ${operation.path} ${operation.action ?? ''} ${operation.summary} ${operation.rights.join(' ')}`.toLowerCase();
  return words.every((word) => text.includes(word));
};

function List({ list, chosen, caller }: { list: Operation[]; chosen: string; caller: Caller | null }) {
  const search = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState('');
  const shown = useMemo(() => {
    const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
    const groups = new Map<string, Operation[]>();
    for (const operation of list)
      if (matches(operation, words)) groups.set(operation.module, [...(groups.get(operation.module) ?? []), operation]);
    return [...groups];
  }, [list, typed]);
  const count = shown.reduce((sum, [, group]) => sum + group.length, 0);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || /^(INPUT|TEXTAREA|SELECT)$/.test((event.target as HTMLElement).tagName)) return;
      event.preventDefault();
      search.current?.focus();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);

  return (
    <nav className="lab-list" aria-label="Operations">
      <div className="lab-search">
        <input
          ref={search}
          type="search"
          className="input"
          aria-label="Search the operations"
          placeholder="Path, action or words"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <p className="lab-count" role="status">
          {count === list.length ? `${count} operations` : `${count} of ${list.length} operations`}
        </p>
      </div>
      {shown.map(([module, group]) => (
        <section key={module} aria-label={module}>
          <h2>{module}</h2>
          <ul>
            {group.map((operation) => (
              <li key={operation.id}>
                <a href={`#${operation.id}`} aria-current={operation.id === chosen || undefined} data-denied={may(caller, operation) === false || undefined}>
                  <span className="method" data-method={operation.method}>
                    {operation.method}
                  </span>
                  <span className="lab-name">
                    {operation.summary}
                    <small>
                      {operation.path}
                      {operation.action && ` · ${operation.action}`}
                    </small>
                  </span>
                </a>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </nav>
  );
}

function Playground() {
  const [loaded, setLoaded] = useState<Loaded>({ state: 'loading' });
  const [caller, setCaller] = useState<Caller | null>(null);
  const chosen = useChosen();
  const reload = () => void load().then((result) => startTransition(() => setLoaded(result)));
  useEffect(reload, []);
  const operation = loaded.state === 'ready' ? loaded.list.find(({ id }) => id === chosen) : undefined;

  return (
    <>
      <a className="skip" href="#main" onClick={(event) => (event.preventDefault(), document.getElementById('main')?.focus())}>
        Skip to the content
      </a>
      <header className="lab-head">
        <h1>
          <img src="/favicon.svg" alt="" width="28" height="28" /> API playground
        </h1>
        <Session caller={caller} onChange={setCaller} />
      </header>
      <div className="lab" data-open={operation ? true : undefined}>
        {loaded.state === 'ready' && <List list={loaded.list} chosen={chosen} caller={caller} />}
        {loaded.state !== 'ready' && <div className="lab-list lab-wait" aria-hidden="true" />}
        <main id="main" tabIndex={-1}>
          {loaded.state === 'failed' ? (
            <div className="state" role="alert">
              <p className="state-title">The API’s document could not be loaded</p>
              <p>{loaded.reason}.</p>
              <button type="button" className="button" onClick={reload}>
                Try again
              </button>
            </div>
          ) : operation ? (
            <Try key={operation.id} operation={operation} caller={caller} />
          ) : (
            <div className="state">
              <p className="state-title">Choose an operation</p>
              <p>Each one can be tried here, with your account and against the real data of your organisation.</p>
              <p>
                The whole document: <a href="/api/openapi.json">/api/openapi.json</a>
              </p>
            </div>
          )}
        </main>
      </div>
    </>
  );
}

export function start(createRoot: (container: Element) => { render(node: ReactNode): void }): void {
  startTransition(() => createRoot(document.getElementById('app')!).render(<Playground />));
}
