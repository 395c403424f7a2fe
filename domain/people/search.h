/*
 * search: finding tenants by their sealed texts. Only for domain/people/.
 */
#ifndef DOMAIN_PEOPLE_SEARCH_H
#define DOMAIN_PEOPLE_SEARCH_H

#include "server/call.h"

/* Ids of the tenants whose name (or else also e-mail address or a number) holds `part`; of numbers
 * also the bare digits, with or without the country code of the United Kingdom. At most 10,000
 * candidates are looked at. */
struct ints people_search(struct call *c, struct str part, bool names_only);

/* Replace the tokens of a tenant. */
void people_index_name(struct call *c, int64_t tenant_id, struct str name);
void people_index_email(struct call *c, int64_t tenant_id, struct str email);
void people_index_numbers(struct call *c, int64_t tenant_id, struct str primary, struct str work);

#endif
