/* What is kept from the server and for how long. Look-ups of an org change rarely; its jobs all the time. */
import { QueryCache, QueryClient, keepPreviousData, queryOptions } from '@tanstack/react-query';
import * as api from './api/client';
import { asProblem } from './api/problem';

const HOUR = 3_600_000;
const RETRIES = 2;

let onSignedOut: () => void = () => {};

/* What is to happen when the server says that the session has ended. */
export function whenSignedOut(act: () => void): void {
  onSignedOut = act;
}

export const client = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      if (asProblem(error).status === 401) onSignedOut();
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      gcTime: HOUR,
      retry: (count, error) => {
        const { status } = asProblem(error);
        return count < RETRIES && (status === 0 || status === 429 || status >= 502);
      },
    },
    mutations: { networkMode: 'always' },
  },
});

export const meQuery = queryOptions({ queryKey: ['me'], queryFn: api.me, staleTime: HOUR });
export const brandingQuery = queryOptions({ queryKey: ['branding'], queryFn: api.branding, staleTime: HOUR });

export const jobsQuery = (filter: api.JobFilter, offset: number, cursor?: string) =>
  queryOptions({
    queryKey: ['jobs', filter, offset, cursor ?? ''],
    queryFn: () => api.jobs(filter, offset, cursor),
    placeholderData: keepPreviousData,
  });
export const jobQuery = (uuid: string) => queryOptions({ queryKey: ['job', uuid], queryFn: () => api.job(uuid) });
export const notesQuery = (uuid: string) => queryOptions({ queryKey: ['job', uuid, 'notes'], queryFn: () => api.notes(uuid) });
export const photosQuery = (uuid: string) => queryOptions({ queryKey: ['job', uuid, 'photos'], queryFn: () => api.photos(uuid) });
export const documentsQuery = (uuid: string) => queryOptions({ queryKey: ['job', uuid, 'documents'], queryFn: () => api.documents(uuid) });

export const statusesQuery = queryOptions({ queryKey: ['statuses'], queryFn: api.statuses, staleTime: HOUR });
export const prioritiesQuery = queryOptions({ queryKey: ['priorities'], queryFn: api.priorities, staleTime: HOUR });
export const typesQuery = queryOptions({ queryKey: ['types'], queryFn: api.types, staleTime: HOUR });
export const fileTypesQuery = queryOptions({ queryKey: ['file types'], queryFn: api.fileTypes, staleTime: HOUR });
export const contractorsQuery = queryOptions({ queryKey: ['contractors'], queryFn: () => api.contractors('', 200), staleTime: 300_000 });
