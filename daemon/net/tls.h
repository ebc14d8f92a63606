/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * TLS on a link
 *
 * A filter for the pump of a stream. Both sides have to show a certificate that the other one trusts; what
 * its name is does not matter. TLS 1.2 and 1.3, no resumption, no renegotiation, no early data. An
 * end-of-file without close_notify is one all the same: messages have their lengths, and peers end that way.
 */

#include "daemon/io/pump.h"
#include "daemon/net/certificate.h"

/* In the role that the stream's `tls` says. 0 or -ENOMEM. */
int tls_new(PumpFilter **ret, const Certificate *certificate, Stream *stream);
