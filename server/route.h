/*
 * route: from method, path and action to the row that answers. Start reading at route_find.
 *
 * PUT and DELETE rows are also reachable as POST with an action ("update", "delete", or the row's own).
 */
#ifndef SERVER_ROUTE_H
#define SERVER_ROUTE_H

#include "server/endpoint.h"

/* Takes up all rows; dies with every mistake in them. Once at start. */
void routes_build(const struct module *const *all);

/* Sets c->endpoint, c->action and c->path_values. False with a fault: NOT_FOUND, METHOD_NOT_ALLOWED, or a problem of `action`. */
bool route_find(struct call *c);

size_t routes_count(void);
const struct endpoint *route_at(size_t i); /* in the order of the modules */
const struct module *route_module(const struct endpoint *row);
size_t route_index(const struct endpoint *row);

/* Whether the row asks browsers for a CSRF token. */
bool route_wants_csrf(const struct endpoint *row);

/* Tab-separated with a header line: method path action permission accounts csrf module summary audit required fields reply. */
void routes_print(struct buf *out);

const char *method_name(enum method m);

#endif
