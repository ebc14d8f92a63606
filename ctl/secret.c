/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * gensecret
 *
 * Letters and digits only: it goes through configuration files, shells and mails unharmed. 64 of 62 kinds
 * are 381 bits.
 */

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "ctl/complain.h"
#include "ctl/exit-status.h"
#include "ctl/output.h"
#include "ctl/verbs.h"

#define SECRET_LENGTH 64

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* Octets that stand for no character are thrown away, or the first ones would come more often. */
static int secret_make(char *ret) {
        const unsigned n = sizeof(alphabet) - 1, limit = 256 - 256 % n;
        size_t length = 0;

        while (length < SECRET_LENGTH) {
                unsigned char octet;

                if (getrandom(&octet, 1, 0) != 1) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                if (octet < limit)
                        ret[length++] = alphabet[octet % n];
        }

        ret[length] = '\0';
        return 0;
}

int verb_gensecret(const Options *options, char **args) {
        char secret[SECRET_LENGTH + 1];
        int r;

        r = secret_make(secret);
        if (r < 0) {
                complain("can't get random octets: %s", strerror(-r));
                return EXIT_FAILURE;
        }

        (void) output_line(secret);
        explicit_bzero(secret, sizeof(secret));
        return EXIT_SUCCESS;
}
