"""What every room stands on: errors, files, tables, devices, jobs, and what decides that a result is stale."""
