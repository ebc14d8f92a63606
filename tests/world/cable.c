/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/world/cable.h"

#include <assert.h>
#include <stdlib.h>

#include "tests/world/net.h"

static const char eof_text[] = "Unexpected end-of-file";
static const char reset_text[] = "Connection reset by peer";
static const char timeout_text[] = "Connection timed out";
static const char refused_text[] = "Connection refused";

/* --- how an end dies --------------------------------------------------------------------------------- */

static void end_retire(End *end) {
        Cable *cable = end->cable;
        Sim *sim = cable->net->sim;

        end->closed = true;
        list_unlink(&end->by_proc);
        alarm_clear(sim, &end->write);
        pipe_no_receiver(&end_peer(end)->out);
        if (end_peer(end)->closed)
                alarm_set(sim, &cable->reap, sim->now);
}

/* close(2): what is in the buffers still goes out, unless something was not read. */
static void end_close(End *end) {
        bool unread = end_peer(end)->out.arrived > 0;

        end_retire(end);
        if (!end->error)
                pipe_end(&end->out, unread ? PIPE_RESET : PIPE_EOF);
}

/* --- what goes out ----------------------------------------------------------------------------------- */

/* TLS begins here, and is not there yet. */
static bool end_is_in_tls(const End *end) {
        return end->stream->tls != STREAM_TLS_NONE && !end->secured;
}

static bool end_may_write(const End *end) {
        return end->stream->plain == 0 && end->hello.len == 0 && !end_is_in_tls(end);
}

static void end_write(End *end) {
        Stream *stream = end->stream;
        Pipe *pipe = &end->out;
        size_t n;

        /* what comes before TLS, what it says itself, and what it holds */
        while (stream->plain > 0 && (n = pipe_put(pipe, &stream->out, stream->plain)) > 0)
                stream_sent(stream, n);
        while (stream->plain == 0 && (n = pipe_put(pipe, &end->hello, SIZE_MAX)) > 0)
                queue_consume(&end->hello, n);
        while (end_may_write(end) && (n = pipe_put(pipe, &stream->out, SIZE_MAX)) > 0)
                stream_sent(stream, n);

        end->blocked =
                stream->plain > 0 || end->hello.len > 0 || (end_may_write(end) && stream->out.len > 0);
}

/* --- TLS --------------------------------------------------------------------------------------------- */

#define TLS_HELLO 0x16 /* as the first octet of a real one */

static void end_hello(End *end) {
        const uint8_t hello = TLS_HELLO;

        if (queue_put(&end->hello, &hello, 1) < 0)
                abort();
}

static void end_secure(End *end) {
        const StreamSecurity security = {
                .version = "TLSv1.3", .cipher = "none at all", .subject = "CN=world"};

        end->secured = true;
        end->cable->net->n_secured++;
        stream_secured(end->stream, &security);
}

static void end_begin_tls(End *end) {
        if (end->stream->closing)
                return;
        if (end->stream->tls == STREAM_TLS_CLIENT)
                end_hello(end);
        end_write(end);
}

/* An octet of the other end's TLS. False: it fails. */
static bool end_tls(End *end, uint8_t octet) {
        Stream *stream = end->stream;
        Net *net = end->cable->net;

        if (stream->closing)
                return true;
        if (octet != TLS_HELLO)
                abort(); /* something was said outside of TLS */
        if (rng_percent(&net->sim->rng, net->tls_failures))
                return false;

        if (stream->tls == STREAM_TLS_SERVER && !end->hello_sent) {
                end->hello_sent = true;
                end_hello(end);
        } else if (stream->tls == STREAM_TLS_SERVER) {
                end_secure(end);
        } else {
                end_hello(end);
                end_write(end);
                end_secure(end);
        }

        end_write(end);
        return true;
}

