/* Raising a job: one screen, its faults told at their fields. */
import { Form } from '@base-ui/react/form';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useRouteContext } from '@tanstack/react-router';
import { Suspense, lazy, useEffect, useRef, useState } from 'react';
import * as v from 'valibot';
import { mayRaise } from '../../account';
import { addresses, createJob, type Status } from '../../api/client';
import { asProblem, Problem } from '../../api/problem';
import { Button } from '../../kit/button';
import type { Choice as Found } from '../../kit/combobox';
import { faults } from '../../kit/faults';
import { Choice, Field, TextArea, TextField } from '../../kit/field';
import { Heading } from '../../kit/heading';
import { Failed, Skeleton } from '../../kit/states';
import { notify } from '../../notices';
import { client, prioritiesQuery, statusesQuery, typesQuery } from '../../queries';
import { isOpen, stageOf, statusAt } from '../../stage';
import { findContractors } from './contractors';

const Combobox = lazy(() => import('../../kit/combobox'));

const TITLE_MOST = 200;
const TEXT_MOST = 10_000;

const chosen = (message: string) => v.pipe(v.number(message), v.integer(message), v.minValue(1, message));
const newJob = v.object({
  address_id: chosen('Find the property and choose it from the list'),
  job_title: v.pipe(v.string(), v.trim(), v.nonEmpty('Say in a few words what is wrong')),
  job_description: v.pipe(v.string(), v.trim(), v.nonEmpty('Describe what has to be done')),
  job_type_id: chosen('Choose a type'),
  priority_id: chosen('Choose a priority'),
  status_id: chosen('Choose a status'),
  contractor_id: v.nullable(v.number()),
  access_details: v.pipe(v.string(), v.trim(), v.transform((text) => text || null)),
});

async function findAddresses(words: string): Promise<Found[]> {
  return (await addresses(words)).map((address) => ({ id: address.id, label: address.full_address }));
}

function focusFirstFault(form: HTMLFormElement | null): void {
  requestAnimationFrame(() => form?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus());
}

/* The contractor decides the status until somebody chooses one: nobody is new, somebody is assigned. */
function useStatus(statuses: Status[], contractor: Found | null) {
  const [own, setOwn] = useState<number>();
  const natural = statusAt(statuses, contractor ? 'assigned' : 'new') ?? statuses[0];
  return [own ?? natural?.id ?? 0, setOwn] as const;
}

