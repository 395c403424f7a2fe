import { useEffect, useRef, useState, type FormEvent } from 'react';
import type { Operation } from './document';

export interface Caller {
  token: string;
  name: string;
  rights: ReadonlySet<string>; // with underscores for hyphens
}

/* Whether a caller holds an operation's right; null: nobody is signed in, or it needs none. */
export const may = (caller: Caller | null, operation: Operation): boolean | null =>
  caller === null || operation.rights.length === 0 ? null : operation.rights.some((right) => caller.rights.has(right.replaceAll('-', '_')));

interface Reply {
  token?: string;
  error?: string;
  fields?: Record<string, string[]>;
  user?: { name?: string };
  permissions?: Record<string, boolean>;
  data?: { first_name?: string; last_name?: string; email?: string };
}

async function ask(path: string, init: RequestInit): Promise<{ ok: boolean; body: Reply }> {
  try {
    const reply = await fetch(path, { credentials: 'omit', ...init });
    return { ok: reply.ok, body: (await reply.json().catch(() => ({}))) as Reply };
  } catch {
    return { ok: false, body: { error: navigator.onLine ? 'The server could not be reached' : 'You are offline' } };
  }
}

const withToken = (token: string): RequestInit => ({ headers: { Authorization: `Bearer ${token}` } });

/* Who a token belongs to and what that account may do; a sentence when it is worth nothing. */
async function recognise(token: string): Promise<Caller | string> {
  const rights = await ask('/api/users/permissions', withToken(token));
  if (!rights.ok) return rights.body.error ?? 'The token was not accepted';
  const { body } = await ask('/api/users/profile', withToken(token));
  const name = [body.data?.first_name, body.data?.last_name].filter(Boolean).join(' ') || body.data?.email || 'Signed in';
  const held = Object.entries(rights.body.permissions ?? {}).filter(([, has]) => has);
  return { token, name, rights: new Set(held.map(([right]) => right.replaceAll('-', '_'))) };
}

async function enter(fields: FormData): Promise<Caller | Reply> {
  const pasted = String(fields.get('token') ?? '').trim();
  if (pasted) {
    const caller = await recognise(pasted);
    return typeof caller === 'string' ? { error: caller } : caller;
  }
  const { ok, body } = await ask('/api/auth/login', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(Object.fromEntries(['email', 'password', 'org'].flatMap((name) => (fields.get(name) ? [[name, fields.get(name)]] : [])))),
  });
  if (!ok || !body.token) return body;
  const caller = await recognise(body.token);
  return typeof caller === 'string' ? { error: caller } : caller;
}

function Form({ onEnter }: { onEnter: (caller: Caller) => void }) {
  const [way, setWay] = useState<'password' | 'token'>('password');
  const [problem, setProblem] = useState<Reply | null>(null);
  const [busy, setBusy] = useState(false);
  const needsOrg = problem?.fields?.org !== undefined;

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    const result = await enter(new FormData(event.currentTarget));
    setBusy(false);
    if ('rights' in result) onEnter(result);
    else setProblem(result);
  };
  const said = problem && (problem.fields ? Object.entries(problem.fields).map(([name, words]) => `${name} ${words.join(', ')}`).join('; ') : (problem.error ?? 'That did not work'));

  return (
    <form className="form" onSubmit={(event) => void submit(event)}>
      <fieldset className="ways">
        <legend className="unseen">How to sign in</legend>
        {(['password', 'token'] as const).map((one) => (
          <label key={one}>
            <input type="radio" name="way" checked={way === one} onChange={() => setWay(one)} />
            {one === 'password' ? 'E-mail and password' : 'A token'}
          </label>
        ))}
      </fieldset>
      {said && (
        <p className="alert" role="alert">
          {said}
        </p>
      )}
      {way === 'password' ? (
        <>
          <label className="field">
            <span className="label">E-mail address</span>
            <input className="input" name="email" type="email" autoComplete="username" required />
          </label>
          <label className="field">
            <span className="label">Password</span>
            <input className="input" name="password" type="password" autoComplete="current-password" required />
          </label>
          {needsOrg && (
            <label className="field">
              <span className="label">Organisation</span>
              <input className="input" name="org" required autoFocus />
            </label>
          )}
        </>
      ) : (
        <label className="field">
          <span className="label">Bearer token</span>
          <textarea className="input area code" name="token" rows={3} spellCheck={false} autoComplete="off" required />
        </label>
      )}
      <p className="hint">A new sign-in ends the account’s earlier token. The token stays in this tab and is gone when it closes.</p>
      <button type="submit" className="button primary" data-busy={busy || undefined}>
        {busy ? 'Signing in…' : 'Sign in'}
      </button>
    </form>
  );
}

export function Session({ caller, onChange }: { caller: Caller | null; onChange: (caller: Caller | null) => void }) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!open) return;
    box.current?.querySelector<HTMLElement>('input:not([type=radio]), textarea')?.focus();
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      setOpen(false);
      button.current?.focus();
    };
    const onPress = (event: PointerEvent) => !box.current?.contains(event.target as Node) && setOpen(false);
    addEventListener('keydown', onKey);
    addEventListener('pointerdown', onPress);
    return () => {
      removeEventListener('keydown', onKey);
      removeEventListener('pointerdown', onPress);
    };
  }, [open]);

  if (caller)
    return (
      <div className="lab-session">
        <span>
          <b>{caller.name}</b>
        </span>
        <button
          type="button"
          className="button"
          onClick={() => {
            void ask('/api/auth/logout', { method: 'POST', ...withToken(caller.token) });
            onChange(null);
          }}
        >
          Sign out
        </button>
      </div>
    );
  return (
    <div className="lab-session" ref={box}>
      <button ref={button} type="button" className="button primary" aria-expanded={open} aria-controls="sign-in" onClick={() => setOpen(!open)}>
        Sign in
      </button>
      <div id="sign-in" className="lab-popover" hidden={!open}>
        <Form
          onEnter={(entered) => {
            setOpen(false);
            onChange(entered);
          }}
        />
      </div>
    </div>
  );
}
