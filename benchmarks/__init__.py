"""Speed and memory goals, each measured beside the plain way and checked against it."""
