/* The session's token for writing: asked for once, again after it was refused. */
import { problemOf, unreachable } from './problem';

let asked: Promise<string> | undefined;

async function ask(): Promise<string> {
  const reply = await fetch('/api/security/csrf-token').catch(() => {
    throw unreachable();
  });
  const body = (await reply.json().catch(() => null)) as { data?: { token?: string } } | null;
  if (!reply.ok || !body?.data?.token) throw problemOf(reply.status, body, (name) => reply.headers.get(name));
  return body.data.token;
}

export function csrfToken(): Promise<string> {
  asked ??= ask();
  asked.catch(forgetCsrfToken);
  return asked;
}

export function forgetCsrfToken(): void {
  asked = undefined;
}
