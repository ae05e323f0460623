# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenUSD's USDC and Parquet, the same data in both: named operations, a runner, renderers."""
