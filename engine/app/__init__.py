"""The app: the only place that knows everyone. `verbs` has one method per verb; each room loads only when asked for."""
