#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "server/config.h"
#include "server/log.h"
#include "server/loop.h"
#include "server/transport.h"

enum { CERTIFICATES_MOST = 10000, NAME_MOST = 253, KEY_LIFE_SECONDS = 12 * 3600 };

/* Session tickets are sealed with keys of the certificate they were made under, so that no session
 * crosses over to another host's. */
struct ticket_key {
    unsigned char name[16], cipher[32], mac[32];
    int64_t made;
};

struct certificate {
    SSL_CTX *context;
    struct str *names; /* lower case; may begin with "*." */
    size_t names_count;
    pthread_mutex_t lock;
    struct ticket_key key, key_before;
    char file[NAME_MOST + 8];
};

/* One reading of the folder. Connections point into it, so it is kept when the next takes its
 * place. */
struct set {
    struct certificate **at;
    size_t count;
    const struct certificate *by_default;
    struct timespec changed;
    struct set *before;
};

static _Atomic(struct set *) present;
static const char *folder;

static void *must(void *memory)
{
    if (!memory)
        die("out of memory");
    return memory;
}

static bool name_covers(struct str name, struct str host)
{
    if (!str_starts(name, "*."))
        return str_equal(name, host);
    const char *dot = host.len ? memchr(host.at, '.', host.len) : NULL;
    if (!dot || dot == host.at)
        return false;
    struct str rest = {dot, host.len - (size_t)(dot - host.at)};
    return str_equal((struct str){name.at + 1, name.len - 1}, rest);
}

bool certificate_covers(const struct certificate *c, struct str host)
{
    for (size_t i = 0; i < c->names_count; i++)
        if (name_covers(c->names[i], host))
            return true;
    return false;
}

/* The certificate that names the host itself, else one that covers it by a wildcard. */
static const struct certificate *find(const struct set *s, struct str host)
{
    const struct certificate *wide = NULL;

    for (size_t i = 0; i < s->count; i++) {
        for (size_t n = 0; n < s->at[i]->names_count; n++) {
            if (str_equal(s->at[i]->names[n], host))
                return s->at[i];
            if (!wide && name_covers(s->at[i]->names[n], host))
                wide = s->at[i];
        }
    }
    return wide;
}

bool tls_covers(struct str host)
{
    return find(atomic_load(&present), host) != NULL;
}

const struct certificate *tls_default(void)
{
    return atomic_load(&present)->by_default;
}

SSL_CTX *tls_context(void)
{
    return atomic_load(&present)->by_default->context;
}

/* The one host name of the extension: list length, type 0, name length, name. */
static bool sent_name(SSL *ssl, char name[static NAME_MOST], struct str *host)
{
    const unsigned char *at;
    size_t len;

    if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &at, &len) || len < 5 ||
        at[2] != 0)
        return false;
    size_t name_len = (size_t)at[3] << 8 | at[4];
    if (((size_t)at[0] << 8 | at[1]) != len - 2 || name_len != len - 5 || name_len > NAME_MOST)
        return false;
    return http_host_name((struct str){(const char *)at + 5, name_len}, name, host);
}

/*
 * Before anything of the hello is looked at, tickets included: gives the connection the certificate
 * of the host it asks for, and the default one when it names none that we have. What it then may
 * ask for is decided by each request's authority.
 */
static int on_hello(SSL *ssl, int *alert, void *unused)
{
    char name[NAME_MOST];
    struct str host;
    const struct set *s = atomic_load(&present);
    const struct certificate *chosen = sent_name(ssl, name, &host) ? find(s, host) : NULL;

    (void)alert;
    (void)unused;
    if (!chosen)
        chosen = s->by_default;
    SSL_set_SSL_CTX(ssl, chosen->context);
    /* The library hangs its socket on the stream below; there is no other way from here to the
     * connection. */
    h2o_socket_t *socket = BIO_get_data(SSL_get_rbio(ssl));
    struct client *client = socket->on_close.data;
    client->certificate = chosen;
    return SSL_CLIENT_HELLO_SUCCESS;
}

static void make_key(struct ticket_key *k)
{
    randombytes_buf(k, offsetof(struct ticket_key, made));
    k->made = now_unix();
}

static bool set_up_ticket(const struct ticket_key *k, unsigned char *iv, EVP_CIPHER_CTX *cipher,
    EVP_MAC_CTX *mac, int sealing)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)k->mac, sizeof k->mac),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "sha256", 0),
        OSSL_PARAM_construct_end(),
    };

    return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, k->cipher, iv, sealing) == 1 &&
           EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* 1: done, 2: done and a fresh ticket is due, 0: not ours, -1: failed. */
static int on_ticket(SSL *ssl, unsigned char name[16], unsigned char *iv, EVP_CIPHER_CTX *cipher,
    EVP_MAC_CTX *mac, int sealing)
{
    struct certificate *c = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const struct ticket_key *k = NULL;
    int answer = 0;

    pthread_mutex_lock(&c->lock);
    if (now_unix() - c->key.made > KEY_LIFE_SECONDS) {
        c->key_before = c->key;
        make_key(&c->key);
    }
    if (sealing) {
        k = &c->key;
        memcpy(name, k->name, sizeof k->name);
        answer = RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1 ? 1 : -1;
    } else if (memcmp(name, c->key.name, sizeof c->key.name) == 0) {
        k = &c->key;
        answer = 1;
    } else if (c->key_before.made &&
               memcmp(name, c->key_before.name, sizeof c->key_before.name) == 0) {
        k = &c->key_before;
        answer = 2;
    }
    if (answer > 0 && !set_up_ticket(k, iv, cipher, mac, sealing))
        answer = -1;
    pthread_mutex_unlock(&c->lock);
    return answer;
}

