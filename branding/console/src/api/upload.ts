/* Sends one file with its progress; fetch cannot tell how much of a body has left. */
import { csrfToken, forgetCsrfToken } from './csrf';
import { problemOf, unreachable } from './problem';

export interface Upload {
  path: '/api/jobs/photos' | '/api/jobs/documents';
  fields: Record<string, string>;
  part: 'photo' | 'file';
  file: File;
  key: string; // of idempotency: an upload that is sent again is stored once
}

export interface Body {
  bytes: Blob;
  type: string;
}

/* A try again must be the same bytes, its boundary too, to count as the same request. A blob's own type would be in lower case. */
export async function bodyOf(upload: Upload): Promise<Body> {
  const form = new FormData();
  form.append('action', 'upload');
  for (const [name, value] of Object.entries(upload.fields)) form.append(name, value);
  form.append(upload.part, upload.file, upload.file.name);
  const made = new Response(form);
  return { type: made.headers.get('content-type')!, bytes: await made.blob() };
}

function post(upload: Upload, body: Body, token: string, onProgress: (share: number) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new DOMException('Cancelled', 'AbortError'));
    const request = new XMLHttpRequest();
    request.open('POST', upload.path);
    request.responseType = 'json';
    request.setRequestHeader('Content-Type', body.type);
    request.setRequestHeader('X-CSRF-Token', token);
    request.setRequestHeader('Idempotency-Key', upload.key);
    request.upload.onprogress = (event) => onProgress(event.lengthComputable ? event.loaded / event.total : 0);
    request.onload = () =>
      request.status < 300 ? resolve() : reject(problemOf(request.status, request.response, (name) => request.getResponseHeader(name)));
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException('Cancelled', 'AbortError'));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(body.bytes);
  });
}

export async function sendFile(upload: Upload, body: Body, onProgress: (share: number) => void, signal: AbortSignal): Promise<void> {
  try {
    await post(upload, body, await csrfToken(), onProgress, signal);
  } catch (problem) {
    if ((problem as { code?: string }).code !== 'csrf_invalid') throw problem;
    forgetCsrfToken();
    await post(upload, body, await csrfToken(), onProgress, signal);
  }
}
