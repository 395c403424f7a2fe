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

/* Hands in photos and certificates for some finished jobs, as their contractors. Begins and ends
 * the file store's part of the loop, so the call must be a verb's own. */
void demo_add_files(struct call *c);

/* A photo-like picture as PNG: the same wall with its damage, or repaired. In the call's memory. */
struct str demo_picture(struct call *c, uint64_t seed, bool repaired);

/* A page of lines as PDF, the first of them large. Latin letters only. In the call's memory. */
struct str demo_page(struct call *c, const struct str *lines, size_t count);

#endif
