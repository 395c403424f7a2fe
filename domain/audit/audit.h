/*
 * audit: the activity log. Owns the table activity_log, into which the org's role can only insert.
 */
#ifndef DOMAIN_AUDIT_H
#define DOMAIN_AUDIT_H

#include "server/call.h"

/* Names the record that the call's entry is about. */
void audit_about(struct call *c, struct uuid subject);

/* Adds the entry of a writing call to its transaction. The commit step calls it. */
void audit_write(struct call *c);

/* An entry of its own transaction for a refusal worth keeping (wrong password, missing right). */
void audit_refusal(struct call *c, const char *type);

#endif
