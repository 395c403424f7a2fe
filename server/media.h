/*
 * media: pictures that strangers sent, decoded and made anew in a child process (propops-media)
 * that can do nothing else.
 *
 * The server itself never decodes any: a decoder that is taken over, loops or eats memory harms
 * only its own process.
 */
#ifndef SERVER_MEDIA_H
#define SERVER_MEDIA_H

#include "server/call.h"

enum rendition {
    RENDITION_WEB,   /* at most 2048 pixels a side */
    RENDITION_THUMB, /* at most 320 */
};

/* Makes an upright JPEG without metadata of a picture, or of a PDF's first page, into the call's
 * memory. Parks the fiber, for 15 seconds and the wait for its turn at most. False without a fault:
 * this cannot be decoded, and trying again is no use. False with MEDIA_NOT_RENDERED or BUSY: trying
 * later is. */
bool media_render(struct call *c, struct str input, enum rendition what, struct str *output);

#endif
