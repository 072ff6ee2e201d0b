"""Budgets that hold: what a block of a program may spend, reserved before a call and charged after it."""
