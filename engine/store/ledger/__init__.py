"""The only writer of a delivery's state.

transitions   which state may become which, the one table behind every statement
plan          freeze a run's audience, choose letters by profile, open the run
queue         claim a batch, give it back
call          write the intent before a call and the receipt after it
closing       cancel, expire, hear from the provider, decide what was uncertain
recovery      take back what dead processes left behind
"""
