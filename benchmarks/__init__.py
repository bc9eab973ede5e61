"""Benchmarks: backlit beside its peers, in one process, in turns.

Run it from the root of the checkout: ``python -m benchmarks``. docs/benchmarks.md says what is compared and why.

A *workload* (``workloads/``) is made of contests; a *contest* lets several contenders do the same task; a *peer*
(``peers/``) is an adapter that prepares the task for one library. A new library is one more adapter and one line in
each workload it takes part in; a new workload is one more file; a new bar is one line in ``bars.py``.
"""
