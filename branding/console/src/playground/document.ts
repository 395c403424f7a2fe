/*
 * The API's own document, as a list of operations to try. Where several share one path and method, told apart by `action`, the
 * document lists each under `x-operations`; here each is an operation of its own.
 */
export interface Schema {
  type?: string | string[];
  format?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Schema>;
  required?: string[];
}

export interface Parameter {
  name: string;
  in: string;
  required: boolean;
  schema: Schema;
}

export interface Operation {
  id: string;
  method: string;
  path: string;
  module: string;
  summary: string;
  action: string | null;
  rights: string[]; // any one of them is enough
  accounts: string[];
  isPublic: boolean;
  parameters: Parameter[];
  body: { multipart: boolean; schema: Schema; example: Record<string, unknown> } | null;
}

interface Reference {
  $ref: string;
}

interface Listed {
  operationId: string;
  method: string;
  path: string;
  action: string | null;
  summary: string;
  module: string;
  'x-access': 'public' | 'signed_in' | 'right';
  'x-permission': string | null;
  'x-permission-aliases': string[];
  'x-accounts': string[];
  input: { name: string; in: string; required: boolean }[];
  requestBody?: Reference;
  multipart?: Reference;
}

interface Entry {
  parameters?: { name: string; in: string; schema?: Schema }[];
  requestBody?: { content: Record<string, { examples?: Record<string, { value: Record<string, unknown> }> }> };
  'x-operations': Listed[];
}

export interface ApiDocument {
  paths: Record<string, Record<string, Entry>>;
  components: { schemas: Record<string, Schema> };
}

function bodyOf(listed: Listed, entry: Entry, schemas: Record<string, Schema>): Operation['body'] {
  const { $ref } = listed.multipart ?? listed.requestBody ?? {};
  const schema = $ref && schemas[$ref.slice($ref.lastIndexOf('/') + 1)];
  if (!schema) return null;
  const examples = entry.requestBody?.content['application/json']?.examples ?? {};
  const example = examples[listed.action ?? ''] ?? Object.values(examples)[0];
  return { multipart: listed.multipart !== undefined, schema, example: example?.value ?? {} };
}

function operationOf(listed: Listed, entry: Entry, schemas: Record<string, Schema>): Operation {
  return {
    id: listed.operationId,
    method: listed.method,
    path: listed.path,
    module: listed.module,
    summary: listed.summary,
    action: listed.action,
    rights: listed['x-permission'] ? [listed['x-permission'], ...listed['x-permission-aliases']] : [],
    accounts: listed['x-accounts'],
    isPublic: listed['x-access'] === 'public',
    parameters: listed.input
      .filter((input) => input.in !== 'body')
      .map((input) => ({ ...input, schema: entry.parameters?.find((one) => one.name === input.name && one.in === input.in)?.schema ?? {} })),
    body: bodyOf(listed, entry, schemas),
  };
}

export const operations = ({ paths, components }: ApiDocument): Operation[] =>
  Object.values(paths).flatMap((item) =>
    Object.values(item).flatMap((entry) => entry['x-operations'].map((listed) => operationOf(listed, entry, components.schemas))),
  );

export const typeOf = (schema: Schema): string => [schema.type ?? 'string'].flat().find((type) => type !== 'null') ?? 'string';

/* The fields somebody fills in: the action is chosen already, and a token needs no other proof. */
export const fieldsOf = (schema: Schema): [name: string, field: Schema, required: boolean][] =>
  Object.entries(schema.properties ?? {})
    .filter(([name, field]) => name !== 'csrf_token' && field.const === undefined)
    .map(([name, field]) => [name, field, schema.required?.includes(name) ?? false]);

/* What must be sent, with the document's own examples; the rest is listed beside it. */
export function sampleBody({ body, action }: Operation): Record<string, unknown> {
  const needed = body ? fieldsOf(body.schema).filter(([, , required]) => required) : [];
  return { ...(action && { action }), ...Object.fromEntries(needed.map(([name]) => [name, body!.example[name] ?? null])) };
}
