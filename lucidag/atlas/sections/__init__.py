"""The parts of the page: a file for each, which reads tables and gives what the page inflates when it is asked for."""
