"""The processes of a server: one that answers, or several with one that watches over them.

Nothing is imported here: who watches starts its workers before it imports anything that they use.
"""
