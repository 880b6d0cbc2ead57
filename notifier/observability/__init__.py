"""What is told of the service as it runs: log lines, counters and gauges, traces."""
