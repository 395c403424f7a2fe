import { useQuery } from '@tanstack/react-query';
import { Icon } from '../../../kit/icon';
import { Suspense, lazy, useRef, useState } from 'react';
import { mayAddPhotos } from '../../../account';
import { photoThumbnailUrl, type Job, type Me } from '../../../api/client';
import { Button } from '../../../kit/button';
import { Failed, Skeleton } from '../../../kit/states';
import { Picture } from '../../../kit/picture';
import { photosQuery } from '../../../queries';
import { add } from '../../../uploads';
import { moment } from '../../../words';
import { Drop, Sending } from './sending';

const Viewer = lazy(() => import('./viewer'));

const ACCEPTED = 'image/jpeg,image/png,image/webp,image/heic,image/heif,image/gif,.heic,.heif';

export function Photos({ job, me }: { job: Job; me: Me }) {
  const photos = useQuery(photosQuery(job.uuid));
  const input = useRef<HTMLInputElement>(null);
  const [open, setOpen] = useState<number | null>(null);
  const may = mayAddPhotos(me);
  const records = photos.data?.records;
  const send = (files: File[]) => files.length > 0 && add(job.uuid, files, { path: '/api/jobs/photos', part: 'photo', fields: {} });

  return (
    <Drop labelledBy="photos" disabled={!may} onFiles={send}>
      <div className="section-head">
        <h2 id="photos">Photos {records && records.length > 0 && <span className="count">{photos.data!.total}</span>}</h2>
        {may && (
          <>
            <input
              ref={input}
              type="file"
              hidden
              multiple
              accept={ACCEPTED}
              aria-label="Photos to add"
              onChange={(event) => {
                send([...(event.target.files ?? [])]);
                event.target.value = '';
              }}
            />
            <Button icon={<Icon name="camera" />} onClick={() => input.current?.click()}>
              Add photos
            </Button>
          </>
        )}
      </div>
      <Sending job={job.uuid} part="photo" />
      {records ? (
        records.length > 0 ? (
          <ul className="photo-grid">
            {records.map((photo, index) => (
              <li key={photo.uuid}>
                <button type="button" className="photo" onClick={() => setOpen(index)}>
                  <Picture address={photoThumbnailUrl(photo.uuid)} alt={`Photo ${index + 1}, ${moment(photo.created_at)}`} />
                </button>
              </li>
            ))}
          </ul>
        ) : (
          <p className="nothing">{may ? 'No photos yet. Drop some here, or add them from the phone.' : 'No photos yet.'}</p>
        )
      ) : photos.isError ? (
        <Failed error={photos.error} what="the photos" onRetry={() => void photos.refetch()} />
      ) : (
        <Skeleton rows={Math.min(Math.max(job.photos_count, 1), 8)} className="skeleton-photos" />
      )}
      {open !== null && records?.[open] && (
        <Suspense>
          <Viewer photos={records} at={open} onMove={setOpen} onClose={() => setOpen(null)} />
        </Suspense>
      )}
    </Drop>
  );
}
