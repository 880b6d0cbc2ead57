"""JSON bodies of requests, read into models: what is wrong with one is said field by field."""

from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from notifier.errors import NotJson, Unprocessable, WrongContentType
from notifier.incoming import documents

T = TypeVar("T", bound=BaseModel)


async def read(request: web.Request, model: type[T]) -> T:
    """The body as a model. Raises WrongContentType, NotJson or Unprocessable."""
    if request.content_type != "application/json":
        raise WrongContentType(f"Post application/json, not {request.content_type}.")
    documents.check_size(body := await request.read())
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        raise NotJson(f"The body is not JSON: {found[0]['msg']}.")
    errors = [{"loc": list(one["loc"]), "msg": one["msg"].removeprefix("Value error, ")} for one in found]
    where = ".".join(map(str, errors[0]["loc"])) or "the body"
    raise Unprocessable(f"{where}: {errors[0]['msg']}.", errors=errors)
