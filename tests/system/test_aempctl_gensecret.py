# SPDX-License-Identifier: LGPL-2.1-or-later
"""aempctl gensecret."""

import unittest

from aempctl_case import Case


class GenSecret(Case):
    def test_it_is_long_and_each_one_is_new(self):
        secrets = [self.out('gensecret') for _ in range(3)]
        for secret in secrets:
            self.assertRegex(secret, r'\A[0-9A-Za-z]{64,}\n\Z')
        self.assertEqual(len(set(secrets)), 3)

    def test_no_character_comes_more_often(self):
        text = ''.join(self.out('gensecret').strip() for _ in range(100))
        counts = {c: text.count(c) for c in set(text)}
        self.assertEqual(len(counts), 62)
        # 8 of 62: 826 expected, with a standard deviation of 27; a plain modulo gives 1000
        self.assertLess(sum(text.count(c) for c in '01234567'), 826 + 6 * 27)
        self.assertLess(max(counts.values()), 103 + 8 * 10)


if __name__ == '__main__':
    unittest.main()
