/*
 * search: finding tenants by their sealed texts. Only for domain/people/.
 */
#ifndef DOMAIN_PEOPLE_SEARCH_H
#define DOMAIN_PEOPLE_SEARCH_H

#include "server/call.h"

enum tenant_text { TENANT_NAME = 1, TENANT_EMAIL, TENANT_NUMBERS };
enum { SEARCH_MOST = 6000 };

/* Ids of the tenants whose name (or else also e-mail address or a number) holds `part`. */
struct ints people_search(struct call *c, struct str part, bool names_only);

/* Replaces the tokens of one kind. */
void people_set_tokens(struct call *c, int64_t tenant_id, enum tenant_text kind, struct str text);

#endif
