# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of bad TLS need: two authorities, of which aempd trusts the first, and a certificate of its own."""

from certificates import Authority
from hostile_case import Case


class TlsCase(Case):
    @classmethod
    def setUpClass(cls):
        cls.authority, cls.other = Authority(), Authority('another')
        cls.addClassCleanup(cls.authority.close)
        cls.addClassCleanup(cls.other.close)
        cls.good = cls.authority.issue('good')
        cls.ca = cls.authority.ca

    def settings(self, **more):
        return {'cert': self.good, 'ca': self.ca, **more}