function NewJobForm({ statuses, priorities, types }: { statuses: Status[]; priorities: { id: number; name: string }[]; types: { id: number; name: string }[] }) {
  const form = useRef<HTMLFormElement>(null);
  const navigate = useNavigate();
  const [address, setAddress] = useState<Found | null>(null);
  const [contractor, setContractor] = useState<Found | null>(null);
  const [status, setStatus] = useStatus(statuses, contractor);
  const key = useRef(crypto.randomUUID());
  const dirty = useRef(false);

  const raise = useMutation({
    mutationFn: (values: FormData) =>
      createJob(
        faults(newJob, {
          address_id: address?.id,
          job_title: values.get('job_title'),
          job_description: values.get('job_description'),
          job_type_id: Number(values.get('job_type_id')),
          priority_id: Number(values.get('priority_id')),
          status_id: status,
          contractor_id: contractor?.id ?? null,
          access_details: values.get('access_details'),
        }),
        key.current,
      ),
    onSuccess: ({ uuid, ref }) => {
      dirty.current = false;
      notify(`${ref} raised`);
      void client.invalidateQueries({ queryKey: ['jobs'] });
      void navigate({ to: '/jobs/$uuid', params: { uuid } });
    },
    onError: (error) => {
      /* What the server looked at and refused is a new request once it is mended; what got lost on the way is the same one. */
      if (!asProblem(error).unreachable) key.current = crypto.randomUUID();
      focusFirstFault(form.current);
    },
  });
  const problem = raise.error && asProblem(raise.error);

  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => dirty.current && event.preventDefault();
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, []);

  return (
    <Form
      ref={form}
      className="form card"
      noValidate
      errors={problem?.fields}
      onChange={() => (dirty.current = true)}
      onSubmit={(event) => {
        event.preventDefault();
        raise.mutate(new FormData(event.currentTarget));
      }}
    >
      {problem && <Refusal problem={problem} />}
      <Field name="address_id" label="Property">
        <Suspense fallback={<input className="input" disabled placeholder="Postcode or first line" />}>
          <Combobox what="address" placeholder="Postcode or first line" value={address} onChange={setAddress} search={findAddresses} />
        </Suspense>
      </Field>
      <TextField name="job_title" label="What is wrong" maxLength={TITLE_MOST} placeholder="No hot water" autoComplete="off" />
      <TextArea name="job_description" label="What has to be done" rows={5} maxLength={TEXT_MOST} />
      <div className="form-row">
        <Choice name="job_type_id" label="Type" defaultValue="">
          <option value="">Choose…</option>
          {types.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Choice>
        <Choice name="priority_id" label="Priority" defaultValue={priorities.find(({ name }) => /normal|medium/i.test(name))?.id ?? ''}>
          <option value="">Choose…</option>
          {priorities.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Choice>
        <Choice name="status_id" label="Status" value={status} onChange={(event) => setStatus(Number(event.target.value))}>
          {statuses
            .filter((one) => isOpen(stageOf(one)))
            .map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
        </Choice>
      </div>
      <Field name="contractor_id" label="Contractor" optional hint="The job shows up in the contractor’s own list at once.">
        <Suspense fallback={<input className="input" disabled placeholder="Name" />}>
          <Combobox what="contractor" placeholder="Name" value={contractor} onChange={setContractor} search={findContractors} />
        </Suspense>
      </Field>
      <TextArea
        name="access_details"
        label="Access"
        optional
        rows={2}
        hint="Key safe, alarm, when somebody is in. Stored encrypted."
        maxLength={TEXT_MOST}
      />
      <div className="form-end">
        <Button type="submit" look="primary" busy={raise.isPending}>
          Raise the job
        </Button>
        <Link to="/jobs" className="button quiet">
          <span>Cancel</span>
        </Link>
      </div>
    </Form>
  );
}

const LABELS: Record<string, string> = {
  address_id: 'Property',
  job_title: 'What is wrong',
  job_description: 'What has to be done',
  job_type_id: 'Type',
  priority_id: 'Priority',
  status_id: 'Status',
  contractor_id: 'Contractor',
  access_details: 'Access',
};

function Refusal({ problem }: { problem: Problem }) {
  const elsewhere = Object.entries(problem.fields).filter(([name]) => !(name in LABELS));
  const here = Object.keys(problem.fields).filter((name) => name in LABELS);
  return (
    <div className="alert" role="alert">
      <p>
        {here.length > 0 ? `Please look again at: ${here.map((name) => LABELS[name]).join(', ')}.` : problem.message}
        {problem.unreachable && '. Nothing was lost: send it again when there is a connection.'}
      </p>
      {elsewhere.map(([name, text]) => (
        <p key={name}>
          {name}: {text}
        </p>
      ))}
    </div>
  );
}

export default function NewJob() {
  const { me } = useRouteContext({ from: '/signed-in' });
  const statuses = useQuery(statusesQuery);
  const priorities = useQuery(prioritiesQuery);
  const types = useQuery(typesQuery);
  const failed = [statuses, priorities, types].find((one) => one.isError);

  return (
    <div className="page narrow">
      <header className="page-head">
        <Heading title="Raise a job" />
      </header>
      {!mayRaise(me) ? (
        <Failed error={new Problem(403, '')} what="the form for new jobs" onRetry={() => {}} />
      ) : failed ? (
        <Failed error={failed.error} what="the form" onRetry={() => void Promise.all([statuses, priorities, types].map((one) => one.refetch()))} />
      ) : statuses.data && priorities.data && types.data ? (
        <NewJobForm statuses={statuses.data} priorities={priorities.data} types={types.data} />
      ) : (
        <Skeleton rows={7} className="skeleton-form" />
      )}
    </div>
  );
}