static void set_up_context(struct certificate *c)
{
    SSL_CTX *context = c->context;
    unsigned char session_context[16];

    randombytes_buf(session_context, sizeof session_context);
    SSL_CTX_set_app_data(context, c);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(
        context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(context, session_context, sizeof session_context);
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
    SSL_CTX_set_client_hello_cb(context, on_hello, NULL);
    h2o_ssl_register_alpn_protocols(context, h2o_alpn_protocols);
}

static void add_certificate_name(struct certificate *c, const char *at, size_t len)
{
    char *name = must(malloc(len + 1));

    for (size_t i = 0; i < len; i++)
        name[i] = at[i] >= 'A' && at[i] <= 'Z' ? (char)(at[i] + 32) : at[i];
    name[len] = '\0';
    c->names = must(realloc(c->names, (c->names_count + 1) * sizeof *c->names));
    c->names[c->names_count++] = (struct str){name, len};
}

static void add_address_name(struct certificate *c, const ASN1_OCTET_STRING *address)
{
    char text[INET6_ADDRSTRLEN];
    int len = ASN1_STRING_length(address);

    if ((len == 4 || len == 16) &&
        inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text, sizeof text))
        add_certificate_name(c, text, strlen(text));
}

static void read_names(struct certificate *c)
{
    X509 *x509 = SSL_CTX_get0_certificate(c->context);
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);

    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
        if (n->type == GEN_DNS)
            add_certificate_name(c, (const char *)ASN1_STRING_get0_data(n->d.dNSName),
                (size_t)ASN1_STRING_length(n->d.dNSName));
        else if (n->type == GEN_IPADD)
            add_address_name(c, n->d.iPAddress);
    }
    GENERAL_NAMES_free(names);
}

static void certificate_free(struct certificate *c)
{
    for (size_t i = 0; i < c->names_count; i++)
        free((char *)c->names[i].at);
    free(c->names);
    SSL_CTX_free(c->context);
    sodium_memzero(c, sizeof *c);
    free(c);
}

/* NULL, and a line in the log, when the pair is not usable: the others must not suffer for one that
 * is being renewed. */
static struct certificate *certificate_read(const char *pem)
{
    char certificate_path[4096], key_path[4096];
    int stem = (int)strlen(pem) - 4;
    struct certificate *c = must(calloc(1, sizeof *c));

    snprintf(certificate_path, sizeof certificate_path, "%s/%s", folder, pem);
    snprintf(key_path, sizeof key_path, "%s/%.*s.key", folder, stem, pem);
    snprintf(c->file, sizeof c->file, "%.*s", stem, pem);
    pthread_mutex_init(&c->lock, NULL);
    c->context = must(SSL_CTX_new(TLS_server_method()));
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(c->context, certificate_path) != 1 ||
        SSL_CTX_use_PrivateKey_file(c->context, key_path, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(c->context) != 1) {
        log_failure("certificate_unusable", "file", certificate_path, "reason",
            ERR_reason_error_string(ERR_get_error()), NULL);
        ERR_clear_error();
        certificate_free(c);
        return NULL;
    }
    set_up_context(c);
    read_names(c);
    make_key(&c->key);
    if (!certificate_covers(c, str_of(c->file)))
        log_failure("certificate_of_other_name", "file", certificate_path, NULL);
    return c;
}

static int is_certificate(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return entry->d_name[0] != '.' && len > 4 && len <= NAME_MOST + 4 &&
           strcmp(entry->d_name + len - 4, ".pem") == 0;
}

static struct timespec folder_time(void)
{
    struct stat about;

    return stat(folder, &about) == 0 ? about.st_mtim : (struct timespec){0};
}

/* Who asks for no host, or for one we do not have, is shown the shared host's certificate: it tells
 * nothing about any customer. */
static const struct certificate *choose_default(const struct set *s)
{
    char shared[NAME_MOST];

    snprintf(shared, sizeof shared, "my.%s", config.domain);
    const struct certificate *c = find(s, str_of(shared));
    return c ? c : s->at[0];
}

static struct set *set_read(void)
{
    struct dirent **entries;
    struct set *s = must(calloc(1, sizeof *s));

    s->changed = folder_time();
    int found = scandir(folder, &entries, is_certificate, alphasort);
    for (int i = 0; i < found; i++) {
        struct certificate *c = s->count < CERTIFICATES_MOST ? certificate_read(entries[i]->d_name)
                                                             : NULL;
        free(entries[i]);
        if (!c)
            continue;
        s->at = must(realloc(s->at, (s->count + 1) * sizeof *s->at));
        s->at[s->count++] = c;
    }
    if (found >= 0)
        free(entries);
    if (s->count) {
        s->by_default = choose_default(s);
        return s;
    }
    free(s);
    return NULL;
}

void tls_start(const char *certificates_folder)
{
    folder = certificates_folder;
    struct set *s = set_read();
    if (!s)
        die("no usable certificate in %s: put <host>.pem and <host>.key there, or let ops/up make "
            "them",
            folder);
    atomic_store(&present, s);
}

bool tls_folder_changed(void)
{
    struct timespec now = folder_time(), then = atomic_load(&present)->changed;

    return now.tv_sec != then.tv_sec || now.tv_nsec != then.tv_nsec;
}

bool tls_reload(void)
{
    struct set *s = set_read();

    if (!s) {
        /* Not tried again until the folder changes once more. */
        atomic_load(&present)->changed = folder_time();
        log_failure("certificates_not_reloaded", "folder", folder, NULL);
        return false;
    }
    s->before = atomic_load(&present);
    atomic_store(&present, s);
    return true;
}