/* False: it is over, TLS failed. */
static bool end_feed(End *end, bool all) {
        Pipe *in = &end_peer(end)->out;
        Rng *rng = &end->cable->net->sim->rng;
        const uint8_t *p;
        size_t n, taken;

        while ((all || !end->paused) && (n = pipe_peek(in, &p)) > 0) {
                if (end_is_in_tls(end)) {
                        if (!end_tls(end, *p))
                                return false;
                        pipe_consume(in, 1);
                        continue;
                }

                if (n > 1024 && rng_percent(rng, 50))
                        n = rng_between(rng, 1, n);
                taken = stream_input(end->stream, p, n);
                if (taken > n || (taken < n && !end_is_in_tls(end)))
                        abort();
                pipe_consume(in, taken);
                if (end_is_in_tls(end))
                        end_begin_tls(end);
        }

        return true;
}

/* Everything it got was read: now it may be told. */
static void end_over(End *end, const char *why) {
        Stream *stream = end->stream;

        sim_trace(end->cable->net->sim, "conn %s-%s: end %d: %s", end->cable->address[0],
                end->cable->address[1], end == end->cable->ends ? 0 : 1, why);
        end->stream = NULL;
        stream_closed(stream, why);
        end_close(end);
}

/* A reset, or an error that the kernel found. */
static void end_fail(End *end, const char *why) {
        if (end->closed || end->error)
                return;

        end->error = why;
        pipe_lose(&end->out);
        if (end->stream && !end->proc->frozen)
                end_read(end);
}

void end_read(End *end) {
        Pipe *in = &end_peer(end)->out;
        bool hung_up = end->error || (in->tail_arrived && (end->cable->local || end->hasty));

        if (!end->stream || !end->ready || end->proc->frozen || (end->paused && !hung_up))
                return;
        if (in->arrived == 0 && !in->tail_arrived && !end->error)
                return;

        end->proc->ops->begin(end->proc);
        if (!end_feed(end, hung_up))
                end_over(end, "its certificate is not trusted");
        else if (end->error)
                end_over(end, end->error);
        else if (pipe_is_over(in))
                end_over(end, in->tail == PIPE_RESET ? reset_text : eof_text);
        end->proc->ops->end(end->proc);
}

void end_flush(End *end) {
        Stream *stream = end->stream;

        if (!stream)
                return;

        if (!end->ready) {
                if (stream->closing)
                        end_over(end, "given up");
                return;
        }

        end_write(end);
        if (stream->closing) {
                (void) end_feed(end, /* all= */ true);
                end_over(end, end->error ?: "closed");
                return;
        }

        if (end->paused != stream->paused) {
                end->paused = stream->paused;
                end_read(end);
        }
}

void end_abandon(End *end, bool silent) {
        end->stream = NULL;
        if (silent) {
                pipe_lose(&end->out);
                end_retire(end);
        } else {
                end_close(end);
        }
}

void end_reset(End *end) {
        end_fail(end, reset_text);
}

/* --- what the pipes tell ----------------------------------------------------------------------------- */

static End *pipe_end_of(Pipe *pipe) {
        return container_of(pipe, End, out);
}

static bool end_path_open(End *from, End *to) {
        return from->cable->local ||
                (from->proc && to->proc && net_is_open(from->cable->net, from->proc->host, to->proc->host));
}

static bool on_open(Pipe *pipe) {
        End *end = pipe_end_of(pipe);

        return end_path_open(end, end_peer(end));
}

static bool on_back_open(Pipe *pipe) {
        End *end = pipe_end_of(pipe);

        return end_path_open(end_peer(end), end);
}

static void on_readable(Pipe *pipe) {
        End *to = end_peer(pipe_end_of(pipe));

        if (pipe->tail == PIPE_RESET && pipe->tail_arrived)
                end_fail(to, reset_text);
        else
                end_read(to);
}

static void on_writable(Pipe *pipe) {
        End *end = pipe_end_of(pipe);
        Sim *sim = pipe->sim;

        if (end->blocked && !end->closed && !alarm_is_set(&end->write) && pipe_room(pipe) > 0)
                alarm_set(sim, &end->write, sim->now + rng_below(&sim->rng, 20));
}

