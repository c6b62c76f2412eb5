"""Survey: what of the whole house goes no further without a person, decided purely from facts and a moment."""
