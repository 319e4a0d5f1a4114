"""What is done in the background: jobs in a queue on the same PostgreSQL (procrastinate).

``queue`` asks for a job, in the transaction that needs it; ``tasks`` are what jobs do; ``running``
takes them from the queue, in as many processes as are wanted; ``listing`` says how they fare.
"""
