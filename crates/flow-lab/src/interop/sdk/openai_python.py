"""Makes calls through the OpenAI SDK and prints what it says of each, one JSON object a line.

Arguments: sync or async, the base URL, and a file with the calls.
"""

import asyncio
import inspect
import json
import math
import platform
import sys

import openai


async def settled(value):
    """What the synchronous client returns is there; what the asynchronous one returns is awaited."""
    return await value if inspect.isawaitable(value) else value


async def chat(client, model):
    messages = [{"role": "user", "content": "Hello"}]
    reply = await settled(client.chat.completions.create(model=model, messages=messages))
    usage = reply.usage
    words = f"{reply.choices[0].message.content}, {usage.prompt_tokens} + {usage.completion_tokens} tokens"
    return reply._request_id, words


async def chunks(stream):
    """The chunks of a stream, of either client."""
    if hasattr(stream, "__aiter__"):
        async for chunk in stream:
            yield chunk
    else:
        for chunk in stream:
            yield chunk


async def stream(client, model, **more):
    messages = [{"role": "user", "content": "Hello"}]
    create = client.chat.completions.create
    options = {"include_usage": True}
    reply = await settled(create(model=model, messages=messages, stream=True, stream_options=options, **more))
    said, reason, usage = "", None, None
    try:
        async for chunk in chunks(reply):
            usage = chunk.usage or usage
            for choice in getattr(chunk, "choices", None) or []:
                said += words_of(choice.delta)
                reason = choice.finish_reason or reason
    except Exception as error:
        error.said = said
        raise
    if said.startswith("get_weather"):
        said += ")"
    words = f"{said}, {reason}, {usage.prompt_tokens} + {usage.completion_tokens} tokens"
    return reply.response.headers.get("x-request-id"), words


def words_of(delta):
    """What a delta adds: text, or the name and the arguments of a call."""
    calls = [call.function for call in delta.tool_calls or []]
    names = [f"{function.name}(" if function.name else function.arguments for function in calls]
    return (delta.content or "") + "".join(names)


async def tool_stream(client, model):
    schema = {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}
    function = {"name": "get_weather", "parameters": schema}
    return await stream(client, model, tools=[{"type": "function", "function": function}])


async def embeddings(client, model):
    reply = await settled(client.embeddings.create(model=model, input="Hello"))
    vector = reply.data[0].embedding
    length = math.sqrt(sum(number * number for number in vector))
    return reply._request_id, f"{len(vector)} numbers of length {length:.3f}"


async def models(client, _):
    reply = await settled(client.models.list())
    return reply._request_id, f"{len(reply.data)} models, {reply.data[0].id} first"


async def model(client, model):
    reply = await settled(client.models.retrieve(model))
    return reply._request_id, f"{reply.id} of {reply.owned_by}"


CALLS = {
    "chat": chat,
    "stream": stream,
    "tool_stream": tool_stream,
    "embeddings": embeddings,
    "models": models,
    "model": model,
}


async def facts(client_class, base_url, trial):
    client = client_class(
        api_key=trial["key"],
        base_url=base_url,
        timeout=trial["timeout_ms"] / 1000,
        max_retries=trial["max_retries"],
        default_headers={"x-interop-case": trial["name"]},
    )
    try:
        request_id, text = await CALLS[trial["call"]](client, trial["model"])
        return {"request_id": request_id, "text": text}
    except Exception as error:
        return {
            "class": type(error).__name__,
            "status": getattr(error, "status_code", None),
            "type": getattr(error, "type", None),
            "code": getattr(error, "code", None),
            "request_id": getattr(error, "request_id", None),
            "text": getattr(error, "said", None),
        }
    finally:
        await settled(client.close())


async def main():
    mode, base_url, trials = sys.argv[1:]
    client_class = openai.OpenAI if mode == "sync" else openai.AsyncOpenAI
    version = f"openai-python {openai.__version__}, Python {platform.python_version()}"
    print(json.dumps({"program": version}), flush=True)
    with open(trials) as file:
        for trial in json.load(file):
            seen = await facts(client_class, base_url, trial)
            print(json.dumps({"name": trial["name"], **seen}), flush=True)


asyncio.run(main())
