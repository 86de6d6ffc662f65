"""The night of one chunk of loans: ask for what is due, settle what came, accrue, move the watermark.

Loans to which nothing happens but interest are accrued by one aggregate per chunk and are not written.
The others run in the very engine behind `replay`, from their snapshots. A chunk is closed in one
transaction with its postings and its watermark, so that a run that was killed goes on where it stopped.
"""
