/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AEMP_CLIENT_H
#define AEMP_CLIENT_H

/*
 * libaemp-client: take part in an AEMP network through this host's aempd
 *
 * A process attaches to aempd and owns ports. A port gets messages, in order, sends messages to any port of
 * the network, and can be watched: whoever monitors it is told, once, when it dies, and why. Port IDs are
 * strings, "node#name"; they are passed around in messages. A node ID alone names that node's own port; ""
 * stands for the own node's.
 *
 *         static int on_ping(aemp_port *port, aemp_msg *msg, void *userdata) {
 *                 const char *reply_to;
 *                 int n, r;
 *
 *                 r = aemp_msg_unpack(msg, "[s,i]", &reply_to, &n);
 *                 if (r < 0)
 *                         return r;
 *
 *                 return aemp_snd(aemp_port_get(port), reply_to, "[s,i]", "pong", n + 1);
 *         }
 *
 *         aemp_open(&a, NULL, "example");
 *         aemp_port_new(a, &port, NULL, NULL);
 *         aemp_rcv(port, NULL, "ping", on_ping, NULL);
 *         puts(aemp_port_id(port));
 *         for (;;) {
 *                 aemp_process(a);
 *                 aemp_wait(a, AEMP_INFINITE);
 *         }
 *
 * Rules that hold for every call here:
 *
 * - A call returns 0 or more, or a negative errno. -EINVAL: an argument is not what it should be. -ENOMEM.
 * -ECHILD: this is a fork of the process that attached; only the _unref calls work here (they leave the
 * parent's connection alone). -ENOTCONN: aempd is away at the moment (aemp_on_reattach() tells when it is
 * back), or aemp_close() was called. -ESTALE: the port is dead. When a call fails, nothing happened and no
 * *ret was written.
 * - Callbacks run from aemp_process() or the attached event loop and from nowhere else, never inside another
 * call. They may do anything except call aemp_process() and what waits (-EBUSY): drop their own slot, kill
 * their own port, drop the last reference to the aemp.
 * - Nothing blocks, except aemp_open(), aemp_wait(), aemp_flush(), aemp_close(), and aemp_port_recv() and
 * the others under "waiting".
 * - An aemp and all that belongs to it is used by one thread at a time. There are no globals, and nothing is
 * printed.
 * - Strings are UTF-8 and NUL-terminated, times are microseconds, clocks CLOCK_MONOTONIC.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One attachment to aempd. */
typedef struct aemp aemp;
/* A port of this process. */
typedef struct aemp_port aemp_port;
/* A message that arrived, or the reason of a death. */
typedef struct aemp_msg aemp_msg;
/* Something that was started and can be stopped: a callback, a monitor, a timer, a call. */
typedef struct aemp_slot aemp_slot;

/* From <systemd/sd-event.h> and <jansson.h>, which only those who use them need. */
typedef struct sd_event sd_event;
typedef struct json_t json_t;

/* As a timeout: none. */
#define AEMP_INFINITE UINT64_MAX

/* --- callbacks -------------------------------------------------------------------------------------- */

/* What all callbacks return: 0; or a negative errno, which says that the program failed here. For a callback
 * of a port (aemp_rcv(), aemp_rcv_default(), and every slot that was given a port with aemp_slot_set_port())
 * that kills the port, with the reason `die` and the error's text, or the text set with aemp_port_fail().
 * For others, aemp_process() returns the error at the end of its turn, or the attached event loop exits with
 * it.
 *
 * A result above 0 removes the callback: that of aemp_rcv(), aemp_rcv_match(), aemp_rcv_default(),
 * aemp_every(), aemp_mon_nodes(), aemp_func() and aemp_on_...() is not called again, and its slot is done.
 * For what is called once anyway it means nothing. */

/* A message for the port. `msg` and all that was unpacked from it is valid until the callback returns,
 * unless kept with aemp_msg_ref(). */
typedef int (*aemp_msg_fn)(aemp_port *port, aemp_msg *msg, void *userdata);
/* The port or node `id` died. `reason` has no elements when it ended normally, else an identifier, a text
 * for people, and more. */
