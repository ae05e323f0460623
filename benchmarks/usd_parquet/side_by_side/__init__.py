# SPDX-License-Identifier: GPL-2.0-or-later
"""The same operations measured by several tools, beside the truth from the page tables."""
