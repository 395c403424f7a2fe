/*
 * The calls the console makes, by name. Types come from the API's own document (`npm run api`); nothing outside this file knows
 * which actions share a path, how a page is asked for, or what a write must carry.
 */
import createClient from 'openapi-fetch';
import { csrfToken, forgetCsrfToken } from './csrf';
import { problemOf, unreachable } from './problem';
import type { paths } from './schema';
import type { Answer, Body, Row } from './shape';

export type Job = Row<'/api/jobs/manage', 'photos_count'>;
export type Note = Row<'/api/jobs/case-notes', 'note_text'>;
export type Photo = Row<'/api/jobs/photos', 'uuid'>;
export type Doc = Row<'/api/jobs/documents', 'document_type_name'>;
export type FileType = Row<'/api/jobs/manage', 'permission_key'>;
export type Status = Row<'/api/jobs/statuses', 'stage'>;
export type Named = Pick<Row<'/api/jobs/priorities', 'name'>, 'id' | 'name'>;
export type Address = Row<'/api/jobs/addresses', 'full_address'>;
export type Contractor = Row<'/api/contractors/list', 'trades'>;
export type Profile = Row<'/api/users/profile', 'email'>;
export type NewJob = Body<'/api/jobs/manage', 'create'>;
export type JobChange = Body<'/api/jobs/manage', 'update'>;
type Rights = Answer<'/api/users/permissions', 'get', 'permissions'> & {
  permissions: Record<string, boolean>;
  role: { name: string | null } | null;
};

export interface Branding {
  name: string;
  colour: string;
  logo_url?: string | null;
}

export interface Page<T> {
  records: T[];
  total: number; // capped by the server: TOTAL_MOST + 1 means more
  next: string | null;
}

export const TOTAL_MOST = 10_000;
export const PAGE = 50;

/* A write refused for its token is sent once more with a fresh one: tokens end with their session. */
async function send(request: Request): Promise<Response> {
  if (request.method === 'GET') return fetch(request);
  if (new URL(request.url).pathname === '/api/auth/login') return fetch(request);
  const again = request.clone();
  request.headers.set('X-CSRF-Token', await csrfToken());
  const reply = await fetch(request);
  if (reply.status !== 403) return reply;
  const body = (await reply.clone().json().catch(() => null)) as { code?: string } | null;
  if (body?.code !== 'csrf_invalid') return reply;
  forgetCsrfToken();
  again.headers.set('X-CSRF-Token', await csrfToken());
  return fetch(again);
}

const api = createClient<paths>({ baseUrl: location.origin, credentials: 'same-origin', fetch: send });

async function answer(call: Promise<{ data?: unknown; error?: unknown; response: Response }>): Promise<Record<string, unknown>> {
  const { data, error, response } = await call.catch((cause: unknown) => {
    throw cause instanceof TypeError ? unreachable() : cause;
  });
  if (response.ok && data) return data as Record<string, unknown>;
  throw problemOf(response.status, error, (name) => response.headers.get(name));
}

const one = async <T>(call: Parameters<typeof answer>[0]): Promise<T> => (await answer(call)).data as T;
const all = async <T>(call: Parameters<typeof answer>[0]): Promise<T[]> => ((await answer(call)).data ?? []) as T[];

async function page<T>(call: Parameters<typeof answer>[0]): Promise<Page<T>> {
  const body = await answer(call);
  const records = (body.data ?? []) as T[];
  return { records, total: Number(body.total ?? body.count ?? records.length), next: (body.next_cursor as string | null) ?? null };
}

/* ---- session ---- */

/* The session's cookie is out of reach of scripts. This mark only spares a visitor the question who is signed in. */
const SIGNED_IN = 'propops.signed-in';

export async function signIn(email: string, password: string, remember: boolean): Promise<void> {
  forgetCsrfToken();
  await answer(api.POST('/api/auth/login', { body: { email, password, session: 'cookie', remember_me: remember } }));
  localStorage.setItem(SIGNED_IN, '1');
}

export async function signOut(): Promise<void> {
  await answer(api.POST('/api/auth/logout'));
  localStorage.removeItem(SIGNED_IN);
  forgetCsrfToken();
}

export interface Me {
  profile: Profile | null; // some roles may not read it
  kind: number; // account type: 1 staff, 2 agent, 3 landlord, 4 tenant, 5 contractor
  role: string;
  may(right: string): boolean;
}

