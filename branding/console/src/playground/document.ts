/*
 * The API's own document, as a list of operations to try. Where several share one path and method the document tells them apart
 * by `action`; here each is an operation of its own.
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
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  anyOf?: Schema[];
  oneOf?: Schema[];
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema?: Schema;
}

export interface Operation {
  id: string;
  method: string;
  path: string;
  module: string;
  summary: string;
  action: string | null;
  permission: string | null;
  accounts: string[];
  isPublic: boolean;
  parameters: Parameter[];
  body: { multipart: boolean; schema: Schema } | null;
}

interface Entry {
  operationId?: string;
  summary?: string;
  tags?: string[];
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema?: Schema }> };
  security?: Record<string, unknown>[];
  'x-permission'?: string;
  'x-accounts'?: string[];
  'x-operations'?: { action: string | null; summary: string; permission: string | null; accounts: string[]; fields?: string[] }[];
}

export interface ApiDocument {
  info: { title: string; version: string };
  paths: Record<string, Record<string, Entry>>;
}

const METHODS = ['get', 'post', 'put', 'delete', 'patch'];

function bodyOf(entry: Entry, index: number, count: number): Operation['body'] {
  const content = entry.requestBody?.content;
  if (!content) return null;
  const multipart = 'multipart/form-data' in content;
  const schema = content[multipart ? 'multipart/form-data' : 'application/json']?.schema ?? {};
  const choices = schema.anyOf ?? schema.oneOf;
  return { multipart, schema: (count > 1 ? choices?.[index] : undefined) ?? schema };
}

function operationsOf(path: string, method: string, entry: Entry): Operation[] {
  const listed = entry['x-operations'] ?? [];
  const base = entry.operationId ?? `${method}_${path}`;
  const told = listed.length > 0 ? listed : [{ action: null, summary: entry.summary ?? path, permission: entry['x-permission'] ?? null, accounts: entry['x-accounts'] ?? [] }];
  return told.map((one, index) => {
    const fields = 'fields' in one ? one.fields : undefined;
    return {
      id: one.action ? `${base}.${one.action}` : base,
      method: method.toUpperCase(),
      path,
      module: entry.tags?.[0] ?? 'other',
      summary: one.summary,
      action: one.action,
      permission: one.permission,
      accounts: one.accounts,
      isPublic: entry.security?.length === 0,
      parameters: (entry.parameters ?? []).filter(({ name, in: place }) => name !== 'action' && (place === 'path' || !fields || fields.includes(name))),
      body: bodyOf(entry, index, told.length),
    };
  });
}

export function operations(document: ApiDocument): Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).flatMap((method) => operationsOf(path, method, item[method]!)),
  );
}

export const typeOf = (schema: Schema | undefined): string => [schema?.type ?? 'string'].flat().find((type) => type !== 'null') ?? 'string';

const SAMPLES: Record<string, unknown> = {
  email: 'name@example.com',
  uuid: '00000000-0000-4000-8000-000000000000',
  date: new Date().toISOString().slice(0, 10),
};

function sample(schema: Schema): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  switch (typeOf(schema)) {
    case 'integer':
    case 'number':
      return Math.max(1, schema.minimum ?? 1);
    case 'boolean':
      return false;
    case 'array':
      return [];
    case 'object':
      return sampleBody(schema, '');
    default:
      return SAMPLES[schema.format ?? ''] ?? 'text';
  }
}

/* What must be sent, and nothing else: the rest is listed beside it. */
export function sampleBody(schema: Schema, action: string | null): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  if (action && !schema.properties?.action) body.action = action;
  for (const [name, field] of Object.entries(schema.properties ?? {}))
    if (schema.required?.includes(name) || field.const !== undefined) body[name] = sample(field);
  return body;
}
