"""Promises, kept: the folders mirror the rooms, stories/ holds whole promises over HTTP."""
