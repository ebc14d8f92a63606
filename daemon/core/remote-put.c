/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What is sent to another node: onto its connection, or into the queue that waits for one. It goes nowhere
 * while a failure is due, as nothing may follow what is lost before everyone has been told.
 */

#include <errno.h>

#include "daemon/core/charge.h"
#include "daemon/core/client.h"
#include "daemon/core/conn.h"
#include "daemon/core/plant.h"
#include "daemon/core/remote.h"

size_t remote_queued(const Remote *remote) {
        return remote->conn ? remote->conn->stream.out.len : remote->unsent.len;
}

static void remote_queue(Remote *remote, const Msg *msg) {
        Node *node = remote->node;
        size_t waited = remote->unsent.len;

        if (remote->failing) {
                node->counters.dropped_queued++;
                return;
        }

        if (msg_queue(&remote->unsent, msg->to, msg->n, msg->tail, msg->tail_len) < 0 ||
                charge_unsent(remote, remote->unsent.len - waited) < 0) {
                remote_attempt_failed(remote, "out of memory");
                return;
        }

        remote->n_unsent++;
        remote_want(remote);
        if (remote->unsent.len > node->config.peer_hard)
                remote_attempt_failed(remote, "too many messages wait for it");
}

/* What has to be said can't be: then nothing more may be said to it before all have been told. */
static void remote_no_memory(Remote *remote) {
        if (remote->conn)
                conn_end(remote->conn, "out of memory");
        else
                remote_attempt_failed(remote, "out of memory");
}

/* The same message with all that a Perl peer can't decode taken out. */
static int msg_clean(Node *node, Msg *msg) {
        CborCursor c = msg_cursor(msg);

        buf_reset(&node->cleaned);
        while (cbor_peek(&c) != CBOR_END) {
                const uint8_t *start = c.p;

                if (cbor_skip(&c) < 0)
                        return -EBADMSG;
                cbor_clean(&node->cleaned, start, (size_t) (c.p - start));
        }

        msg->tail = node->cleaned.data;
        msg->tail_len = node->cleaned.len;
        msg->odd = false;
        return buf_error(&node->cleaned);
}

void remote_put(Remote *remote, const Msg *msg) {
        Node *node = remote->node;
        Msg clean;

        if (msg->odd) {
                clean = *msg;
                if (msg_clean(node, &clean) < 0) {
                        remote_no_memory(remote);
                        return;
                }
                msg = &clean;
        }

        if (remote->conn) {
                conn_put(remote->conn, msg);
                if (PLANTED(reorder_queue) && remote->n_unsent > 0) {
                        conn_put_unsent(remote->conn, &remote->unsent);
                        remote->n_unsent = 0;
                }
        } else {
                remote_queue(remote, msg);
        }

        if (node->source && remote_queued(remote) > node->config.peer_high)
                client_stall(node->source, &remote->stalled);
}

void remote_say(Remote *remote) {
        Msg msg = tail_msg(&remote->node->tail, STR_NULL);

        if (buf_error(&remote->node->tail.buf) < 0)
                remote_no_memory(remote);
        else
                remote_put(remote, &msg);
}

void remote_drained(Remote *remote) {
        if (!list_is_empty(&remote->stalled) && remote_queued(remote) <= remote->node->config.peer_high / 2)
                client_resume(remote->node, &remote->stalled);
}
