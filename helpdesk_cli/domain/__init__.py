"""The desk itself: values and pure functions; time and chance are arguments."""
