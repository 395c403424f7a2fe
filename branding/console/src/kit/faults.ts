import * as v from 'valibot';
import { Problem } from '../api/problem';

/* The checked values, or a Problem like the server's own: one sentence for each field that is at fault. */
export function faults<S extends v.GenericSchema>(schema: S, values: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, values, { abortPipeEarly: true });
  if (result.success) return result.output;
  const fields: Record<string, string> = {};
  for (const issue of result.issues) {
    const name = v.getDotPath(issue) ?? '';
    fields[name] ??= issue.message;
  }
  throw new Problem(400, 'Some fields are missing or invalid', 'input_invalid', fields);
}
