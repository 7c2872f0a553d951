"""Retrieval of function: rank units, switch them on one by one, find turning points and roles."""
