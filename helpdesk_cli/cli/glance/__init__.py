"""The whole desk at a glance: dashboard and board, each with its drawing apart, which a pipe does without."""
