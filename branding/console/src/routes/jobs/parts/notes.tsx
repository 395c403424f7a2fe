import { useMutation, useQuery } from '@tanstack/react-query';
import { Icon } from '../../../kit/icon';
import { useId, useMemo, useRef, useState } from 'react';
import { initials, mayNote } from '../../../account';
import { addNote, type Job, type Me, type Note } from '../../../api/client';
import { asProblem } from '../../../api/problem';
import { Button } from '../../../kit/button';
import { Failed, Skeleton } from '../../../kit/states';
import { speak } from '../../../notices';
import { client, notesQuery } from '../../../queries';
import { useShortcuts } from '../../../shortcuts';
import { ago, count, moment, plain } from '../../../words';

function Composer({ job }: { job: Job }) {
  const id = useId();
  const box = useRef<HTMLTextAreaElement>(null);
  const key = useRef(crypto.randomUUID());
  const [words, setWords] = useState('');
  const add = useMutation({
    mutationFn: () => addNote(job.uuid, words.trim(), key.current),
    onSuccess: () => {
      key.current = crypto.randomUUID();
      setWords('');
      speak('Note added');
      box.current?.focus();
    },
    onError: (error) => {
      if (!asProblem(error).unreachable) key.current = crypto.randomUUID();
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['job', job.uuid] }),
  });
  useShortcuts(useMemo(() => ({ n: () => box.current?.focus() }), []));

  const submit = () => {
    if (words.trim() && !add.isPending) add.mutate();
    else box.current?.focus();
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <label className="unseen" htmlFor={id}>
        Write a note
      </label>
      <textarea
        ref={box}
        id={id}
        className="input area"
        rows={2}
        maxLength={10_000}
        placeholder="Write a note. Everybody on this job sees it."
        value={words}
        onChange={(event) => setWords(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit();
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
      <div className="composer-end">
        {add.error && (
          <p className="error" role="alert">
            {asProblem(add.error).fields.note_text ?? asProblem(add.error).message}
          </p>
        )}
        <Button type="submit" busy={add.isPending}>
          Add note
        </Button>
      </div>
    </form>
  );
}

function Entry({ note }: { note: Note }) {
  return (
    <li className="note">
      <span className="avatar" aria-hidden="true">
        {initials(note.created_by_name ?? '?')}
      </span>
      <div>
        <p className="note-head">
          <b>{note.created_by_name ?? 'Somebody'}</b>
          <time dateTime={note.created_at} title={moment(note.created_at)}>
            {ago(note.created_at)}
          </time>
          {note.attachments_count > 0 && (
            <span>
              <Icon name="clip" /> {count(note.attachments_count, 'attachment')}
            </span>
          )}
        </p>
        <p className="prose">{plain(note.note_text)}</p>
      </div>
    </li>
  );
}

export function Notes({ job, me }: { job: Job; me: Me }) {
  const notes = useQuery(notesQuery(job.uuid));
  const sorted = useMemo(() => notes.data?.records.toSorted((one, other) => other.created_at.localeCompare(one.created_at)), [notes.data]);
  return (
    <section className="card" aria-labelledby="notes">
      <h2 id="notes">Notes {sorted && sorted.length > 0 && <span className="count">{notes.data!.total}</span>}</h2>
      {mayNote(me) && <Composer job={job} />}
      {sorted ? (
        sorted.length > 0 ? (
          <ul className="notes">
            {sorted.map((note) => (
              <Entry key={note.uuid} note={note} />
            ))}
          </ul>
        ) : (
          !mayNote(me) && <p className="nothing">No notes yet.</p>
        )
      ) : notes.isError ? (
        <Failed error={notes.error} what="the notes" onRetry={() => void notes.refetch()} />
      ) : (
        <Skeleton rows={2} className="skeleton-notes" />
      )}
    </section>
  );
}
