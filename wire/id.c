/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Node IDs and port IDs
 */

#include "wire/id.h"

#include <stdint.h>

static bool node_id_has(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                c == '-' || c == '.' || c == ':' || c == '/';
}

bool node_id_is_valid(Str id) {
        if (id.n == 0 || id.n > NODE_ID_MAX)
                return false;

        for (size_t i = 0; i < id.n; i++)
                if (!node_id_has(id.p[i]))
                        return false;

        return true;
}

bool port_name_is_valid(Str name) {
        if (name.n > PORT_NAME_MAX)
                return false;

        for (size_t i = 0; i < name.n; i++)
                if ((uint8_t) name.p[i] < 0x20 || name.p[i] == 0x7f)
                        return false;

        return utf8_is_valid(name);
}

void port_id_split(Str id, Str *ret_node, Str *ret_port) {
        const char *hash = id.n > 0 ? memchr(id.p, '#', id.n) : NULL;
        size_t n = hash ? (size_t) (hash - id.p) : id.n;

        *ret_node = (Str){id.p, n};
        *ret_port = hash ? (Str){hash + 1, id.n - n - 1} : STR_LIT("");
}

bool port_id_is_valid(Str id) {
        Str node, port;

        port_id_split(id, &node, &port);
        return node_id_is_valid(node) && port_name_is_valid(port);
}
