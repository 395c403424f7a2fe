/* The list of jobs: what it shows is what its address says, so reload, Back and a shared link give the same. */
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useRouteContext, useRouter, useSearch } from '@tanstack/react-router';
import { Icon } from '../../kit/icon';
import { Suspense, lazy, useEffect, useMemo, useRef, useState } from 'react';
import { isContractor, mayFilterByContractor, mayRaise } from '../../account';
import { PAGE, TOTAL_MOST, type Contractor, type Job } from '../../api/client';
import { Button } from '../../kit/button';
import { FilterChip, Priority, StatusChip } from '../../kit/chip';
import { Heading } from '../../kit/heading';
import { Empty, Failed, Skeleton } from '../../kit/states';
import { speak } from '../../notices';
import { contractorsQuery, jobsQuery, prioritiesQuery, statusesQuery } from '../../queries';
import type { ListSearch } from '../../router';
import { useShortcuts } from '../../shortcuts';
import { stageOf } from '../../stage';
import { ago, day, moment, number } from '../../words';
import { findContractors, nameOfContractor } from './contractors';

const Combobox = lazy(() => import('../../kit/combobox'));

const PAUSE_MS = 200;
const DEEPEST = TOTAL_MOST; // offsets end here; beyond it only the cursor leads on

/* The job opened last: the focus returns to its row. */
let opened = '';

function useFilters() {
  const search = useSearch({ from: '/signed-in/jobs' });
  const navigate = useNavigate({ from: '/jobs' });
  const change = (changes: Partial<ListSearch>, replace = false) =>
    void navigate({ to: '/jobs', search: (old) => ({ ...old, page: undefined, after: undefined, ...changes }), replace });
  return { search, change };
}

function SearchBox({ value, onChange }: { value: string; onChange: (words: string) => void }) {
  const box = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(value);
  const told = useRef(value);
  const timer = useRef(0);

  /* Back and the chips change the address: the box follows. */
  useEffect(() => {
    if (value !== told.current) setTyped((told.current = value));
  }, [value]);
  useShortcuts(useMemo(() => ({ '/': () => box.current?.focus() }), []));

  const tell = (words: string) => {
    clearTimeout(timer.current);
    if (words === told.current) return;
    told.current = words;
    onChange(words);
  };
  return (
    <form
      role="search"
      className="search"
      onSubmit={(event) => {
        event.preventDefault();
        tell(typed.trim());
      }}
    >
      <Icon name="search" />
      <input
        ref={box}
        type="search"
        className="input"
        aria-label="Search the jobs"
        placeholder="Title, reference or description"
        value={typed}
        onChange={(event) => {
          const words = event.target.value;
          setTyped(words);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => tell(words.trim()), PAUSE_MS) as unknown as number;
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && !typed) event.currentTarget.blur();
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </form>
  );
}

interface SelectFilterProps {
  label: string;
  value: number | undefined;
  options: { id: number; name: string }[];
  onChange: (id: number | undefined) => void;
}

function SelectFilter({ label, value, options, onChange }: SelectFilterProps) {
  return (
    <span className="select filter" data-set={value !== undefined || undefined}>
      <select className="input" aria-label={label} value={value ?? ''} onChange={(event) => onChange(Number(event.target.value) || undefined)}>
        <option value="">{label}</option>
        {options.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </span>
  );
}

function JobRow({ job, hideContractor }: { job: Job; hideContractor: boolean }) {
  return (
    <tr role="row">
      <td role="cell" className="cell-ref">
        {job.job_ref}
      </td>
      <td role="cell" className="cell-title">
        <Link to="/jobs/$uuid" params={{ uuid: job.uuid }} className="row-link" data-job={job.uuid}>
          {job.job_title}
        </Link>
        <small>{job.full_address}</small>
      </td>
      <td role="cell" className="cell-status">
        <StatusChip name={job.status_name} stage={stageOf(job)} />
      </td>
      <td role="cell" className="cell-priority">
        <Priority name={job.priority_name} />
      </td>
      {!hideContractor && (
        <td role="cell" className="cell-contractor" data-none={!job.contractor_name || undefined}>
          {job.contractor_name ?? 'Nobody yet'}
        </td>
      )}
      <td role="cell" className="cell-booked">
        {job.date_works_start_date ? day(job.date_works_start_date) : <span className="unseen">Not booked</span>}
      </td>
      <td role="cell" className="cell-files">
        {job.photos_count > 0 && (
          <span>
            <Icon name="camera" />
            {job.photos_count}
            <span className="unseen"> photos </span>
          </span>
        )}
        {job.documents_count > 0 && (
          <span>
            <Icon name="file" />
            {job.documents_count}
            <span className="unseen"> documents</span>
          </span>
        )}
      </td>
      <td role="cell" className="cell-updated">
        <time dateTime={job.updated_at} title={moment(job.updated_at)}>
          {ago(job.updated_at)}
        </time>
      </td>
    </tr>
  );
}

const rowLinks = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('.row-link')];

