/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Messages, and reasons, as the program sees them
 */

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "libclient/aemp.h"
#include "libclient/message.h"
#include "wire/value.h"

typedef struct KeptMessage {
        aemp_msg msg;
        Arena arena;
        Buf scratch;
} KeptMessage;

void message_init(aemp_msg *msg, Context *context, const Content *content) {
        *msg = (aemp_msg){
                .content = *content,
                .context = context,
                .arena = &context->arena,
                .scratch = &context->scratch,
        };
}

void message_deinit(aemp_msg *msg) {
        json_decref(msg->values);
}

int message_own(aemp_msg *msg, json_t *value) {
        if (!msg->values)
                msg->values = json_array();

        return msg->values && json_array_append(msg->values, value) == 0 ? 0 : -ENOMEM;
}

static int copy_content(KeptMessage *kept, const aemp_msg *msg) {
        uint8_t *data;

        data = arena_alloc(&kept->arena, msg->content.size + 1);
        if (!data)
                return -ENOMEM;

        if (msg->content.size > 0)
                memcpy(data, msg->content.data, msg->content.size);
        kept->msg.content = (Content){msg->content.n, data, msg->content.size};

        if (msg->tag.p) {
                kept->msg.tag = (Str){arena_str(&kept->arena, msg->tag), msg->tag.n};
                if (!kept->msg.tag.p)
                        return -ENOMEM;
        }
        return 0;
}

aemp_msg *aemp_msg_ref(aemp_msg *msg) {
        KeptMessage *kept;

        if (!msg)
                return NULL;
        if (msg->ref > 0) {
                msg->ref++;
                return msg;
        }

        kept = calloc(1, sizeof(*kept));
        if (!kept)
                return NULL;

        kept->msg.ref = 1;
        kept->msg.arena = &kept->arena;
        kept->msg.scratch = &kept->scratch;
        if (copy_content(kept, msg) < 0)
                return aemp_msg_unref(&kept->msg);

        return &kept->msg;
}

aemp_msg *aemp_msg_unref(aemp_msg *msg) {
        KeptMessage *kept;

        if (!msg || msg->ref == 0 || --msg->ref > 0)
                return NULL;

        kept = container_of(msg, KeptMessage, msg);
        message_deinit(msg);
        arena_deinit(&kept->arena);
        buf_deinit(&kept->scratch);
        free(kept);
        return NULL;
}

const char *aemp_msg_tag(aemp_msg *msg) {
        CborCursor c;
        const char *tag;
        CborType type;
        Str s;

        if (!msg)
                return "";

        s = msg->tag;
        if (!s.p) {
                c = cbor_cursor(msg->content.data, msg->content.size);
                type = cbor_peek(&c);
                buf_reset(msg->scratch);
                if ((type != CBOR_TEXT && type != CBOR_BYTES) || cbor_read_str(&c, msg->scratch, &s) < 0)
                        return "";
        }

        tag = arena_str(msg->arena, s);
        return tag ?: "";
}

size_t aemp_msg_length(aemp_msg *msg) {
        return msg ? msg->content.n : 0;
}

int aemp_msg_json(aemp_msg *msg, json_t **ret) {
        CborCursor c;
        json_t *array;
        int r = 0;

        if (!msg || !ret)
                return -EINVAL;

        array = json_array();
        if (!array)
                return -ENOMEM;

        c = cbor_cursor(msg->content.data, msg->content.size);
        for (uint64_t i = 0; i < msg->content.n && r >= 0; i++) {
                json_t *value;

                r = value_from_cbor(&c, &value);
                if (r >= 0 && json_array_append_new(array, value) < 0)
                        r = -ENOMEM;
        }

        if (r < 0) {
                json_decref(array);
                return r;
        }

        *ret = array;
        return 0;
}

int aemp_msg_raw(aemp_msg *msg, size_t *ret_n, const void **ret_data, size_t *ret_size) {
        if (!msg || !ret_n || !ret_data || !ret_size)
                return -EINVAL;

        *ret_n = msg->content.n;
        *ret_data = msg->content.data;
        *ret_size = msg->content.size;
        return 0;
}
