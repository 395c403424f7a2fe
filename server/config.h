/*
 * config: settings from the environment, read once at start; every fault is reported at once with
 * what to do.
 */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <stdbool.h>

struct config {
    int port;                 /* PROPOPS_PORT, 8443 */
    int http_port;            /* PROPOPS_HTTP_PORT, 8080; 0: none */
    int metrics_port;         /* PROPOPS_METRICS_PORT, 9464 on loopback; 0: none */
    int loops;                /* PROPOPS_LOOPS, cores / 2, at least 1 */
    const char *home;         /* PROPOPS_HOME, var */
    const char *domain;       /* PROPOPS_DOMAIN, localhost */
    const char *database_url; /* PROPOPS_DATABASE_URL, else the private cluster under home */
    const char *master_key;   /* PROPOPS_MASTER_KEY_FILE, <home>/master.key */
    const char
        *certificates;   /* PROPOPS_CERTIFICATES, <home>/certificates: <host>.pem and <host>.key */
    const char *console; /* PROPOPS_CONSOLE, build/console beside the binary: the built web app */
    const char *file_io; /* PROPOPS_FILE_IO, auto */
    double rate_factor;  /* PROPOPS_RATE_FACTOR, 1: multiplies all rate limits */
    int head_ms;         /* PROPOPS_HEAD_MS, 10000: for a request's head, and 1 KB/s of its body */
    int stall_ms;        /* PROPOPS_STALL_MS, 30000: for a client to take a piece of a response */
    int idle_ms;         /* PROPOPS_IDLE_MS, 600000: between a connection's requests */
    bool verbose;        /* PROPOPS_VERBOSE */
};

extern struct config config;

void config_load(void); /* exits with status 2 and all problems on stderr */

#endif
