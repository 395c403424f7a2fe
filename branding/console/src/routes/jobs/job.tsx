/* One job: what it is, where it stands, what was said, and its proof. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useParams, useRouteContext } from '@tanstack/react-router';
import { Icon } from '../../kit/icon';
import { Suspense, lazy, useState } from 'react';
import { isContractor, mayComplete, mayMove } from '../../account';
import { togglePin, updateJob, type Job, type Me, type Status } from '../../api/client';
import { asProblem } from '../../api/problem';
import { Button } from '../../kit/button';
import { Priority, StatusChip } from '../../kit/chip';
import { Heading } from '../../kit/heading';
import { LazyMenu } from '../../kit/lazy-menu';
import { Failed, Skeleton } from '../../kit/states';
import { notify } from '../../notices';
import { client, jobQuery, statusesQuery } from '../../queries';
import { stageOf, statusAt } from '../../stage';
import { ago, day, moment, money, plain } from '../../words';
import { Documents } from './parts/documents';
import { Notes } from './parts/notes';
import { Photos } from './parts/photos';

const Complete = lazy(() => import('./parts/complete'));

function useMove(job: Job) {
  return useMutation({
    mutationFn: (status: Status) => updateJob({ uuid: job.uuid, status_id: status.id }),
    onMutate: (status) => {
      const key = jobQuery(job.uuid).queryKey;
      client.setQueryData(key, (old) => old && { ...old, status_id: status.id, status_name: status.name, stage: status.stage });
    },
    onSuccess: (_, status) => notify(`${job.job_ref} is now ${status.name.toLowerCase()}`),
    onError: (error, status) => notify(`${job.job_ref} was not set to ${status.name.toLowerCase()}: ${asProblem(error).message}`, 'refused'),
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ['jobs'] });
      return client.invalidateQueries({ queryKey: ['job', job.uuid] });
    },
  });
}

function PinButton({ job }: { job: Job }) {
  const pin = useMutation({
    mutationFn: () => togglePin(job.uuid),
    onMutate: () => client.setQueryData(jobQuery(job.uuid).queryKey, (old) => old && { ...old, is_pinned: !old.is_pinned }),
    onError: (error) => notify(`The pin was not changed: ${asProblem(error).message}`, 'refused'),
    onSettled: () => client.invalidateQueries({ queryKey: ['job', job.uuid], exact: true }),
  });
  return (
    <Button look="quiet" aria-pressed={job.is_pinned} aria-label="Pin this job" title="Pin this job" onClick={() => pin.mutate()} icon={<Icon name="pin" />} />
  );
}

function Actions({ job, me, statuses }: { job: Job; me: Me; statuses: Status[] }) {
  const [completing, setCompleting] = useState(false);
  const move = useMove(job);
  const stage = stageOf(job);
  const underWay = stage === 'assigned' || stage === 'in_progress';
  const complete = statusAt(statuses, 'complete');
  const started = statusAt(statuses, 'in_progress');
  if (!mayMove(me)) return null;
  return (
    <div className="actions">
      {isContractor(me) && stage === 'assigned' && started && (
        <Button busy={move.isPending} onClick={() => move.mutate(started)}>
          Start work
        </Button>
      )}
      {!isContractor(me) && (
        <LazyMenu
          trigger={
            <button type="button" className="button">
              <span>Status</span>
              <Icon name="down" />
            </button>
          }
          entries={statuses
            .filter((status) => stageOf(status) !== 'complete')
            .map((status) => ({
              key: String(status.id),
              label: <StatusChip name={status.name} stage={stageOf(status)} />,
              disabled: status.id === job.status_id,
              run: () => move.mutate(status),
            }))}
        />
      )}
      {complete && underWay && mayComplete(me) && (
        <Button look="primary" icon={<Icon name="check" />} onClick={() => setCompleting(true)}>
          Mark complete
        </Button>
      )}
      {completing && complete && (
        <Suspense>
          <Complete job={job} status={complete} onClose={() => setCompleting(false)} />
        </Suspense>
      )}
    </div>
  );
}

function Reference({ job }: { job: Job }) {
  return (
    <button
      type="button"
      className="reference"
      title="Copy the reference"
      aria-label={`Copy the reference ${job.job_ref}`}
      onClick={() => void navigator.clipboard.writeText(job.job_ref).then(() => notify(`${job.job_ref} copied`))}
    >
      {job.job_ref}
      <Icon name="copy" />
    </button>
  );
}

function Facts({ job }: { job: Job }) {
  const facts: [string, string | null | undefined, string?][] = [
    ['Property', job.full_address],
    ['Access', job.access_details, 'text'],
    ['Type', job.job_type_name],
    ['Contractor', job.contractor_name ?? 'Nobody yet'],
    ['Agent', job.agent_name],
    ['Booked', job.date_works_start_date && (job.date_works_end_date && job.date_works_end_date !== job.date_works_start_date ? `${day(job.date_works_start_date)} – ${day(job.date_works_end_date)}` : day(job.date_works_start_date))],
    ['Contractor budget', job.contractor_budget === null || job.contractor_budget === undefined ? null : money(job.contractor_budget)],
    ['With VAT', job.total_amount === null || job.total_amount === undefined ? null : money(job.total_amount)],
    ['Works order', job.works_order_ref],
    ['Contact', job.private_contact_name],
    ['Raised', moment(job.created_at)],
    ['Changed', ago(job.updated_at)],
  ];
  return (
    <section className="card facts" aria-label="Facts">
      <dl>
        {facts
          .filter(([, value]) => value)
          .map(([name, value, kind]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd className={kind}>{value}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}

function Loaded({ job, me }: { job: Job; me: Me }) {
  const statuses = useQuery(statusesQuery);
  return (
    <>
      <header className="page-head job-head">
        <div className="job-title">
          <Heading title={`${job.job_ref} ${job.job_title}`}>{job.job_title}</Heading>
          <div className="job-meta">
            <Reference job={job} />
            <StatusChip name={job.status_name} stage={stageOf(job)} />
            <Priority name={job.priority_name} />
            <PinButton job={job} />
          </div>
        </div>
        {statuses.data && <Actions job={job} me={me} statuses={statuses.data} />}
      </header>
      <div className="job-body">
        <div className="job-main">
          <section className="card" aria-labelledby="description">
            <h2 id="description">Description</h2>
            <p className="prose">{plain(job.job_description)}</p>
          </section>
          {job.completion_details && (
            <section className="card" aria-labelledby="completion">
              <h2 id="completion">What was done</h2>
              <p className="prose">{plain(job.completion_details)}</p>
            </section>
          )}
          <Photos job={job} me={me} />
          <Documents job={job} me={me} />
          <Notes job={job} me={me} />
        </div>
        <Facts job={job} />
      </div>
    </>
  );
}

export default function JobScreen() {
  const { me } = useRouteContext({ from: '/signed-in' });
  const { uuid } = useParams({ from: '/signed-in/jobs/$uuid' });
  const job = useQuery(jobQuery(uuid));
  return (
    <div className="page job">
      <nav className="crumbs" aria-label="Breadcrumb">
        <Link to="/jobs">
          <Icon name="left" />
          {isContractor(me) ? 'My jobs' : 'Jobs'}
        </Link>
      </nav>
      {job.data ? (
        <Loaded key={uuid} job={job.data} me={me} />
      ) : job.isError ? (
        <>
          <Heading title="Job">Job</Heading>
          <Failed error={job.error} what="this job" onRetry={() => void job.refetch()} />
        </>
      ) : (
        <>
          <title>Job</title>
          <Skeleton rows={6} className="skeleton-job" />
        </>
      )}
    </div>
  );
}
