/* Makes one call of the API and tells everything about its answer; and says the same call in curl. */
import type { Operation } from './document';

export interface Request {
  operation: Operation;
  values: Record<string, string>; // of parameters, by name
  json: string;
  fields: Record<string, string | File>; // of a multipart body
  token: string;
}

export interface Answer {
  status: number;
  statusText: string;
  milliseconds: number;
  bytes: number;
  headers: [string, string][];
  type: string;
  text: string | null; // null: not text
  blob: Blob;
}

export function addressOf({ operation, values }: Request): string {
  let path = operation.path;
  const query = new URLSearchParams();
  if (operation.action && operation.method === 'GET') query.set('action', operation.action);
  for (const { name, in: place } of operation.parameters) {
    const value = values[name]?.trim() ?? '';
    if (place === 'path') path = path.replace(`{${name}}`, encodeURIComponent(value));
    else if (value !== '') query.set(name, value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

function formOf({ operation, fields }: Request): FormData {
  const form = new FormData();
  if (operation.action) form.set('action', operation.action);
  for (const [name, value] of Object.entries(fields)) if (value !== '' && name !== 'action') form.set(name, value);
  return form;
}

export async function send(request: Request, signal: AbortSignal): Promise<Answer> {
  const { operation, json, token } = request;
  const headers = new Headers();
  if (token) headers.set('Authorization', `Bearer ${token}`);
  let body: BodyInit | undefined;
  if (operation.body?.multipart) body = formOf(request);
  else if (operation.body) {
    headers.set('Content-Type', 'application/json');
    body = json;
  }
  const started = performance.now();
  const reply = await fetch(addressOf(request), { method: operation.method, headers, body, credentials: 'omit', signal });
  const blob = await reply.blob();
  const type = reply.headers.get('content-type') ?? '';
  return {
    status: reply.status,
    statusText: reply.statusText,
    milliseconds: performance.now() - started,
    bytes: blob.size,
    headers: [...reply.headers.entries()],
    type,
    text: /^(application\/([\w.+-]*json|xml)|text\/)/.test(type) ? await blob.text() : null,
    blob,
  };
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/* The token stays out of what is copied. */
export function curl(request: Request): string {
  const { operation, json, token } = request;
  const parts = [`curl ${quoted(location.origin + addressOf(request))}`];
  if (operation.method !== 'GET' && !(operation.method === 'POST' && operation.body)) parts.push(`-X ${operation.method}`);
  if (token) parts.push('-H "Authorization: Bearer $TOKEN"');
  if (operation.body?.multipart) {
    for (const [name, value] of formOf(request)) parts.push(`-F ${quoted(`${name}=${value instanceof File ? `@${value.name}` : value}`)}`);
  } else if (operation.body) {
    parts.push("-H 'Content-Type: application/json'", `-d ${quoted(json)}`);
  }
  return parts.join(' \\\n  ');
}
