"""Rollups: what is kept of events besides the events, so that a question need not read each of them.

A rollup is a pure function of one data file of the events table and has that file's name in its own Delta table. So
whatever becomes of events, late, corrected, merged or forgotten, happens to data files, and a rollup whose data file is
no longer part of the table is nobody's.
"""
