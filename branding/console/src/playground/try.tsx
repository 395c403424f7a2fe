import { useEffect, useRef, useState, type FormEvent } from 'react';
import { addressOf, curl, send, type Answer, type Request } from './call';
import { fieldsOf, sampleBody, typeOf, type Operation, type Parameter, type Schema } from './document';
import { may, type Caller } from './session';

function Input({ name, schema, required, value, onChange }: { name: string; schema: Schema; required: boolean; value: string; onChange: (value: string) => void }) {
  const type = typeOf(schema);
  const choices = schema.enum?.map(String) ?? (type === 'boolean' ? ['true', 'false'] : null);
  const about = [type, schema.format, schema.default !== undefined && `default ${String(schema.default)}`, schema.maximum !== undefined && `${schema.minimum ?? 0} to ${schema.maximum}`]
    .filter(Boolean)
    .join(', ');
  return (
    <label className="field">
      <span className="label">
        {name} {required && <em>required</em>} <small>{about}</small>
      </span>
      {choices ? (
        <span className="select">
          <select className="input" required={required} value={value} onChange={(event) => onChange(event.target.value)}>
            <option value="">—</option>
            {choices.map((choice) => (
              <option key={choice}>{choice}</option>
            ))}
          </select>
        </span>
      ) : (
        <input
          className="input"
          required={required}
          inputMode={type === 'integer' ? 'numeric' : undefined}
          value={value}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => onChange(event.target.value)}
        />
      )}
      {schema.description && <span className="hint">{schema.description}</span>}
    </label>
  );
}

function Fields({ schema, fields, onChange }: { schema: Schema; fields: Request['fields']; onChange: (fields: Request['fields']) => void }) {
  return (
    <div className="lab-fields">
      {fieldsOf(schema).map(([name, field, required]) =>
        field.format === 'binary' ? (
          <label className="field" key={name}>
            <span className="label">
              {name} {required && <em>required</em>} <small>file</small>
            </span>
            <input className="input" type="file" required={required} onChange={(event) => onChange({ ...fields, [name]: event.target.files?.[0] ?? '' })} />
            {field.description && <span className="hint">{field.description}</span>}
          </label>
        ) : (
          <Input key={name} name={name} schema={field} required={required} value={String(fields[name] ?? '')} onChange={(value) => onChange({ ...fields, [name]: value })} />
        ),
      )}
    </div>
  );
}

