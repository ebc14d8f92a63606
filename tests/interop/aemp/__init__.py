# SPDX-License-Identifier: LGPL-2.1-or-later
"""The AEMP wire protocol once more, written from its description only.

It shares no code with aempd, which is the point: what both get wrong in the same way is wrong in the description.
"""

import sys
import unittest


def main():
    """Runs the tests of the calling script. A run in which no test ran is a failure (unittest takes it for success)."""
    result = unittest.main(module='__main__', verbosity=2, exit=False).result
    ran = result.testsRun - len(result.skipped)
    if ran <= 0:
        print('no test ran', file=sys.stderr)
    sys.exit(0 if result.wasSuccessful() and ran > 0 else 1)
