"""Real senders, really killed, against an email API that misbehaves; its own log decides what was lost or doubled.

python -m tests.kills --rounds 300 [--database sqlite|postgresql] [--seed N]
"""
