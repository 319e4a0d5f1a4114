"""Service coverage: which households have a service, which not, and why.

``standards`` say what counts as served, ``people`` and ``providers`` read who lives where and who
serves, ``ways`` measures along the roads, or straight where none are known, ``judging`` finds for
each building the reason of each gap, ``sums`` adds up, ``changes`` says what must be judged again,
and ``figures`` keeps the sums of every grid up to date. ``trying`` tells what would be different
after ``altering`` facilities, service areas or standards.

``definition`` is all that makes a kind, day by day; ``defining`` saves one and takes it back, and
``effects`` says beforehand what that would do. ``tables`` lists figures for the command line and
for other software.
"""
