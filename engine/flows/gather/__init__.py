"""Gather: look at feeds, remember what is new, and say which posts may be sent.

reading       asking the sites; nothing is written
states        what each look means for the next one; pure
remembering   the posts and the state of a feed, in the caller's transaction
"""
