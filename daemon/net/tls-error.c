/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Why TLS failed, for people
 *
 * The two administrators of a connection see one half each. So the texts say whose certificate it is, and
 * OpenSSL's own words follow for those who search for them.
 */

#include "daemon/net/tls-error.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "daemon/net/x509.h"

/* --- alerts ------------------------------------------------------------------------------------------ */

static bool is_about_certificates(int alert) {
        switch (alert) {
        case SSL_AD_NO_CERTIFICATE:
        case SSL_AD_BAD_CERTIFICATE:
        case SSL_AD_UNSUPPORTED_CERTIFICATE:
        case SSL_AD_CERTIFICATE_REVOKED:
        case SSL_AD_CERTIFICATE_EXPIRED:
        case SSL_AD_CERTIFICATE_UNKNOWN:
        case SSL_AD_UNKNOWN_CA:
        case SSL_AD_ACCESS_DENIED:
        case SSL_AD_CERTIFICATE_REQUIRED:
                return true;
        default:
                return false;
        }
}

static void alert_text(char text[static TLS_ERROR_MAX], int alert) {
        const char *what = is_about_certificates(alert) ? "does not accept our certificate"
                : alert == SSL_AD_PROTOCOL_VERSION      ? "accepts no version of TLS that we do"
                                                        : "gave up";

        (void) snprintf(text, TLS_ERROR_MAX, "TLS: the other side %s (alert %s)", what,
                SSL_alert_desc_string_long(alert));
}

/* --- our own errors ---------------------------------------------------------------------------------- */

static const char *reason_text(int reason) {
        switch (reason) {
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
                return "the other side has no certificate";
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_VERSION_TOO_LOW:
                return "the other side's version of TLS is too old";
        case SSL_R_NO_SHARED_CIPHER:
        case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
        case SSL_R_NO_SUITABLE_KEY_SHARE:
        case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
                return "the two sides have no cipher or signature in common";
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_BAD_RECORD_TYPE:
        case SSL_R_HTTP_REQUEST:
        case SSL_R_HTTPS_PROXY_REQUEST:
        case SSL_R_PACKET_LENGTH_TOO_LONG:
                return "what the other side sends is not TLS";
        case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
                return "what the other side sent was changed on its way";
        default:
                return NULL;
        }
}

/* The one of TLS itself says most: others are deeper down, or follow from it. But all may follow from a lack
 * of memory. */
static unsigned long take_error(void) {
        unsigned long first = ERR_peek_error(), found = 0, e;

        while ((e = ERR_get_error())) {
                if (ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE) {
                        ERR_clear_error();
                        return e;
                }
                if (!found && ERR_GET_LIB(e) == ERR_LIB_SSL)
                        found = e;
        }

        return found ? found : first;
}

void tls_error_text(char text[static TLS_ERROR_MAX]) {
        unsigned long e = take_error();
        int reason = ERR_GET_REASON(e), own = ERR_GET_LIB(e) == ERR_LIB_SSL ? reason : 0;
        const char *words = ERR_reason_error_string(e), *what = reason_text(own);

        if (reason == ERR_R_MALLOC_FAILURE)
                (void) stpcpy(text, "out of memory");
        else if (own > SSL_AD_REASON_OFFSET && own <= SSL_AD_REASON_OFFSET + UINT8_MAX)
                alert_text(text, own - SSL_AD_REASON_OFFSET);
        else if (what)
                (void) snprintf(text, TLS_ERROR_MAX, "TLS: %s (%s)", what, words ?: "unknown error");
        else
                (void) snprintf(text, TLS_ERROR_MAX, "TLS: %s", words ?: "unknown error");
}

/* --- certificates ------------------------------------------------------------------------------------ */

void tls_error_verify(char text[static TLS_ERROR_MAX], const X509_STORE_CTX *verify) {
        const X509 *x509 = X509_STORE_CTX_get_current_cert(verify);
        const int error = X509_STORE_CTX_get_error(verify);
        const char *words = X509_verify_cert_error_string(error);
        const char *whose = X509_STORE_CTX_get_error_depth(verify) == 0
                ? "the other side's certificate"
                : "an authority of the other side's certificate";
        char subject[X509_SUBJECT_MAX] = "", date[X509_DATE_MAX] = "";

        if (x509)
                (void) x509_subject(x509, subject);

        switch (x509 ? error : X509_V_ERR_UNSPECIFIED) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
                (void) snprintf(text, TLS_ERROR_MAX, "TLS: %s has expired (%s, until %s)", whose, subject,
                        x509_date(X509_get0_notAfter(x509), date));
                break;
        case X509_V_ERR_CERT_NOT_YET_VALID:
                (void) snprintf(text, TLS_ERROR_MAX, "TLS: %s is not valid yet (%s, from %s)", whose,
                        subject, x509_date(X509_get0_notBefore(x509), date));
                break;
        case X509_V_ERR_CERT_REVOKED:
                (void) snprintf(text, TLS_ERROR_MAX, "TLS: %s has been revoked (%s)", whose, subject);
                break;
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
                (void) snprintf(text, TLS_ERROR_MAX,
                        "TLS: the other side's certificate is not signed by an authority that is trusted "
                        "here (%s)",
                        words);
                break;
        default:
                (void) snprintf(text, TLS_ERROR_MAX, "TLS: %s is refused (%s%s%s)", whose, subject,
                        subject[0] ? ": " : "", words);
        }
}
