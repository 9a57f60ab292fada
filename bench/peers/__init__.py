"""Peers: what a site could use instead. A launcher starts one in a site and returns its port."""
