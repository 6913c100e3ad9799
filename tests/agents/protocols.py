"""Four ways in which models are spoken to: how a conversation is read, how an answer is written."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

Events = Iterator[tuple[str, object]]  # (event name or empty, JSON value or literal text)
Body = dict[str, Any]


class Say(NamedTuple):
    """One answer: words, or the call of a tool."""

    text: str
    tool: str = ""
    arguments: Mapping[str, object] = {}


class Dialect(Protocol):
    """One protocol."""

    def tools(self, body: Body) -> list[str]:
        """The names of the tools that the agent offers."""

    def results(self, body: Body) -> int:
        """How many tool results came since the last words of a person."""

    def streams(self, path: str, body: Body) -> bool:
        """Whether the answer is to come in events."""

    def events(self, say: Say, cost: tuple[int, int]) -> Events:
        """The answer in events."""

    def whole(self, say: Say, cost: tuple[int, int]) -> Body:
        """The answer in one piece."""

    def failure(self, status: int, kind: str, text: str, reset: int) -> Body:
        """The body of an error."""


def dialect_of(path: str) -> Dialect | None:
    """The protocol of a request, by its path."""
    plain = path.partition("?")[0]
    if "/messages" in plain:
        return Anthropic()
    if plain.endswith("/chat/completions"):
        return OpenAIChat()
    if plain.endswith("/responses"):
        return OpenAIResponses()
    return Gemini() if "enerateContent" in plain or "countTokens" in plain else None


class Anthropic:
    """https://docs.anthropic.com/en/api/messages"""

    def tools(self, body: Body) -> list[str]:
        return [str(tool.get("name")) for tool in body.get("tools") or ()]

    def results(self, body: Body) -> int:
        count = 0
        for message in reversed(body.get("messages") or ()):
            if message["role"] != "user":
                continue
            content = message["content"]
            blocks = content if isinstance(content, list) else []
            here = sum(block.get("type") == "tool_result" for block in blocks)
            if not here:
                return count
            count += here
        return count

    def streams(self, path: str, body: Body) -> bool:
        return bool(body.get("stream"))

    def events(self, say: Say, cost: tuple[int, int]) -> Events:
        whole = self.whole(say, cost)
        block = whole["content"][0]
        start = {**whole, "content": [], "stop_reason": None}
        yield "message_start", {"type": "message_start", "message": start}
        if say.tool:
            import json

            empty, delta = {**block, "input": {}}, {
                "type": "input_json_delta", "partial_json": json.dumps(say.arguments),
            }  # fmt: skip
        else:
            empty, delta = {**block, "text": ""}, {"type": "text_delta", "text": say.text}
        yield (
            "content_block_start",
            {"type": "content_block_start", "index": 0, "content_block": empty},
        )
        yield "content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta}
        yield "content_block_stop", {"type": "content_block_stop", "index": 0}
        end = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
        usage = {"output_tokens": cost[1]}
        yield "message_delta", {"type": "message_delta", "delta": end, "usage": usage}
        yield "message_stop", {"type": "message_stop"}

    def whole(self, say: Say, cost: tuple[int, int]) -> Body:
        block: Body = {"type": "text", "text": say.text}
        if say.tool:
            block = {"type": "tool_use", "id": _fresh("toolu_"), "name": say.tool}
            block["input"] = say.arguments
        return {
            "id": _fresh("msg_"), "type": "message", "role": "assistant", "model": "claude-test",
            "content": [block], "stop_reason": "tool_use" if say.tool else "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": cost[0], "output_tokens": cost[1]},
        }  # fmt: skip

    def failure(self, status: int, kind: str, text: str, reset: int) -> Body:
        return {"type": "error", "error": {"type": kind, "message": text}}


