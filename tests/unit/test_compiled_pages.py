"""Pages are compiled before anybody asks for them."""

from typing import Any

import pytest
from jinja2 import Environment

from notifier.console.flashes import Flash
from notifier.console.render import Renderer


class NoDependencies:
    shop_name, push_key, dialling = "شیائومی سیتی", None, None


async def test_no_page_is_compiled_on_its_first_visit(monkeypatch: pytest.MonkeyPatch) -> None:
    render: Any = Renderer(NoDependencies())  # type: ignore[arg-type]
    await render.compile_all()
    compiled: list[str] = []
    compile_one = Environment.compile

    def noted(self: Environment, *args: Any, **more: Any) -> Any:
        compiled.append(str(args[1:]))
        return compile_one(self, *args, **more)

    monkeypatch.setattr(Environment, "compile", noted)
    assert 'class="flash' in render.fragment("flash.html", flash=Flash(text="نوشته شد."), csrf="")
    again: Any = Renderer(NoDependencies())  # type: ignore[arg-type]
    assert 'class="flash' in again.fragment("flash.html", flash=Flash(text="نوشته شد."), csrf="")
    assert compiled == [], "another console of the process has them too"
