/*
 * contractors: the firms that do the work; their trades, areas and certificates. Owns
 * contractor_profiles, contractor_trades, contractor_areas, certifications, trades.
 */
#ifndef DOMAIN_CONTRACTORS_H
#define DOMAIN_CONTRACTORS_H

#include "server/endpoint.h"

extern const struct module contractors_module;

#endif
