/*
 * params: fills a statement's parameters from a call's input by name. Only for tenancy/.
 *
 * Names with a leading underscore come from the call: _account_id, _account_uuid, _account_type,
 * _branch_ids, _new_uuid.
 */
#ifndef TENANCY_PARAMS_H
#define TENANCY_PARAMS_H

#include "server/endpoint.h"
#include "tenancy/db.h"

struct arg param_of(struct call *c, const char *name);

/* Whether the input has a value under this name (absent, null and empty text count as none). */
bool param_given(struct call *c, const char *name);

/* All parameters of the statement, in order. */
const struct arg *params_of(struct call *c, const struct statement *s);

#endif
