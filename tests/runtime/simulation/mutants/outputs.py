"""Protocol bugs of chunks and large results."""

from __future__ import annotations

from tests.runtime.simulation.mutation import Edit, Mutant

OUTPUTS = (
    Mutant(
        name="chunks stored after they are counted",
        file="requests/lease.py",
        before="        self._store.chunks.write(held, held.chunks, chunks)\n",
        after="",
        also=Edit(
            file="requests/lease.py",
            before="        first = request.seq - len(chunks) + 1\n",
            after="        self._store.chunks.write(held, held.chunks, chunks)\n"
            "        first = request.seq - len(chunks) + 1\n",
        ),
    ),
    Mutant(
        name="chunks counted twice",
        file="requests/store.py",
        before='changes.append("chunks = :chunks, seq = seq + :more")\n'
        '            values |= {":chunks": held.chunks + chunks, ":more": chunks}',
        after='changes.append("chunks = if_not_exists(chunks, :none) + :more, seq = seq + :more")\n'
        '            values |= {":none": 0, ":more": chunks}',
    ),
    Mutant(
        name="chunks not reset for a new attempt",
        file="requests/store.py",
        before='            values["chunks"] = 0  # of the attempt that follows\n',
        after="            pass\n",
    ),
    Mutant(
        name="chunks of all attempts under one name",
        file="requests/chunks.py",
        before='return f"{ItemKind.CHUNK}#{attempt:03d}#{index:010d}"',
        after='return f"{ItemKind.CHUNK}#001#{index:010d}"',
    ),
    Mutant(
        name="page without its end",
        file="requests/chunks.py",
        before="return _page(request, page, index)",
        after="return _page(request, page, index + 1)",
    ),
    Mutant(
        name="result stored after the end",
        file="requests/results.py",
        before="    results.put(request, success.result)\n",
        after="",
        also=Edit(
            file="requests/worker.py",
            before="        self._tell(lease, request, last)\n",
            after="        if getattr(outcome, 'is_stored', False):\n"
            "            self._results.put(request, outcome.result)\n"
            "        self._tell(lease, request, last)\n",
        ),
    ),
    Mutant(
        name="results of all attempts in one place",
        file="requests/results.py",
        before="/result-{request.attempt}.json",
        after="/result-1.json",
    ),
    Mutant(
        name="client tells chunks as they come",
        package="cdk_streamer_client",
        file="chunks.py",
        before="                self._held[chunk.index] = chunk\n"
        "                due += self._due()",
        after="                due.append(chunk)\n                self.next = chunk.index + 1",
    ),
    Mutant(
        name="client keeps the chunks of an older attempt",
        package="cdk_streamer_client",
        file="chunks.py",
        before="            self.attempt, self.next, self.count = pieces.attempt, 0, 0\n",
        after="            self.attempt = pieces.attempt\n",
    ),
    Mutant(
        name="client asks for no missing chunk",
        package="cdk_streamer_client",
        file="session/gaps.py",
        before="        if not topic.stream.is_whole:\n"
        "            self._ask(topic, now)\n            return",
        after="",
    ),
    Mutant(
        name="client gives up an address at once",
        package="cdk_streamer_client",
        file="session/results.py",
        before="            self._try_again(topic, reason, now)\n\n    def forget",
        after="            self.forget(topic)\n\n    def forget",
    ),
)
