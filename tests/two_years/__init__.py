"""Two years of keeping in touch: real purchases, tiers, owners and eight campaigns, through the daemon's own jobs.

`python -m tests.two_years --seeds N` lives through them; `--sample` takes the CDNOW customers. What came of it is
judged by `checker`, which knows the database's rows and the workspace's files and shares no code with the engine.
"""
