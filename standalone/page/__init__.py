"""The status page: are images moving, and if not, since when?"""
