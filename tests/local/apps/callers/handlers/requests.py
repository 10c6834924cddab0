from cdk_streamer_runtime import AsyncApp, RequestContext

app = AsyncApp()


@app.action("whoami")
def whoami(context: RequestContext) -> dict[str, str]:
    return {"tenant": context.tenant, "owner": context.owner}


@app.action("report", scopes=["reports:write"])
def report(context: RequestContext) -> dict[str, str]:
    return whoami(context)


@app.action("write", scopes=["write"])
def write() -> str:
    return "written"