typedef int (*aemp_mon_fn)(aemp *a, const char *id, aemp_msg *reason, void *userdata);
/* The end of a call. `error` is 0, and `msg` is the reply; or -ECONNRESET: the port died, or somebody killed
 * the reply port, and `msg` is the reason; -ECONNREFUSED: aempd refused the request, and `msg` is an
 * identifier and a text, see aemp_on_refused(); -ETIMEDOUT, and `msg` has no elements. */
typedef int (*aemp_cal_fn)(aemp *a, int error, aemp_msg *msg, void *userdata);
/* A node came up (up is 1), or went down (0; `reason` says why). */
typedef int (*aemp_node_fn)(aemp *a, const char *node, int up, aemp_msg *reason, void *userdata);
/* aempd did not carry out a request: its tag ("snd" for a message), an identifier (`invalid`, `denied`,
 * `unknown`, `limit`, `protocol`), a text for people. */
typedef int (*aemp_refused_fn)(aemp *a, const char *tag, const char *code, const char *text, void *userdata);
/* It happened. */
typedef int (*aemp_fn)(aemp *a, void *userdata);
/* A function that others may call (`port` is NULL) or spawn (`port` is the new port): see aemp_func(). */
typedef int (*aemp_func_fn)(aemp *a, aemp_port *port, aemp_msg *args, void *userdata);
/* Code that runs for a port: see aemp_port_run(). */
typedef int (*aemp_port_fn)(aemp_port *port, void *userdata);

/* --- attaching -------------------------------------------------------------------------------------- */

/* Attaches. `address` is "unix:path=/some/socket", or NULL: the environment's AEMP_ADDRESS, else
 * $XDG_RUNTIME_DIR/aempd/aempd.sock if that exists, else /run/aempd/aempd.sock. `program` is a name to be
 * shown to people, NULL the process's own (program_invocation_short_name); what is longer than 64 characters
 * is cut.
 *
 * Waits for aempd's answer, at most 10 s. -ENOENT, -ECONNREFUSED: no aempd there; -EACCES: it may not be
 * reached; -EPROTO: it refused, or speaks another protocol; -ECONNRESET: it closed the connection;
 * -ETIMEDOUT; -EINVAL: not an address. When aempd goes away later, the library attaches again by itself. */
int aemp_open(aemp **ret, const char *address, const char *program);
/* The same, and when it fails *ret_error gets a text for people (free() it; NULL without memory), such as
 * "/run/aempd/aempd.sock: Connection refused" or what aempd answered. ret_error may be NULL. */
int aemp_open_error(aemp **ret, const char *address, const char *program, char **ret_error);

/* Detaches normally: all that was sent goes out, the ports die with the empty reason. Waits until aempd has
 * routed everything, at most `timeout`; -ETIMEDOUT: then the connection is simply closed. Runs no callback,
 * neither now nor later. Everything but the _unref calls gives -ENOTCONN or -ESTALE afterwards. Calling it
 * again: 0. */
int aemp_close(aemp *a, uint64_t timeout);

/* An aemp is freed with its last reference, and no callback runs from then on. If it was not closed, what
 * was not written is lost, and the ports die with the reason `detached`. Ports and slots that the program
 * still holds are then dead, and stay valid until they are unreferenced. NULL is fine; returns NULL. */
aemp *aemp_ref(aemp *a);
aemp *aemp_unref(aemp *a);

/* 1 when attached, 0 while aempd is away or after aemp_close(). */
int aemp_is_attached(aemp *a);

/* aempd went away: monitors on ports of others have fired, and so have ended calls to them; nodes were
 * reported down. Own ports, monitors on them and timers stay. aemp_on_reattach(): it is back, or another one
 * took its place. The IDs of all ports are new: whoever watched the old ones was told that they died, and
 * calls that were open have ended (-ECONNRESET). The own node's ID may be new. Tell the world the new IDs.
 * Watching nodes goes on by itself. */
