/*
 * assets: the built web app, read into memory at start and served from there.
 *
 * Files under /assets/ have hashed names and are immutable; everything else is asked for anew each
 * time, with an ETag. A path without a dot in its last part is a page of the app: it gets the entry
 * of the host it was asked from. Precompressed siblings (.br, .gz) are sent to who takes them.
 */
#ifndef SERVER_ASSETS_H
#define SERVER_ASSETS_H

#include "server/call.h"

void assets_start(const char *folder); /* a missing folder is told in the log and serves nothing */
void assets_stop(void);

/* Answers the call, or faults it (NOT_FOUND, METHOD_NOT_ALLOWED). Never parks. */
void assets_serve(struct call *c);

#endif
