/*
 * confine: how the process that decodes strangers' media shuts itself in. Limits first, then the
 * libraries are loaded, then files (Landlock) and system calls (seccomp) are shut out, and only
 * then is the input looked at.
 */
#ifndef OPS_MEDIA_CONFINE_H
#define OPS_MEDIA_CONFINE_H

/* Says why on descriptor 2 and ends. Status 1: not to be decoded, 2: could not shut itself in. */
void leave(int status, const char *why) __attribute__((noreturn));

/* 512 MB of address space, 10 s of processor, 32 MB of output, no core dump, no new privileges. */
void confine_limits(void);

/* Shuts out writing by name, reading outside the system's own libraries and fonts, other processes
 * and the network. There is no way back. */
void confine_calls(void);

#endif
