import { useQuery } from '@tanstack/react-query';
import { Icon } from '../../../kit/icon';
import { useRef, useState } from 'react';
import { addable } from '../../../account';
import { documentThumbnailUrl, documentUrl, type Doc, type Job, type Me } from '../../../api/client';
import { Button } from '../../../kit/button';
import { Failed, Skeleton } from '../../../kit/states';
import { Picture } from '../../../kit/picture';
import { documentsQuery, fileTypesQuery } from '../../../queries';
import { add } from '../../../uploads';
import { ago, moment, size } from '../../../words';
import { Drop, Sending } from './sending';

const ACCEPTED = 'application/pdf,image/jpeg,image/png,image/webp,image/heic,.docx,.txt,.csv,.pdf,.heic';

function Row({ doc }: { doc: Doc }) {
  return (
    <li className="document">
      <span className="document-picture">
        <Picture address={documentThumbnailUrl(doc.uuid)} alt="First page" none={doc.rendition === 'none'} />
      </span>
      <span className="document-words">
        <a href={documentUrl(doc.uuid)} target="_blank" rel="noopener">
          {doc.name}
          <span className="unseen"> (opens in a new tab)</span>
        </a>
        <small>
          <b>{doc.document_type_name}</b> · {size(doc.size)} · <time title={moment(doc.created_at)}>{ago(doc.created_at)}</time>
        </small>
      </span>
    </li>
  );
}

export function Documents({ job, me }: { job: Job; me: Me }) {
  const documents = useQuery(documentsQuery(job.uuid));
  const fileTypes = useQuery(fileTypesQuery);
  const types = addable(me, fileTypes.data ?? []);
  const input = useRef<HTMLInputElement>(null);
  const [type, setType] = useState('');
  const [missing, setMissing] = useState(false);
  const select = useRef<HTMLSelectElement>(null);
  const records = documents.data?.records;

  const typed = (): boolean => {
    setMissing(!type);
    if (!type) select.current?.focus();
    return Boolean(type);
  };
  const send = (files: File[]) => {
    if (files.length > 0 && typed()) add(job.uuid, files, { path: '/api/jobs/documents', part: 'file', fields: { document_type_id: type } });
  };

  return (
    <Drop labelledBy="documents" disabled={types.length === 0} onFiles={send}>
      <div className="section-head">
        <h2 id="documents">Documents {records && records.length > 0 && <span className="count">{documents.data!.total}</span>}</h2>
        {types.length > 0 && (
          <div className="adder">
            <span className="select">
              <select
                ref={select}
                className="input"
                aria-label="Type of the document to add"
                aria-invalid={missing || undefined}
                aria-describedby={missing ? 'type-missing' : undefined}
                value={type}
                onChange={(event) => {
                  setType(event.target.value);
                  setMissing(false);
                }}
              >
                <option value="">Type of document</option>
                {types.map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name}
                  </option>
                ))}
              </select>
            </span>
            <input
              ref={input}
              type="file"
              hidden
              multiple
              accept={ACCEPTED}
              aria-label="Documents to add"
              onChange={(event) => {
                send([...(event.target.files ?? [])]);
                event.target.value = '';
              }}
            />
            <Button icon={<Icon name="fileUp" />} onClick={() => typed() && input.current?.click()}>
              Add
            </Button>
          </div>
        )}
      </div>
      {missing && (
        <p id="type-missing" className="error" role="alert">
          Choose the type first: it decides who may see the document.
        </p>
      )}
      <Sending job={job.uuid} part="file" />
      {records ? (
        records.length > 0 ? (
          <ul className="documents">
            {records.map((doc) => (
              <Row key={doc.uuid} doc={doc} />
            ))}
          </ul>
        ) : (
          <p className="nothing">
            {fileTypes.data && types.length === 0
              ? 'No documents that you may see. A director can let your role add some, by type.'
              : 'No documents yet. Certificates, works orders and reports belong here.'}
          </p>
        )
      ) : documents.isError ? (
        <Failed error={documents.error} what="the documents" onRetry={() => void documents.refetch()} />
      ) : (
        <Skeleton rows={Math.min(Math.max(job.documents_count, 1), 4)} className="skeleton-documents" />
      )}
    </Drop>
  );
}
