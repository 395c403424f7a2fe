import { useMutation } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { updateJob, type Job, type Status } from '../../../api/client';
import { asProblem } from '../../../api/problem';
import { Button } from '../../../kit/button';
import { Dialog } from '../../../kit/dialog';
import { notify } from '../../../notices';
import { client } from '../../../queries';
import { count } from '../../../words';

/* Completing cannot be taken back by who did it, so it is asked once, with what there is to show for the work. */
export default function Complete({ job, status, onClose }: { job: Job; status: Status; onClose: () => void }) {
  const id = useId();
  const [words, setWords] = useState('');
  const complete = useMutation({
    mutationFn: () => updateJob({ uuid: job.uuid, status_id: status.id, ...(words.trim() && { completion_details: words.trim() }) }),
    onSuccess: () => {
      notify(`${job.job_ref} is complete`);
      onClose();
      void client.invalidateQueries({ queryKey: ['jobs'] });
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['job', job.uuid] }),
  });
  const proof = `${count(job.photos_count, 'photo')} and ${count(job.documents_count, 'document')}`;

  return (
    <Dialog
      title="Mark complete"
      description={`${job.job_ref} has ${proof}. Only a recall opens it again.`}
      onClose={onClose}
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!complete.isPending) complete.mutate();
        }}
      >
        {complete.error && (
          <p className="alert" role="alert">
            {asProblem(complete.error).message}
          </p>
        )}
        <div className="field">
          <label className="label" htmlFor={id}>
            What was done <span className="optional">optional</span>
          </label>
          <textarea id={id} className="input area" rows={3} maxLength={10_000} value={words} onChange={(event) => setWords(event.target.value)} />
        </div>
        <div className="form-end">
          <Button type="submit" look="primary" busy={complete.isPending}>
            Mark complete
          </Button>
          <Button look="quiet" onClick={onClose}>
            Cancel
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
