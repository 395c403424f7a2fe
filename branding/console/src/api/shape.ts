/*
 * Takes reply and body types out of the generated description of the API.
 *
 * Several operations share one path and method, told apart by `action`; the document then gives the union of their replies. A
 * record is picked from such a union by a field that only it has.
 */
import type { paths } from './schema';

type Method = 'get' | 'post' | 'put' | 'delete';
type Operation<P extends keyof paths, M extends Method> = NonNullable<paths[P][M]>;

export type Reply<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { responses: { 200: { content: { 'application/json': infer R } } } } ? R : never;

type Data<R> = R extends { data?: infer D } ? NonNullable<D> : never;
type Element<D> = D extends readonly (infer E)[] ? E : D;
type Having<U, K extends PropertyKey> = U extends unknown ? (K extends keyof U ? U : never) : never;

/* The record with field K among the `data` of a path's replies. */
export type Row<P extends keyof paths, K extends PropertyKey, M extends Method = 'get'> = Required<Having<Element<Data<Reply<P, M>>>, K>>;

/* The reply with member K at its top level. */
export type Answer<P extends keyof paths, M extends Method, K extends PropertyKey> = Required<Having<Reply<P, M>, K>>;

type Bodies<P extends keyof paths> =
  Operation<P, 'post'> extends { requestBody?: { content: infer C } } ? NonNullable<C[keyof C]> : never;

/* The JSON body of one action. */
export type Body<P extends keyof paths, A extends string> = Omit<Extract<Bodies<P>, { action: A }>, 'action' | 'csrf_token'>;