function fault(json: string): string {
  try {
    JSON.parse(json);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

function JsonBody({ body, json, onChange }: { body: NonNullable<Operation['body']>; json: string; onChange: (json: string) => void }) {
  const wrong = fault(json);
  const more = fieldsOf(body.schema).filter(([, , required]) => !required);
  const add = (name: string) => onChange(JSON.stringify({ ...(JSON.parse(json) as object), [name]: body.example[name] ?? null }, null, 2));
  return (
    <>
      <label className="field">
        <span className="label">
          Body <small>application/json</small>
        </span>
        <textarea className="input area code" rows={5} spellCheck={false} value={json} aria-invalid={wrong !== '' || undefined} onChange={(event) => onChange(event.target.value)} />
        {wrong && <span className="error">Not JSON: {wrong}</span>}
      </label>
      {more.length > 0 && (
        <div className="lab-more" role="group" aria-label="Optional members to add">
          {more.map(([name, field]) => (
            <button type="button" key={name} title={field.description} disabled={wrong !== ''} onClick={() => add(name)}>
              + {name}
            </button>
          ))}
        </div>
      )}
    </>
  );
}

function pretty(answer: Answer): string {
  if (!/json/.test(answer.type)) return answer.text ?? '';
  try {
    return JSON.stringify(JSON.parse(answer.text ?? ''), null, 2);
  } catch {
    return answer.text ?? '';
  }
}

const SHOWN_MOST = 200_000;

function Body({ answer }: { answer: Answer }) {
  const [url, setUrl] = useState('');
  useEffect(() => {
    if (answer.text !== null) return;
    const made = URL.createObjectURL(answer.blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [answer]);
  if (answer.text === null)
    return (
      <div className="lab-file">
        {answer.type.startsWith('image/') && url && <img src={url} alt="What the server answered" />}
        <a href={url} download>
          Keep the file
        </a>
      </div>
    );
  const text = pretty(answer);
  return (
    <pre tabIndex={0} aria-label="Body of the answer">
      {text.slice(0, SHOWN_MOST)}
      {text.length > SHOWN_MOST && '\n…'}
    </pre>
  );
}

function Result({ answer }: { answer: Answer }) {
  const header = (name: string) => answer.headers.find(([one]) => one === name)?.[1];
  const left = header('x-ratelimit-remaining');
  return (
    <section className="lab-result" aria-label="Answer">
      <p className="lab-figures" role="status">
        <b data-ok={answer.status < 400 || undefined}>
          {answer.status} {answer.statusText}
        </b>
        <span>{Math.round(answer.milliseconds)} ms</span>
        {header('x-response-time-ms') && <span>{header('x-response-time-ms')} ms in the server</span>}
        <span>{answer.bytes.toLocaleString('en-GB')} bytes</span>
        {left && (
          <span>
            {left} of {header('x-ratelimit-limit')} calls left
          </span>
        )}
      </p>
      <details>
        <summary>{answer.headers.length} headers</summary>
        <dl className="lab-headers">
          {answer.headers.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </details>
      <Body answer={answer} />
    </section>
  );
}

function Copy({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <button
      type="button"
      className="button"
      onClick={() =>
        void navigator.clipboard.writeText(text).then(() => {
          setCopied(true);
          setTimeout(() => setCopied(false), 2_000);
        })
      }
    >
      {copied ? 'Copied' : 'Copy as curl'}
    </button>
  );
}

function Permission({ operation, caller }: { operation: Operation; caller: Caller | null }) {
  const allowed = may(caller, operation);
  if (operation.isPublic) return <span className="tag">open to everybody</span>;
  if (operation.rights.length === 0) return <span className="tag">anybody signed in</span>;
  return (
    <span className="tag" data-allowed={allowed ?? undefined}>
      {operation.rights[0]}
      {allowed === true && ' · you have it'}
      {allowed === false && ' · you do not have it'}
    </span>
  );
}

export function Try({ operation, caller }: { operation: Operation; caller: Caller | null }) {
  const title = useRef<HTMLHeadingElement>(null);
  const abort = useRef<AbortController>(undefined);
  const [values, setValues] = useState<Record<string, string>>({});
  const [fields, setFields] = useState<Request['fields']>({});
  const [json, setJson] = useState(() => (operation.body ? JSON.stringify(sampleBody(operation), null, 2) : ''));
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);
  const request: Request = { operation, values, json, fields, token: caller?.token ?? '' };

  useEffect(() => {
    title.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
    return () => abort.current?.abort();
  }, []);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    abort.current?.abort();
    const own = (abort.current = new AbortController());
    setBusy(true);
    setFailure('');
    try {
      setAnswer(await send(request, own.signal));
    } catch {
      if (!own.signal.aborted) setFailure(navigator.onLine ? 'The server could not be reached' : 'You are offline');
    }
    if (abort.current === own) setBusy(false);
  };

  const parameter = ({ name, required, schema }: Parameter) => (
    <Input key={name} name={name} schema={schema} required={required} value={values[name] ?? ''} onChange={(value) => setValues({ ...values, [name]: value })} />
  );
  return (
    <article className="try">
      <title>{`${operation.summary} · API playground`}</title>
      <p className="lab-back">
        <a href="#">All operations</a>
      </p>
      <h2 ref={title} tabIndex={-1}>
        {operation.summary}
      </h2>
      <p className="lab-address">
        <span className="method" data-method={operation.method}>
          {operation.method}
        </span>
        <code>{addressOf(request)}</code>
      </p>
      <p className="lab-tags">
        <Permission operation={operation} caller={caller} />
        {operation.accounts.map((kind) => (
          <span className="tag" key={kind}>
            {kind}
          </span>
        ))}
      </p>
      <form className="form" onSubmit={(event) => void submit(event)}>
        {operation.parameters.length > 0 && <div className="lab-fields">{operation.parameters.map(parameter)}</div>}
        {operation.body?.multipart && <Fields schema={operation.body.schema} fields={fields} onChange={setFields} />}
        {operation.body && !operation.body.multipart && <JsonBody body={operation.body} json={json} onChange={setJson} />}
        {!caller && !operation.isPublic && <p className="hint">Sign in first: without a token the answer will be 401.</p>}
        <div className="form-end">
          <button type="submit" className="button primary" data-busy={busy || undefined}>
            {busy ? 'Sending…' : 'Send'}
          </button>
          <Copy text={curl(request)} />
        </div>
      </form>
      {failure && (
        <p className="alert" role="alert">
          {failure}
        </p>
      )}
      {answer && <Result answer={answer} />}
    </article>
  );
}
