"""Plans: named drafts of other boundaries, from the first stroke to the day on which they hold.

``keeping`` holds plans and their way through the office, ``drawing`` does an operation and undoes
it, ``checking`` finds what is wrong with what is drawn, ``consequences`` says what it changes for
households, issues and duties, ``publishing`` lets it hold. Every function takes the connection
first and never commits.
"""