static void on_nobody(Pipe *pipe) {
        pipe_end(&end_peer(pipe_end_of(pipe))->out, PIPE_RESET);
}

static void on_expired(Pipe *pipe) {
        End *end = pipe_end_of(pipe);

        if (end->closed)
                pipe_lose(pipe);
        else
                end_fail(end, timeout_text);
}

static const PipeOps cable_pipe_ops = {
        .open = on_open,
        .back_open = on_back_open,
        .readable = on_readable,
        .writable = on_writable,
        .nobody = on_nobody,
        .expired = on_expired,
};

static void on_write(Alarm *alarm) {
        End *end = container_of(alarm, End, write);

        if (!end->stream || end->proc->frozen)
                return;

        end->proc->ops->begin(end->proc);
        end_flush(end);
        end->proc->ops->end(end->proc);
}

/* --- how a connection comes to be -------------------------------------------------------------------- */

static void on_reap(Alarm *alarm) {
        cable_free(container_of(alarm, Cable, reap));
}

static void cable_step(Alarm *alarm);

static Cable *cable_new(Net *net) {
        Cable *cable = calloc(1, sizeof(*cable));

        if (!cable)
                abort();

        cable->net = net;
        alarm_init(&cable->open, cable_step);
        alarm_init(&cable->reap, on_reap);
        list_append(&net->cables, &cable->by_net);

        for (int i = 0; i < 2; i++) {
                End *end = &cable->ends[i];

                end->cable = cable;
                list_init(&end->by_proc);
                alarm_init(&end->write, on_write);
                pipe_init(&end->out, net->sim, &cable_pipe_ops);
        }

        return cable;
}

static void end_join(End *end, Proc *proc, Stream *stream) {
        end->proc = proc;
        end->stream = stream;
        if (stream)
                stream->edge = end;
        list_append(&proc->ends, &end->by_proc);
}

void cable_free(Cable *cable) {
        Sim *sim = cable->net->sim;

        alarm_clear(sim, &cable->open);
        alarm_clear(sim, &cable->reap);
        list_unlink(&cable->by_net);
        for (int i = 0; i < 2; i++) {
                list_unlink(&cable->ends[i].by_proc);
                alarm_clear(sim, &cable->ends[i].write);
                queue_deinit(&cable->ends[i].hello);
                pipe_deinit(&cable->ends[i].out);
        }
        free(cable);
}

Cable *cable_pair(Proc *a, Stream *a_stream, Proc *b, Stream *b_stream, size_t capacity) {
        Cable *cable = cable_new(a->net);

        cable->local = true;
        snprintf(cable->address[0], sizeof(cable->address[0]), "local");
        snprintf(cable->address[1], sizeof(cable->address[1]), "%u", a->host);
        end_join(&cable->ends[0], a, a_stream);
        end_join(&cable->ends[1], b, b_stream);
        for (int i = 0; i < 2; i++) {
                Pipe *pipe = &cable->ends[i].out;

                pipe->capacity = capacity;
                pipe->window = SIZE_MAX;
                pipe->latency = 1;
                pipe->jitter = 30;
                cable->ends[i].ready = true;
        }

        return cable;
}

enum {
        STEP_SYN,     /* arrives at the listener */
        STEP_SYN_ACK, /* its answer arrives */
        STEP_REFUSED, /* the reset does */
        STEP_ACK,     /* arrives at the listener: the connection waits to be accepted */
};

static void cable_next(Cable *cable, unsigned step, uint64_t delay) {
        cable->step = step;
        alarm_set(cable->net->sim, &cable->open, cable->net->sim->now + delay);
}

static void cable_again(Cable *cable, unsigned step) {
        uint64_t delay = 1000000ULL << (cable->tries < 5 ? cable->tries : 5);

        cable->tries++;
        cable_next(cable, step, delay + rng_below(&cable->net->sim->rng, 1000));
}

