"""Speed and memory goals, each measured and compared with the plain way and checked against it."""