class OpenAIChat:
    """https://platform.openai.com/docs/api-reference/chat"""

    def tools(self, body: Body) -> list[str]:
        return [str(tool["function"]["name"]) for tool in body.get("tools") or ()]

    def results(self, body: Body) -> int:
        count = 0
        for message in reversed(body.get("messages") or ()):
            if message["role"] == "user":
                return count
            count += message["role"] == "tool"
        return count

    def streams(self, path: str, body: Body) -> bool:
        return bool(body.get("stream"))

    def events(self, say: Say, cost: tuple[int, int]) -> Events:
        whole = self.whole(say, cost)
        choice = whole.pop("choices")[0]
        usage = whole.pop("usage")
        head = {**whole, "object": "chat.completion.chunk"}
        delta = choice["message"]
        for number, call in enumerate(delta.get("tool_calls") or ()):
            call["index"] = number
        yield "", {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        end = {"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}
        yield "", {**head, "choices": [end]}
        yield "", {**head, "choices": [], "usage": usage}
        yield "", "[DONE]"

    def whole(self, say: Say, cost: tuple[int, int]) -> Body:
        import json

        message: Body = {"role": "assistant", "content": say.text or None}
        if say.tool:
            function = {"name": say.tool, "arguments": json.dumps(say.arguments)}
            message["tool_calls"] = [
                {"id": _fresh("call_"), "type": "function", "function": function}
            ]
        reason = "tool_calls" if say.tool else "stop"
        return {
            "id": _fresh("chatcmpl-"), "object": "chat.completion", "created": 1700000000,
            "model": "test-model",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": {
                "prompt_tokens": cost[0], "completion_tokens": cost[1], "total_tokens": sum(cost),
            },
        }  # fmt: skip

    def failure(self, status: int, kind: str, text: str, reset: int) -> Body:
        return {"error": {"message": text, "type": kind, "param": None, "code": kind}}


class OpenAIResponses(OpenAIChat):
    """https://platform.openai.com/docs/api-reference/responses"""

    def tools(self, body: Body) -> list[str]:
        return [str(tool.get("name")) for tool in body.get("tools") or ()]

    def results(self, body: Body) -> int:
        count = 0
        for item in reversed(body.get("input") or ()):
            if item.get("role") == "user":
                return count
            count += item.get("type") == "function_call_output"
        return count

    def events(self, say: Say, cost: tuple[int, int]) -> Events:
        whole = self.whole(say, cost)
        begun = {**whole, "status": "in_progress", "output": [], "usage": None}
        yield "response.created", {"type": "response.created", "response": begun}
        item = whole["output"][0]
        for kind in ("response.output_item.added", "response.output_item.done"):
            yield kind, {"type": kind, "output_index": 0, "item": item}
        yield "response.completed", {"type": "response.completed", "response": whole}

    def whole(self, say: Say, cost: tuple[int, int]) -> Body:
        import json

        content = [{"type": "output_text", "text": say.text, "annotations": []}]
        item: Body = {"type": "message", "id": _fresh("msg_"), "role": "assistant"}
        item |= {"status": "completed", "content": content}
        if say.tool:
            item = {
                "type": "function_call", "id": _fresh("fc_"), "call_id": _fresh("call_"),
                "name": say.tool, "arguments": json.dumps(say.arguments), "status": "completed",
            }  # fmt: skip
        usage = {
            "input_tokens": cost[0], "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": cost[1], "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": sum(cost),
        }  # fmt: skip
        return {
            "id": _fresh("resp_"), "object": "response", "created_at": 1700000000,
            "status": "completed", "model": "gpt-test", "output": [item], "usage": usage,
        }  # fmt: skip


class Gemini:
    """https://ai.google.dev/api/generate-content"""

    def tools(self, body: Body) -> list[str]:
        declared = [tool.get("functionDeclarations") or () for tool in body.get("tools") or ()]
        return [str(function["name"]) for functions in declared for function in functions]

    def results(self, body: Body) -> int:
        count = 0
        for content in reversed(body.get("contents") or ()):
            if content.get("role") == "model":
                continue
            here = sum("functionResponse" in part for part in content.get("parts") or ())
            if not here:
                return count
            count += here
        return count

    def streams(self, path: str, body: Body) -> bool:
        return "streamGenerateContent" in path

    def events(self, say: Say, cost: tuple[int, int]) -> Events:
        yield "", self.whole(say, cost)

    def whole(self, say: Say, cost: tuple[int, int]) -> Body:
        part: Body = {"text": say.text}
        if say.tool:
            part = {"functionCall": {"name": say.tool, "args": say.arguments}}
        content = {"role": "model", "parts": [part]}
        return {
            "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
            "usageMetadata": {
                "promptTokenCount": cost[0], "candidatesTokenCount": cost[1],
                "totalTokenCount": sum(cost),
            },
            "modelVersion": "gemini-test",
        }  # fmt: skip

    def failure(self, status: int, kind: str, text: str, reset: int) -> Body:
        details = []
        if reset:
            kind_of = "type.googleapis.com/google.rpc.RetryInfo"
            details = [{"@type": kind_of, "retryDelay": f"{reset}s"}]
        return {"error": {"code": status, "message": text, "status": kind, "details": details}}


_numbers = iter(range(1, 1 << 62))


def _fresh(prefix: str) -> str:
    return f"{prefix}{next(_numbers):08d}"
