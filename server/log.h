/*
 * log: JSON lines on stderr (or PROPOPS_LOG_FILE), one per request and one per failure; and
 * counters for Prometheus.
 */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include "server/call.h"

void log_start(void);
void log_stop(void);   /* writes what is queued; later lines are written at once */
void log_reopen(void); /* opens PROPOPS_LOG_FILE anew, after it was moved away */
/* How an org is named in log lines; server/ cannot know. */
void log_org_name(struct str (*name)(const struct org *o));
/* log_event("directory_loaded", "orgs", "12", NULL): level info; names and values in pairs,
 * NULL-terminated. */
void log_event(const char *event, ...) __attribute__((sentinel));
void log_failure(const char *event, ...) __attribute__((sentinel)); /* level error */
void log_call(struct call *c);       /* the one line of a finished request */
void log_call_fault(struct call *c); /* the one line of its failure */
/* Prints to stderr with "propops: " and exits 1. For start-up and verbs only. */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Prometheus text of all counters, appended to out. */
void metrics_print(struct buf *out);
void metrics_count_call(const struct call *c);
/* A named gauge read when scraped. */
void metrics_gauge(const char *name, const char *help, int64_t (*read)(void));

#endif
