"""Protocol bugs of webhooks."""

from __future__ import annotations

from tests.runtime.simulation.mutation import Mutant

WEBHOOKS = (
    Mutant(
        name="webhook only asked for by whoever ends",
        file="requests/repair.py",
        before="            return self._endings.owed(request)\n",
        after="            return None\n",
    ),
    Mutant(
        name="notified before it is delivered",
        file="webhooks/delivery.py",
        before="            failure = self._call(request, request.webhook)\n",
        after="            self._notices.done(key, self._clock())\n"
        "            failure = self._call(request, request.webhook)\n",
    ),
    Mutant(
        name="failed webhook not tried again",
        file="webhooks/delivery.py",
        before="        self._queue.show_again(receipt, min(wait, LONGEST_WAIT))\n"
        "        return False",
        after="        return True",
    ),
    Mutant(
        name="410 taken for a failure",
        file="webhooks/delivery.py",
        before="if reply.status == HTTPStatus.GONE:",
        after="if reply.status == HTTPStatus.TEAPOT:",
    ),
    Mutant(
        name="webhook-id new with each try",
        file="webhooks/delivery.py",
        before='"webhook-id": request.key,',
        after='"webhook-id": f"{request.key}-{moment}",',
    ),
)