const same = (right: string): string => right.replaceAll('-', '_');

/* Who is signed in; null: nobody. */
export async function me(): Promise<Me | null> {
  if (!localStorage.getItem(SIGNED_IN)) return null;
  const [rights, profile] = await Promise.all([
    answer(api.GET('/api/users/permissions')).catch((problem: { status?: number }) => {
      if (problem.status === 401) return null;
      throw problem;
    }),
    one<Profile>(api.GET('/api/users/profile')).catch(() => null),
  ]);
  if (!rights) {
    localStorage.removeItem(SIGNED_IN);
    return null;
  }
  const { permissions, account_type_id, account_type, role } = rights as Rights;
  const held = new Set(Object.entries(permissions).filter(([, has]) => has).map(([right]) => same(right)));
  return { profile, kind: account_type_id, role: role?.name ?? account_type, may: (right) => held.has(same(right)) };
}

export const branding = () => one<Branding>(api.GET('/api/branding'));

/* ---- jobs ---- */

export interface JobFilter {
  q?: string;
  status?: number;
  priority?: number;
  contractor?: number;
}

export const jobs = (filter: JobFilter, offset: number, cursor?: string) =>
  page<Job>(
    api.GET('/api/jobs/manage', {
      params: {
        query: {
          action: 'list',
          search: filter.q || undefined,
          status_id: filter.status,
          priority_id: filter.priority,
          contractor_id: filter.contractor,
          limit: PAGE,
          ...(cursor ? { cursor } : { offset }),
        },
      },
    }),
  );

export const job = (uuid: string) => one<Job>(api.GET('/api/jobs/manage', { params: { query: { action: 'get', uuid } } }));

export async function createJob(fields: NewJob, key: string): Promise<{ uuid: string; ref: string }> {
  const made = await answer(
    api.POST('/api/jobs/manage', { body: { action: 'create', ...fields }, headers: { 'Idempotency-Key': key } }),
  );
  return { uuid: String(made.job_uuid), ref: String(made.job_ref) };
}

export const updateJob = (change: JobChange) =>
  answer(api.POST('/api/jobs/manage', { body: { action: 'update', ...change } }));

export const togglePin = async (job_uuid: string): Promise<boolean> =>
  Boolean((await answer(api.POST('/api/jobs/toggle-pin', { body: { job_uuid } }))).is_pinned);

export const statuses = () => all<Status>(api.GET('/api/jobs/statuses'));
export const priorities = () => all<Named>(api.GET('/api/jobs/priorities'));
export const types = () => all<Named>(api.GET('/api/jobs/types'));
export const fileTypes = () => all<FileType>(api.GET('/api/jobs/manage', { params: { query: { action: 'get_file_types' } } }));

export const addresses = (search: string) => all<Address>(api.GET('/api/jobs/addresses', { params: { query: { search, limit: 20 } } }));

export const contractors = (search: string, limit = 20) =>
  all<Contractor>(api.GET('/api/contractors/list', { params: { query: { action: 'list', search: search || undefined, limit } } }));

/* ---- what belongs to a job ---- */

export const notes = (job_uuid: string) =>
  page<Note>(api.GET('/api/jobs/case-notes', { params: { query: { action: 'list', job_uuid } } }));

export const addNote = (job_uuid: string, note_text: string, key: string) =>
  answer(api.POST('/api/jobs/case-notes', { body: { job_uuid, note_text }, headers: { 'Idempotency-Key': key } }));

export const photos = (job_uuid: string) =>
  page<Photo>(api.GET('/api/jobs/photos', { params: { query: { action: 'list', job_uuid } } }));

export const documents = (job_uuid: string) =>
  page<Doc>(api.GET('/api/jobs/documents', { params: { query: { action: 'list', job_uuid } } }));

const query = (values: Record<string, string>): string => new URLSearchParams(values).toString();

export const photoUrl = (uuid: string) => `/api/jobs/photos?${query({ action: 'download', photo_uuid: uuid })}`;
export const photoThumbnailUrl = (uuid: string) => `${photoUrl(uuid)}&thumbnail=1`;
export const documentUrl = (uuid: string) => `/api/jobs/documents?${query({ action: 'download', document_uuid: uuid })}`;
export const documentThumbnailUrl = (uuid: string) => `/api/jobs/document-thumbnail?${query({ document_uuid: uuid })}`;
