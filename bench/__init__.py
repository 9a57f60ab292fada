"""Benchmarks: the proxy beside what a site could use instead, as ratios of one sitting."""
