"""Best places: where new providers serve most households, or how few serve enough of them.

``choosing`` asks the questions (``best``, ``fewest``) of a ``model.Demand`` and
answers with a ``model.Choice``. ``instance`` drops what cannot matter, ``greed`` makes a start,
``bounds`` shows how much better any choice could be, ``program`` proves the rest.
"""
