"""Readers: what somebody who opened a link of their letter may see, choose and leave."""
