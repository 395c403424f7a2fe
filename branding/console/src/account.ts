/* What somebody's kind and rights let them do here. The server decides; this only leaves out what it would refuse. */
import type { FileType, Me } from './api/client';

const STAFF = 1;
const AGENT = 2;
const CONTRACTOR = 5;

const MANAGE_JOBS = 'api.jobs.manage.manage';

export const isContractor = (me: Me): boolean => me.kind === CONTRACTOR;
export const mayRaise = (me: Me): boolean => (me.kind === STAFF || me.kind === AGENT) && me.may(MANAGE_JOBS);
export const mayFilterByContractor = (me: Me): boolean => (me.kind === STAFF || me.kind === AGENT) && me.may('api.contractors.list.manage');
export const mayMove = (me: Me): boolean => (me.kind === STAFF || me.kind === AGENT || me.kind === CONTRACTOR) && me.may(MANAGE_JOBS);
export const mayComplete = (me: Me): boolean => (me.kind === STAFF || me.kind === CONTRACTOR) && me.may(MANAGE_JOBS);
export const mayNote = (me: Me): boolean => me.may('api.jobs.case-notes.manage');
export const mayAddPhotos = (me: Me): boolean => me.may('api.jobs.photos.manage');

/* The document types that somebody may add. */
export const addable = (me: Me, types: FileType[]): FileType[] =>
  me.may('api.jobs.documents.manage') ? types.filter((type) => me.may(`${type.permission_key}.upload`)) : [];

export function nameOf(me: Me): string {
  const { profile } = me;
  return profile ? `${profile.first_name} ${profile.last_name}`.trim() || profile.email : me.role;
}

export const initials = (name: string): string =>
  name
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => word[0]!.toUpperCase())
    .filter((_, index, list) => index === 0 || index === list.length - 1)
    .join('');
