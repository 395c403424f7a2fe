/*
 * route: from method, path and action to the row that answers. Start reading at route_find.
 *
 * PUT and DELETE rows are also reachable as POST with an action: the row's own, else "update" or
 * "delete". A row without an action answers when none is sent, or the word for what its method does
 * (get, list, create, update, delete); on a path where nothing has an action, any action is ignored
 * as every unknown field is.
 */
#ifndef SERVER_ROUTE_H
#define SERVER_ROUTE_H

#include "server/endpoint.h"

/* Takes up all rows; dies with every mistake in them. Once at start. */
void routes_build(const struct module *const *all);

/* Sets c->endpoint, c->action and c->path_values. False with a fault: NOT_FOUND, METHOD_NOT_ALLOWED
 * (with the Allow header), a problem of `action`, or what is wrong with a body that may hold it. */
bool route_find(struct call *c);

size_t routes_count(void);
const struct endpoint *route_at(size_t i); /* in the order of the modules */
const struct module *route_module(const struct endpoint *row);
size_t route_index(const struct endpoint *row);

/* Whether the row asks browsers for a CSRF token. */
bool route_wants_csrf(const struct endpoint *row);

/* The action that leads to the row by this method: NULL when it needs none. A PUT or DELETE row has
 * one by POST. False when the method does not lead to the row. */
bool route_action(const struct endpoint *row, enum method method, const char **action);

/* Tab-separated with a header line: method path action permission accounts csrf module summary
 * audit required fields reply. Accounts of a public row: "public". */
void routes_print(struct buf *out);

const char *method_name(enum method m);

#endif
