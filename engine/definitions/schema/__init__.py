"""The shape of every file a marketer edits; the same models check, explain and complete it in editors."""
