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

/* A try again must be the same bytes, its boundary too, to count as the same request. */
export function bodyOf(upload: Upload): Promise<Blob> {
  const form = new FormData();
  form.append('action', 'upload');
  for (const [name, value] of Object.entries(upload.fields)) form.append(name, value);
  form.append(upload.part, upload.file, upload.file.name);
  return new Response(form).blob();
}

function post(upload: Upload, body: Blob, token: string, onProgress: (share: number) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new DOMException('Cancelled', 'AbortError'));
    const request = new XMLHttpRequest();
    request.open('POST', upload.path);
    request.responseType = 'json';
    request.setRequestHeader('X-CSRF-Token', token);
    request.setRequestHeader('Idempotency-Key', upload.key);
    request.upload.onprogress = (event) => onProgress(event.lengthComputable ? event.loaded / event.total : 0);
    request.onload = () =>
      request.status < 300 ? resolve() : reject(problemOf(request.status, request.response, (name) => request.getResponseHeader(name)));
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException('Cancelled', 'AbortError'));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(body);
  });
}

export async function sendFile(upload: Upload, body: Blob, onProgress: (share: number) => void, signal: AbortSignal): Promise<void> {
  try {
    await post(upload, body, await csrfToken(), onProgress, signal);
  } catch (problem) {
    if ((problem as { code?: string }).code !== 'csrf_invalid') throw problem;
    forgetCsrfToken();
    await post(upload, body, await csrfToken(), onProgress, signal);
  }
}