int aemp_on_detach(aemp *a, aemp_slot **ret, aemp_fn fn, void *userdata);
int aemp_on_reattach(aemp *a, aemp_slot **ret, aemp_fn fn, void *userdata);

int aemp_on_refused(aemp *a, aemp_slot **ret, aemp_refused_fn fn, void *userdata);

/* --- the loop --------------------------------------------------------------------------------------- */

/* One of three ways to run. With poll() and the like: the fd stays the same for ever and only ever means
 * POLLIN; call aemp_process() when it is readable. Alone: aemp_process() and aemp_wait() in turns. With
 * sd-event: aemp_attach_event(). */

int aemp_get_fd(aemp *a);
/* Takes one turn: handles what came and what is due, runs callbacks, then writes what was sent. Returns 1
 * when there is more to do at once; 0: ask the fd, which is readable when there is something to do. The
 * error of a failed callback without a port (the rest of the turn was done all the same); -EBUSY inside a
 * callback; -ENOTCONN after aemp_close(). */
int aemp_process(aemp *a);
/* Writes what was sent, then waits until there is something for aemp_process() to do: 1; 0 after `timeout`;
 * -EINTR. */
int aemp_wait(aemp *a, uint64_t timeout);
/* Runs everything from this loop, which is referenced; NULL: sd_event_default()'s. A failed callback without
 * a port makes the loop exit with its error. -EBUSY: attached to one already. */
int aemp_attach_event(aemp *a, sd_event *event, int64_t priority);
int aemp_detach_event(aemp *a);

/* What is sent is gathered, and written at the end of aemp_process(), in aemp_wait(), when the attached loop
 * is about to wait, and when it is 64 KiB. aemp_flush() writes it now, waiting for aempd to read at most
 * `timeout`; -ETIMEDOUT. To know that all sent before was *routed*, call: aemp_cal(a, NULL, "",
 * AEMP_INFINITE, fn, userdata, "[s]", "time"). */
int aemp_flush(aemp *a, uint64_t timeout);

/* With a bound, sending to a port returns -EAGAIN while more than that many octets wait to be written or
 * delivered; when at most half of it waits again, the callbacks of aemp_on_writable() run (only after an
 * -EAGAIN). 0 (the default): no bound. */
int aemp_set_queue_bound(aemp *a, size_t octets);
int aemp_on_writable(aemp *a, aemp_slot **ret, aemp_fn fn, void *userdata);
/* Octets that wait to be written or delivered. */
size_t aemp_get_queued(aemp *a);

/* --- slots ------------------------------------------------------------------------------------------ */

/* Every call with `aemp_slot **ret` starts something. With ret, the slot is the program's, and dropping its
 * last reference stops it: from then on the callback is never called again. With NULL, it goes on until it
 * is done, its port died, or the aemp is freed. A slot whose work is done (a monitor that fired, a timer
 * that expired) stays valid until it is dropped. */

/* NULL is fine; aemp_slot_unref() returns NULL. */
aemp_slot *aemp_slot_ref(aemp_slot *slot);
aemp_slot *aemp_slot_unref(aemp_slot *slot);

/* Makes it belong to a port: it ends when the port dies, its callback runs with aemp_self() as the port, and
 * when that fails the port dies. Not for slots of aemp_rcv(), aemp_rcv_match(), aemp_mon_kil() and
 * aemp_reg(), which have a port: -EINVAL. -ESTALE also when the slot is done. */
int aemp_slot_set_port(aemp_slot *slot, aemp_port *port);

/* --- ports ------------------------------------------------------------------------------------------ */

/* A new port. Messages for which there is no aemp_rcv() go to fn; when that is NULL too, they kill the port
 * with `unhandled_message`. With ret, the program gets a reference. Dropping it does not kill the port:
 * ports live until they are killed, and the pointer is valid at least as long as the port is alive. Costs at
 * most 128 octets. */
