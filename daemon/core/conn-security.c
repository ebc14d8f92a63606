/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What TLS found out about a connection, for as long as it lasts.
 */

#include <stdlib.h>
#include <string.h>

#include "daemon/core/conn.h"
#include "daemon/core/text.h"

static char *text_copy(const char *text) {
        char clean[256];

        text_clean(clean, sizeof(clean), str_from(text));
        return strdup(clean);
}

ConnSecurity *conn_security_free(ConnSecurity *security) {
        if (!security)
                return NULL;

        free(security->version);
        free(security->cipher);
        free(security->subject);
        free(security);
        return NULL;
}

ConnSecurity *conn_security_copy(const StreamSecurity *from) {
        ConnSecurity *security = calloc(1, sizeof(*security));

        if (!security)
                return NULL;

        security->version = text_copy(from->version);
        security->cipher = text_copy(from->cipher);
        security->subject = text_copy(from->subject);
        security->expires = from->expires;
        return security->version && security->cipher && security->subject ? security
                                                                          : conn_security_free(security);
}