Cable *cable_open(Proc *from, Stream *stream, const char *address) {
        Net *net = from->net;
        Cable *cable = cable_new(net);

        end_join(&cable->ends[0], from, stream);
        snprintf(cable->address[0], sizeof(cable->address[0]), "10.0.0.%u:%u", from->host, ++net->next_port);
        snprintf(cable->address[1], sizeof(cable->address[1]), "%s", address);
        cable->deadline = net->sim->now + 130 * 1000000ULL;
        cable_next(cable, STEP_SYN, net_latency(net, from->host, net_host_of(address)));
        sim_trace(net->sim, "conn %s-%s: connecting", cable->address[0], address);
        return cable;
}

static void cable_accept(Cable *cable) {
        End *end = &cable->ends[1];
        Proc *proc = end->proc;
        Stream *stream;

        if (end->closed)
                return;
        if (proc->frozen) {
                cable_next(cable, STEP_ACK, 20000);
                return;
        }

        proc->ops->begin(proc);
        if (proc->ops->accept(proc, cable->address[0], &stream) < 0) {
                end_close(end);
        } else {
                end->stream = stream;
                end->ready = true;
                stream->edge = end;
        }
        proc->ops->end(proc);
        if (!end->closed)
                end_read(end);
}

static void cable_connected(Cable *cable) {
        End *end = &cable->ends[0];

        end->ready = true;
        if (!end->stream)
                return;

        sim_trace(cable->net->sim, "conn %s-%s: connected", cable->address[0], cable->address[1]);
        end->proc->ops->begin(end->proc);
        stream_connected(end->stream, cable->address[1]);
        end->proc->ops->end(end->proc);
        end_read(end);
}

static void cable_failed(Cable *cable, const char *why) {
        cable->ends[0].ready = true;
        end_fail(&cable->ends[0], why);
}

static void cable_step(Alarm *alarm) {
        Cable *cable = container_of(alarm, Cable, open);
        Net *net = cable->net;
        End *here = &cable->ends[0], *there = &cable->ends[1];
        unsigned to = net_host_of(cable->address[1]), from = here->proc->host;
        bool way = cable->step == STEP_SYN || cable->step == STEP_ACK;

        if (here->closed && (cable->step != STEP_ACK || there->closed)) {
                /* given up before there was a connection */
                if (!there->closed && there->proc)
                        end_abandon(there, /* silent= */ true);
                else
                        alarm_set(net->sim, &cable->reap, net->sim->now);
                return;
        }

        if (!(way ? net_is_open(net, from, to) : net_is_open(net, to, from))) {
                if (net->sim->now > cable->deadline && cable->step != STEP_ACK)
                        cable_failed(cable, timeout_text);
                else
                        cable_again(cable, cable->step == STEP_ACK ? STEP_ACK : STEP_SYN);
                return;
        }

        switch (cable->step) {
        case STEP_SYN:
                if (!there->proc && net_listener(net, cable->address[1])) {
                        net_dress(net, cable, from, to);
                        end_join(there, net_listener(net, cable->address[1]), NULL);
                }
                cable_next(cable, there->proc && !there->closed ? STEP_SYN_ACK : STEP_REFUSED,
                        net_latency(net, to, from));
                break;
        case STEP_SYN_ACK:
                if (here->proc->frozen) {
                        cable_next(cable, STEP_SYN_ACK, 20000);
                        break;
                }
                cable_next(cable, STEP_ACK, net_latency(net, from, to) + rng_delay(&net->sim->rng, 2000));
                cable_connected(cable);
                break;
        case STEP_REFUSED:
                if (here->proc->frozen)
                        cable_next(cable, STEP_REFUSED, 20000);
                else
                        cable_failed(cable, refused_text);
                break;
        case STEP_ACK:
                cable_accept(cable);
                break;
        }
}
