/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>

#include "libclient/hash.h"
#include "libclient/home.h"
#include "libclient/table.h"
#include "tests/unit/test.h"

#define THINGS 5000

typedef struct Thing {
        char before[24];
        uint64_t number;
        int id;
} Thing;

static bool is_id(const void *thing, const void *arg) {
        return ((const Thing *) thing)->id == *(const int *) arg;
}

/* Adding and removing at random, against an array of what should be in there. */
static void exercise(uint64_t (*number)(int id)) {
        static Thing things[THINGS];
        static bool in[THINGS];
        Table table = TABLE_INIT(Thing, number);
        size_t n = 0, i = 0, found = 0;

        srandom(1);
        memset(in, 0, sizeof in);
        check(!table_find(&table, 1, NULL, NULL));
        for (int k = 0; k < THINGS; k++)
                things[k] = (Thing){.number = number(k), .id = k};

        for (int step = 0; step < 40000; step++) {
                /* It grows at first, and shrinks in the end. */
                int id = (int) (random() % THINGS);
                bool add = random() % 40000 > step;

                if (add && !in[id]) {
                        check_int(table_add(&table, &things[id]), ==, 0);
                        in[id] = true;
                        n++;
                } else if (!add) {
                        table_remove(&table, &things[id]); /* fine when it isn't there */
                        n -= in[id];
                        in[id] = false;
                }
                check_int(table.n, ==, n);
                check((table_find(&table, things[id].number, is_id, &id) == &things[id]) == in[id]);
        }

        for (int id = 0; id < THINGS; id++)
                check((table_find(&table, things[id].number, is_id, &id) != NULL) == in[id]);
        while (table_next(&table, &i))
                found++;
        check_int(found, ==, n);

        for (int id = 0; id < THINGS; id++)
                table_remove(&table, &things[id]);
        check_int(table.n, ==, 0);
        check_int(table.bits, <=, 4);
        table_deinit(&table);
}

static uint64_t sequence(int id) {
        return (uint64_t) id;
}

static uint64_t same_for_many(int id) {
        return (uint64_t) id / 50;
}

static uint64_t at_the_end(int id) {
        return UINT64_MAX - (uint64_t) id * 7;
}

TEST(sequence) {
        exercise(sequence);
}

TEST(same_numbers) {
        exercise(same_for_many);
}

TEST(large_numbers) {
        exercise(at_the_end);
}

/* The first of the vectors in the SipHash paper's reference code, for 1-3: key 00..0f, input empty, 00, 00
 * 01... */
TEST(siphash) {
        static const uint64_t expected[] = {
                UINT64_C(0xabac0158050fc4dc),
                UINT64_C(0xc9f49bf37d57ca93),
                UINT64_C(0x82cb9b024dc7d44d),
                UINT64_C(0x8bf80ab8e7ddf7fb),
                UINT64_C(0xcf75576088d38328),
                UINT64_C(0xdef9d52f49533b67),
                UINT64_C(0xc50d2b50c59f22a7),
                UINT64_C(0xd3927d989bb11140),
                UINT64_C(0x369095118d299a8e),
        };
        uint8_t key[HASH_KEY_SIZE];
        char in[9];

        for (size_t i = 0; i < sizeof key; i++)
                key[i] = (uint8_t) i;
        for (size_t i = 0; i < sizeof in; i++)
                in[i] = (char) i;
        for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
                check(hash_str(key, (Str){in, i}) == expected[i]);
}

TEST(names) {
        static const uint64_t numbers[] = {1, 9, 10, 61, 62, 3843, 3844, UINT64_MAX};
        static const char *const none[] = {"", "p", "p.", "q.1", "p.0", "p.01", "p.1 ", "p.-1", "p.1#",
                "p.LygHa16AHYG", "p.zzzzzzzzzzzz", "P.1", "p1"};
        char text[64];
        uint64_t n;
        Home home;

        check_int(home_init(&home, STR_LIT("node"), STR_LIT("p."), 1000), ==, 0);
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
                size_t len = 2 + home_write_number(text + 2, numbers[i]);

                memcpy(text, "p.", 2);
                check(home_read_name(&home, (Str){text, len}, &n));
                check(n == numbers[i]);
        }
        for (size_t i = 0; i < sizeof none / sizeof *none; i++)
                check(!home_read_name(&home, str_from(none[i]), &n));
        check(home_read_id(&home, STR_LIT("node#p.z"), &n));
        check_int(n, ==, 61);
        check(!home_read_id(&home, STR_LIT("node#q.z"), &n));
        check(!home_read_id(&home, STR_LIT("nod"), &n));
        check(home_is_node(&home, STR_LIT("")));
        check(home_is_node(&home, STR_LIT("#")));
        check(home_is_node(&home, STR_LIT("node")));
        check(home_is_node(&home, STR_LIT("node#")));
        check(!home_is_node(&home, STR_LIT("node#p")));
        check(!home_is_node(&home, STR_LIT("nod")));
        home_deinit(&home);
}