int aemp_port_new(aemp *a, aemp_port **ret, aemp_msg_fn fn, void *userdata);
/* NULL is fine; aemp_port_unref() returns NULL. */
aemp_port *aemp_port_ref(aemp_port *port);
aemp_port *aemp_port_unref(aemp_port *port);

/* Its present ID, for messages. Ask again after aemp_on_reattach(): the string is valid as long as the port,
 * and until the library attaches anew. Made on the first call, which costs as many octets as it is long. Of
 * a dead port: NULL; also without memory. */
const char *aemp_port_id(aemp_port *port);
/* 1 or 0. */
int aemp_port_is_alive(aemp_port *port);
/* The aemp that it belongs to, not referenced; NULL when the port is dead. */
aemp *aemp_port_get(aemp_port *port);

/* Messages whose first element is `tag` go to fn, which sees the elements after it. Takes the place of an
 * earlier one with the same tag, whose slot is then done. */
int aemp_rcv(aemp_port *port, aemp_slot **ret, const char *tag, aemp_msg_fn fn, void *userdata);
/* Messages whose first elements are like these go to fn, which sees the whole message. The format is that of
 * aemp_snd(), with `_` for an element that may be anything: "[s,i]" with "child_died", pid; "[_,_,i]"
 * with 3. A string also matches a byte string with the same characters, and a number whose decimal string it
 * is; a number its decimal string, and any other form of the same number. Patterns are tried in the order in
 * which they were made, before the tags of aemp_rcv(). `_` also stands within arrays, and for values of
 * maps; these are like those with as many elements, and the same keys. */
int aemp_rcv_match(
        aemp_port *port, aemp_slot **ret, aemp_msg_fn fn, void *userdata, const char *format, ...);
int aemp_rcv_matchv(
        aemp_port *port, aemp_slot **ret, aemp_msg_fn fn, void *userdata, const char *format, va_list ap);
/* Changes what was given to aemp_port_new(). */
int aemp_rcv_default(aemp_port *port, aemp_msg_fn fn, void *userdata);

/* Runs fn now, as a callback of that port: aemp_self() is the port, and when fn returns a negative errno the
 * port dies with `die`. Returns what fn returned. May be called within a callback, too. -ESTALE. */
int aemp_port_run(aemp_port *port, aemp_port_fn fn, void *userdata);

/* The port whose callback is running, NULL outside of any. */
aemp_port *aemp_self(aemp *a);

/* "return aemp_port_fail(port, r, "no such key %s", key);" in a callback: r is a negative errno and is
 * returned, the text becomes that of the reason `die`. */
