from cdk_streamer_runtime import AsyncApp, RequestContext

app = AsyncApp()


@app.action("whoami", scopes=["reports:write"])
def whoami(context: RequestContext) -> dict[str, str]:
    return {"tenant": context.tenant, "owner": context.owner}
