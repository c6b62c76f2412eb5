"""Stand-ins for the outside world: real servers on loopback that can be told to misbehave."""