/* j and k walk the rows; Enter is the link's own. */
function walk(by: 1 | -1): void {
  const links = rowLinks();
  const at = links.findIndex((link) => link === document.activeElement);
  const next = links[at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + by))];
  next?.focus();
  next?.closest('tr')?.scrollIntoView({ block: 'nearest' });
}

const WALK = { j: () => walk(1), k: () => walk(-1) };

const totalText = (total: number): string => (total > TOTAL_MOST ? `more than ${number(TOTAL_MOST)}` : number(total));

export default function JobList() {
  const { me } = useRouteContext({ from: '/signed-in' });
  const { search, change } = useFilters();
  const router = useRouter();
  const { page = 1, after, ...filter } = search;
  const offset = (page - 1) * PAGE;
  const jobs = useQuery(jobsQuery(filter, offset, after));
  const statuses = useQuery(statusesQuery);
  const priorities = useQuery(prioritiesQuery);
  const byContractor = mayFilterByContractor(me);
  const contractors = useQuery({ ...contractorsQuery, enabled: byContractor && filter.contractor !== undefined });
  const mine = isContractor(me);
  const data = jobs.data;

  useShortcuts(WALK);
  const filters = [
    filter.q && { label: 'Words', value: filter.q, clear: { q: undefined } },
    filter.status && { label: 'Status', value: statuses.data?.find(({ id }) => id === filter.status)?.name ?? '…', clear: { status: undefined } },
    filter.priority && { label: 'Priority', value: priorities.data?.find(({ id }) => id === filter.priority)?.name ?? '…', clear: { priority: undefined } },
    filter.contractor && { label: 'Contractor', value: nameIn(contractors.data, filter.contractor), clear: { contractor: undefined } },
  ].filter((one) => !!one);

  const shown = data && (data.total === 0 ? 'No jobs' : `${number(offset + 1)}–${number(offset + data.records.length)} of ${totalText(data.total)}`);
  useEffect(() => {
    if (data && !jobs.isPlaceholderData) speak(data.total === 0 ? 'No jobs' : `${totalText(data.total)} jobs, page ${page}`);
  }, [data, jobs.isPlaceholderData, page]);
  useEffect(() => {
    if (!data || !opened) return;
    document.querySelector<HTMLElement>(`[data-job="${opened}"]`)?.focus();
    opened = '';
  }, [data]);

  const hasNext = data !== undefined && (data.next !== null || offset + data.records.length < data.total);
  const next = () => {
    if (offset + PAGE <= DEEPEST) change({ page: page + 1 });
    else if (data?.next) change({ page: page + 1, after: data.next });
  };
  const back = () => (after ? router.history.back() : change({ page: page > 2 ? page - 1 : undefined }));

  return (
    <div className="page jobs">
      <header className="page-head">
        <Heading title={mine ? 'My jobs' : 'Jobs'} />
        {shown && (
          <span className="count" data-stale={jobs.isPlaceholderData || undefined}>
            {shown}
          </span>
        )}
        {mayRaise(me) && (
          <Link to="/jobs/new" className="button primary">
            <Icon name="plus" />
            <span>Raise a job</span>
          </Link>
        )}
      </header>

      <div className="filters">
        <SearchBox value={filter.q ?? ''} onChange={(q) => change({ q: q || undefined }, true)} />
        <SelectFilter label="Status" value={filter.status} options={statuses.data ?? []} onChange={(status) => change({ status })} />
        <SelectFilter label="Priority" value={filter.priority} options={priorities.data ?? []} onChange={(priority) => change({ priority })} />
        {byContractor && (
          <Suspense fallback={<span className="combobox small" />}>
            <Combobox
              small
              what="contractor"
              label="Contractor"
              placeholder="Contractor"
              value={filter.contractor ? { id: filter.contractor, label: nameIn(contractors.data, filter.contractor) } : null}
              onChange={(choice) => change({ contractor: choice?.id })}
              search={findContractors}
            />
          </Suspense>
        )}
      </div>

      {filters.length > 0 && (
        <div className="filter-chips" role="group" aria-label="Filters in force">
          {filters.map(({ label, value, clear }) => (
            <FilterChip key={label} label={label} value={value} onRemove={() => change(clear)} />
          ))}
          <button type="button" className="link" onClick={() => change({ q: undefined, status: undefined, priority: undefined, contractor: undefined })}>
            Clear all
          </button>
        </div>
      )}

      {jobs.isPending ? (
        <Skeleton rows={12} className="skeleton-rows" />
      ) : jobs.isError && !data ? (
        <Failed error={jobs.error} what="jobs" onRetry={() => void jobs.refetch()} />
      ) : data!.records.length === 0 ? (
        filters.length > 0 ? (
          <Empty
            title="No job matches all of these filters"
            action={
              <Button onClick={() => change({ q: undefined, status: undefined, priority: undefined, contractor: undefined })}>Show all jobs</Button>
            }
          >
            {filters.length > 1 ? `Remove one of them, perhaps “${filters.at(-1)!.value}”.` : `Nothing has “${filters[0]!.value}”.`}
          </Empty>
        ) : (
          <Empty
            icon={<Icon name="list" />}
            title={mine ? 'You have no jobs yet' : 'There are no jobs yet'}
            action={
              mayRaise(me) && (
                <Link to="/jobs/new" className="button primary">
                  <span>Raise the first job</span>
                </Link>
              )
            }
          >
            {mine ? 'Jobs appear here as soon as they are assigned to you.' : 'A job is one piece of work at one property.'}
          </Empty>
        )
      ) : (
        <>
          <table role="table" className="table" data-mine={mine || undefined} data-stale={jobs.isPlaceholderData || undefined} aria-busy={jobs.isPlaceholderData}>
            <caption className="unseen">Jobs, latest change first</caption>
            <thead role="rowgroup">
              <tr role="row">
                <th role="columnheader" scope="col">Reference</th>
                <th role="columnheader" scope="col">Job</th>
                <th role="columnheader" scope="col">Status</th>
                <th role="columnheader" scope="col">Priority</th>
                {!mine && <th role="columnheader" scope="col">Contractor</th>}
                <th role="columnheader" scope="col">Booked</th>
                <th role="columnheader" scope="col">Files</th>
                <th role="columnheader" scope="col">Changed</th>
              </tr>
            </thead>
            <tbody
              role="rowgroup"
              onClick={(event) => {
                opened = (event.target as HTMLElement).closest<HTMLElement>('.row-link')?.dataset.job ?? '';
              }}
            >
              {data!.records.map((job) => (
                <JobRow key={job.uuid} job={job} hideContractor={mine} />
              ))}
            </tbody>
          </table>
          {(page > 1 || hasNext) && (
            <nav className="pager" aria-label="Pages">
              <Button icon={<Icon name="left" />} disabled={page <= 1} onClick={back}>
                Previous
              </Button>
              <span>
                Page {number(page)}
                {data!.total <= TOTAL_MOST && ` of ${number(Math.max(page, Math.ceil(data!.total / PAGE)))}`}
              </span>
              <Button disabled={!hasNext} onClick={next}>
                Next <Icon name="right" />
              </Button>
            </nav>
          )}
        </>
      )}
    </div>
  );
}

function nameIn(contractors: Contractor[] | undefined, id: number): string {
  const found = contractors?.find((contractor) => contractor.ID === id);
  return found ? nameOfContractor(found) : `number ${id}`;
}
