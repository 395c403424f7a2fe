/*
 * steps: what the gate's steps mean, put together from tenancy and the modules. Handed down by
 * main.
 */
#ifndef DOMAIN_ACCESS_STEPS_H
#define DOMAIN_ACCESS_STEPS_H

#include "server/gate.h"

extern const struct gate_steps domain_gate_steps;

#endif
