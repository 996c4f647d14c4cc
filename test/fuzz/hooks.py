"""Keeps requests from waiting: an offset that is far away is waited for, by design, and three minutes are few."""

import schemathesis

WAIT_MS = 20


@schemathesis.hook
def before_call(context, case, **kwargs):
    query = case.query or {}
    waits = query.get("wait_ms")
    if isinstance(waits, int) and not isinstance(waits, bool) and 0 <= waits <= 60_000:
        query["wait_ms"] = min(waits, WAIT_MS)
    elif waits is None and isinstance(query.get("min_offset"), int):
        query["wait_ms"] = WAIT_MS
