from cdk_streamer_runtime import AsyncApp, Progress

app = AsyncApp()
VERSION = 1


@app.action("version")
def version(payload: dict) -> dict:
    return {"version": VERSION}


@app.action("count", mode="async")
def count(payload: dict, progress: Progress) -> dict:
    for number in range(payload["to"]):
        progress.report(100 * number / payload["to"], f"at {number}")
    return {"counted": payload["to"], "version": VERSION}
