/*
 * audit: the activity log. Owns the table activity_log, into which the org's role can only insert.
 */
#ifndef DOMAIN_AUDIT_H
#define DOMAIN_AUDIT_H

#include "server/call.h"

/* Names the record that the call's entry is about. */
void audit_about(struct call *c, struct uuid subject);

/* Whose deed it is, when that is not the call's account: somebody who just signs in. */
void audit_by(struct call *c, int64_t account_id, struct str name);

/* Adds the entry of a call to its transaction, if its row or handler names a type. The commit step
 * calls it. */
void audit_write(struct call *c);

/* Adds an entry of its own type about one record to the call's transaction: for deeds outside of
 * requests. */
void audit_add(struct call *c, const char *type, const char *subject, struct uuid subject_uuid);

/* An entry for a refusal worth keeping (wrong password, missing right), committed by itself. The
 * call stays as faulted as it is. Over a hundred in a minute, an org's are counted in the server's
 * log instead: who is refused must not be able to fill the table. */
void audit_refusal(struct call *c, const char *type);

#endif