int aemp_port_fail(aemp_port *port, int r, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The node that the message, call or spawn that is being handled came from; outside of a callback for one of
 * these the own node. Valid during the callback. */
const char *aemp_origin(aemp *a);

/* --- sending ---------------------------------------------------------------------------------------- */

/* Sends a message. `to` is a port ID, a node ID (its node port), or "" (the own node's). Messages to ports
 * of this process are delivered in the next turn, in order; nothing is said of ports that don't exist:
 * monitor them. -ENOTCONN (only for ports of others), -EAGAIN (aemp_set_queue_bound()), -EMSGSIZE: larger
 * than aempd takes.
 *
 * The format is jansson's, and stands for an array, the elements of the message; NULL is "[]". White space,
 * ',' and ':' between items are skipped.
 */
/* clang-format off */
/*     s   const char *               a string. s? : NULL becomes null
 *     s#  const char *, int          the same with its length; s% with a size_t. s#? and s%? too
 *     b#  const void *, int          octets, as a byte string; b% with a size_t
 *     n   -                          null
 *     b   int                        false or true
 *     i   int                        I   long long (json_int_t)
 *     f   double                     nothing but null can stand for NaN and infinities in JSON
 *     o   json_t *                   its reference is taken, also when the call fails; O leaves it.
 *                                    o? and O? : NULL is null
 *     [ ] { }                        arrays and maps; keys are s, s#, s%
 *
 * A string that is not UTF-8 is -EINVAL. */
/* clang-format on */
int aemp_snd(aemp *a, const char *to, const char *format, ...);
int aemp_sndv(aemp *a, const char *to, const char *format, va_list ap);
/* An array. It is not referenced. */
int aemp_snd_json(aemp *a, const char *to, json_t *array);
/* n elements as CBOR (RFC 8949), one behind the other without an array's head around them: what
 * aemp_msg_raw() gives. The fastest way. -EBADMSG: not exactly n well-formed items. */
int aemp_snd_raw(aemp *a, const char *to, size_t n, const void *data, size_t size);

/* Sends the message *from* another node: that node passes it on to `to`. */
int aemp_snd_on(aemp *a, const char *node, const char *to, const char *format, ...);

/* Kills a port, of this process or of another. The format is the reason; NULL or "[]" is a normal end. Comes
 * after all that was sent to the port before. Killing what does not exist, or a node: nothing happens. */
int aemp_kil(aemp *a, const char *id, const char *format, ...);
int aemp_kilv(aemp *a, const char *id, const char *format, va_list ap);
/* The reason as an array, which is not referenced. */
int aemp_kil_json(aemp *a, const char *id, json_t *reason);
/* Kills an own port at once: none of its callbacks run after this, messages on their way to it are lost. Who
 * monitors it is told in the next turn, after all that it sent. */
int aemp_port_kil(aemp_port *port, const char *format, ...);

/* --- monitors --------------------------------------------------------------------------------------- */

/* Watches a port, or a node (its ID; this also makes aempd connect to it). When it dies, is found not to
 * exist, or can't be reached, the monitor fires, once. After a monitor was started, all messages that are
 * sent to the port arrive in order, or it fires; after the first lost one none arrives before it fired.
 * Dropping the slot stops it. */

/* fn is called. */
int aemp_mon(aemp *a, aemp_slot **ret, const char *id, aemp_mon_fn fn, void *userdata);
/* The own port is killed with the same reason, unless `id` ended normally. It ends with the port. */
int aemp_mon_kil(aemp *a, aemp_slot **ret, const char *id, aemp_port *port);
/* The message is sent to `to`, with the reason's elements appended. */
int aemp_mon_snd(aemp *a, aemp_slot **ret, const char *id, const char *to, const char *format, ...);

/* --- calls ------------------------------------------------------------------------------------------ */

/* Sends the message with a reply port's ID appended; the first message that arrives there is the reply. fn
 * is called exactly once, whatever happens: reply, death of `to`, or `timeout`. Dropping the slot abandons
 * the call. Errors as with aemp_snd(). */
int aemp_cal(aemp *a, aemp_slot **ret, const char *to, uint64_t timeout, aemp_cal_fn fn, void *userdata,
        const char *format, ...);

/* The same with an array, which is not referenced; the reply port's ID is appended to what is sent. */
int aemp_cal_json(aemp *a, aemp_slot **ret, const char *to, uint64_t timeout, aemp_cal_fn fn, void *userdata,
        json_t *array);

/* --- names and functions ---------------------------------------------------------------------------- */

/* Registers the port under a well-known name of its node: 1 to 255 printable characters. Others find it with
 * the request `wkp`: aemp_cal(a, NULL, node, timeout, fn, userdata, "[s,s]", "wkp", name), whose reply is
 * its port ID or null. The name stays with the port, also across aemp_on_reattach(), until the slot is
 * dropped or the port dies. A port has one name, the last one; another port of the same user that had the
 * name loses it. May be called while aempd is away. When aempd refuses it (another user has the name) the
 * callbacks of aemp_on_refused() run with the tag `reg1`, and the port has no name. */
int aemp_reg(aemp_port *port, aemp_slot **ret, const char *name);

/* Offers a function to the whole network. Names have `::` in them, are printable ASCII, at most 255
 * characters, and don't begin with "AnyEvent::MP::", "aempd::" or "g_"; one that ends in `::` stands for all
 * below it for which nothing longer fits, aemp_func_name() tells which was meant. For each call fn runs with
 * port NULL; nobody waits for an answer, so arguments for replying are the function's own affair. For each
 * spawn fn runs in the context of the new port (aemp_self()), which has the ID that the caller knows
 * already; fn gives it its callbacks. When fn fails, the port dies with `die`. The port lives on until it is
 * killed. May be called while aempd is away, and stays across aemp_on_reattach(); two of a name in one
 * process: -EEXIST. When another process has that name already, aempd calls that one as long as it is there.
 * When aempd refuses it, the callbacks of aemp_on_refused() run with the tag `func1`.
 *
 * The name of a spawned port was chosen by its caller, and is its name on this attachment only: afterwards
 * it has a new ID as all ports, which the caller can't know. From within this process, too, it is reached
 * through aempd as a port of others is, in one order with what they send to it: monitors on it fire when
 * aempd goes away, and sending to it gives -ENOTCONN meanwhile. */
int aemp_func(aemp *a, aemp_slot **ret, const char *name, aemp_func_fn fn, void *userdata);
/* The name that was called, during the callback; NULL outside. */
const char *aemp_func_name(aemp *a);

/* Calls a function on a node; "" is the own one. Nothing comes back. Errors as with aemp_snd(); -EINVAL also
 * for a name without `::`. */
int aemp_snd_to_func(aemp *a, const char *node, const char *function, const char *format, ...);
/* Makes a port on that node, and runs the function there for it, with these arguments. *ret gets its ID at
 * once, free() it: it may be sent to and monitored before it exists. When that fails, monitors on it fire.
 * Errors as with aemp_snd_to_func(). */
int aemp_spawn(aemp *a, char **ret, const char *node, const char *function, const char *format, ...);
int aemp_spawnv(aemp *a, char **ret, const char *node, const char *function, const char *format, va_list ap);
int aemp_spawn_json(aemp *a, char **ret, const char *node, const char *function, json_t *arguments);

/* --- waiting ---------------------------------------------------------------------------------------- */

/* For programs without a loop, and for threads with an aemp of their own. These wait, run no callback, and
 * take nothing but what they are about. What else comes meanwhile and would run a callback, or is for
 * another port, waits for aemp_process(), at most 64 MiB of it: then -ENOBUFS. Until aemp_process() has told
 * the monitors of a node that went down, calls to it end with -ECONNRESET. -ETIMEDOUT; -EINTR; -EBUSY inside
 * of a callback; -ENOTCONN when aempd went away (what is there already is given out first); -ESTALE when the
 * port died. */

/* The next message for that port, also one that has callbacks; aemp_msg_unref() it. A timeout of 0 does not
 * wait. */
int aemp_port_recv(aemp_port *port, aemp_msg **ret, uint64_t timeout);
/* The next one with that tag, which is taken off; others for the port stay. -ESTALE also when the port is to
 * die behind these. */
int aemp_port_recv_tag(aemp_port *port, aemp_msg **ret, const char *tag, uint64_t timeout);
/* As aemp_cal(), and waits for the end of the call: 0, and *ret is the reply; -ECONNRESET (`to` died) and
 * -ECONNREFUSED (aempd refused it), and *ret is the reason; *ret is to be dropped in these three cases only.
 * -EDEADLK: `to` is a port of this process, which can't answer meanwhile. */
int aemp_cal_wait(aemp *a, aemp_msg **ret, const char *to, uint64_t timeout, const char *format, ...);

/* --- timers ----------------------------------------------------------------------------------------- */

/* Once, after that time. */
int aemp_after(aemp *a, aemp_slot **ret, uint64_t usec, aemp_fn fn, void *userdata);
/* Each time that time has passed; times that were missed are left out. usec > 0. */
int aemp_every(aemp *a, aemp_slot **ret, uint64_t usec, aemp_fn fn, void *userdata);

/* --- nodes ------------------------------------------------------------------------------------------ */

/* The own node's ID; while aempd is away, the last one. Valid until the library attaches anew. */
const char *aemp_node(aemp *a);
/* The node ID within a port ID or node ID; free() it. */
int aemp_node_of(const char *id, char **ret);
/* 1: the port is on the own node, in this process or another one; else 0. */
int aemp_port_is_local(aemp *a, const char *id);

/* Watches all nodes: fn is called for each one that is up, then for each change. fn may be NULL, for the two
 * calls below. */
int aemp_mon_nodes(aemp *a, aemp_slot **ret, aemp_node_fn fn, void *userdata);
/* These know what was reported so far, and only while there is a slot of aemp_mon_nodes(); else -ENODATA. To
 * know that the first report is complete, call for the time (see aemp_flush()) after aemp_mon_nodes(). */
/* 1 or 0. The own node is always up while attached. */
int aemp_node_is_up(aemp *a, const char *node);
/* The others that are up, in no order: NULL-terminated, in one piece, free() it. Returns how many. */
int aemp_up_nodes(aemp *a, char ***ret);

/* --- messages --------------------------------------------------------------------------------------- */

/* Keeps a message beyond its callback. Returns the one to keep, which may be a copy; NULL without memory. */
aemp_msg *aemp_msg_ref(aemp_msg *msg);
/* NULL is fine; returns NULL. */
aemp_msg *aemp_msg_unref(aemp_msg *msg);

/* Its first element as a string when it came through aemp_rcv() (there it is not one of the elements), else
 * that of element 0; "" when that is not a string, or there is none. */
const char *aemp_msg_tag(aemp_msg *msg);
/* Number of elements. In a callback of aemp_rcv() the tag does not count. */
size_t aemp_msg_length(aemp_msg *msg);

/* clang-format off */
/* Reads the elements. The format is jansson's and stands for an array:
 *
 *     s   const char **              a string. A number is read as its decimal string; a byte string as
 *                                    characters 0 to 255; -EBADMSG when it has a NUL and no length was asked
 *                                    for: s% and s#, and a size_t *, int *. s? : null gives NULL
 *     b#  const void **, int *       a string's octets: those of a byte string, the characters of a text
 *                                    string, which must be 0 to 255. b% with a size_t *. Not terminated
 *     n   -                          null
 *     b   int *                      false or true; as Perl has it, also 0, 1, "", "0", "1", null
 *     i   int *                      an integer, or its decimal string; I with a long long; -EBADMSG when it
 *                                    does not fit
 *     f   double *                   any number, or a numeric string
 *     o   json_t **                  any value, which belongs to the message; O a new reference
 *     [ ]                            an array
 *     {s:f, s?:f}                    a map: keys (given as const char *) and formats; s? may be missing,
 *                                    nothing is written then
 *     * !                            before the closing bracket: more elements or keys are fine (the
 *                                    default), or -EBADMSG
 *
 * NULL in place of an address leaves that out. What points to memory belongs to the message. -EBADMSG: the
 * message is different; a callback that returns it kills its port with a text that says where. What stands
 * before that place was written. -EINVAL: the format is wrong. Nothing else is changed by it: read as often
 * as you like. */
/* clang-format on */
int aemp_msg_unpack(aemp_msg *msg, const char *format, ...);
int aemp_msg_unpackv(aemp_msg *msg, const char *format, va_list ap);
/* The elements as an array: a new reference. Octets become characters 0 to 255, tags go. */
int aemp_msg_json(aemp_msg *msg, json_t **ret);
/* The elements as CBOR, n items one behind the other. Valid as long as the message. */
int aemp_msg_raw(aemp_msg *msg, size_t *ret_n, const void **ret_data, size_t *ret_size);

/* --- for __attribute__((cleanup())) ------------------------------------------------------------------ */

static inline void aemp_unrefp(aemp **a) {
        aemp_unref(*a);
}
static inline void aemp_port_unrefp(aemp_port **port) {
        aemp_port_unref(*port);
}
static inline void aemp_slot_unrefp(aemp_slot **slot) {
        aemp_slot_unref(*slot);
}
static inline void aemp_msg_unrefp(aemp_msg **msg) {
        aemp_msg_unref(*msg);
}

#ifdef __cplusplus
}
#endif

#endif
