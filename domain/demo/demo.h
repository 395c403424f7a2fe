/*
 * demo: fills an org with a letting agency that looks like a real one, much the same each time; and
 * many more jobs for load.
 *
 * The one module that writes into tables of others: it stands for the years in which an agency used
 * the system. Start reading at verb_demo in demo.c.
 */
#ifndef DOMAIN_DEMO_H
#define DOMAIN_DEMO_H

#include "server/call.h"

int verb_demo(int argc, char **argv);

/* Raises jobs among the addresses, contractors and agents that the org has; `seed` decides which.
 * With `stories` they have notes and an earlier version as well. */
void demo_add_jobs(struct call *c, int64_t count, uint64_t seed, bool stories);

#endif
