/* A refusal or a failure of a call, as people can be told of it. */
export class Problem extends Error {
  override name = 'Problem';

  constructor(
    readonly status: number, // 0: the server was not reached
    message: string,
    readonly code = '',
    readonly fields: Record<string, string> = {},
    readonly requestId = '',
    readonly retryAfter = 0, // seconds; 0: not told
  ) {
    super(message);
  }

  get unreachable(): boolean {
    return this.status === 0;
  }
}

const SENTENCES: Record<number, string> = {
  413: 'That is larger than 25 MB',
  429: 'Too many requests in a short time',
  502: 'The server is being restarted',
  503: 'The server is busy',
};

export function unreachable(): Problem {
  return new Problem(0, navigator.onLine ? 'The server could not be reached' : 'You are offline');
}

/* The problem that an answer's body tells of; bodies that are not the API's own are told by their status. */
export function problemOf(status: number, body: unknown, header: (name: string) => string | null): Problem {
  const told = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const words = (value: unknown): string => {
    const said = Array.isArray(value) ? value.join(', ') : String(value);
    return said.charAt(0).toUpperCase() + said.slice(1);
  };
  const fields = Object.fromEntries(Object.entries((told.fields as object | undefined) ?? {}).map(([name, value]) => [name, words(value)]));
  const text = typeof told.error === 'string' ? told.error : (SENTENCES[status] ?? 'Something went wrong on our side');
  return new Problem(
    status,
    text,
    typeof told.code === 'string' ? told.code : '',
    fields,
    typeof told.request_id === 'string' ? told.request_id : (header('x-request-id') ?? ''),
    Number(header('retry-after')) || 0,
  );
}

export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(500, error instanceof Error ? error.message : String(error));
}
