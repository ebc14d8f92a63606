/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Loading a configuration: the certificate
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/config/credential.h"
#include "daemon/config/expiry.h"
#include "daemon/config/file.h"
#include "daemon/config/finish.h"

#define PEM_MAX (1024 * 1024)

/* The path in place of the name, or the credential if no file is named. True: there is one. */
static bool find_pem(ConfigLoad *load, const Place *place, const char *credential, char **name) {
        char *path;
        int r;

        r = *name ? config_path(&path, place, *name) : config_credential(&path, credential);
        if (r < 0) {
                config_load_failed(load, r);
                return false;
        }

        free(*name);
        *name = path;
        return path;
}

/* "-----BEGIN PRIVATE KEY-----", "-----BEGIN EC PRIVATE KEY-----"... */
static bool has_key(const FileOctets *pem) {
        return memmem(pem->p, pem->n, "PRIVATE KEY-----", 16);
}

static bool read_pem(ConfigLoad *load, const Place *place, const char *path, FileOctets *ret) {
        char error[FILE_ERROR_MAX];
        int r;

        r = file_read(ret, path, PEM_MAX);
        if (r == -ENOMEM)
                config_load_failed(load, r);
        else if (r < 0)
                config_load_error(load, place, "%s: %s", path, file_error(r, error));
        else if (place->file && ret->is_public && has_key(ret)) {
                config_load_error(
                        load, place, "everybody may read %s, with the key in it: chmod o-r %s", path, path);
                r = -EPERM;
        }

        return r >= 0;
}

static void make_certificate(ConfigLoad *load, const FileOctets *cert, const FileOctets *ca) {
        Config *config = load->config;
        const Place *place = CONFIG_PLACE(load, cert);
        char error[CERTIFICATE_ERROR_MAX] = "", expiry[EXPIRY_TEXT_MAX];
        int r;

        r = certificate_new(&config->certificate, cert->p, cert->n, ca->p, ca->n, error);
        if (r == -ENOMEM)
                config_load_failed(load, r);
        else if (r < 0 && ca->p)
                config_load_error(load, place, "%s, with %s: %s", config->cert, config->ca, error);
        else if (r < 0)
                config_load_error(load, place, "%s: %s", config->cert, error);
        else if (expiry_problem(config->certificate, (uint64_t) time(NULL), expiry))
                config_load_warning(load, place, "%s: %s", config->cert, expiry);
}

void config_load_certificate(ConfigLoad *load) {
        const Place *cert_place = CONFIG_PLACE(load, cert), *ca_place = CONFIG_PLACE(load, ca);
        _cleanup_octets_ FileOctets cert = FILE_OCTETS_NONE, ca = FILE_OCTETS_NONE;
        Config *config = load->config;
        bool ok = true;

        if (find_pem(load, ca_place, "aempd.ca", &config->ca))
                ok = read_pem(load, ca_place, config->ca, &ca);
        if (find_pem(load, cert_place, "aempd.cert", &config->cert)) {
                ok = read_pem(load, cert_place, config->cert, &cert) && ok;
                if (ok)
                        make_certificate(load, &cert, &ca);
        } else if (config->ca)
                config_load_error(load, ca_place, "ca says who signs certificates: that needs a cert, too");
}
