/*
 * agents: the people who follow the jobs of their branches. Owns no table: an agent is an account
 * with branches.
 */
#ifndef DOMAIN_AGENTS_H
#define DOMAIN_AGENTS_H

#include "server/endpoint.h"

extern const struct module agents_module;

#endif
