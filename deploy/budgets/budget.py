"""Ask Tollgate before you spend: a decorator for any function, and a hook for LiteLLM's proxy. Standard library only.

Fails open: when Tollgate does not answer in time, the call goes on. `fail_open=False` turns that around.
"""

import functools
import os
import urllib.error
import urllib.parse
import urllib.request

TOLLGATE = os.environ.get("TOLLGATE_URL", "http://127.0.0.1:9464")
SECONDS = 1.0


class BudgetSpent(Exception):
    """Nothing is left; its text is Tollgate's reason."""


def check(budget: str, fail_open: bool = True, **owner: str) -> None:
    """Raises BudgetSpent when nothing is left of a budget: `check("user-day", user="alice")`."""
    name, query = urllib.parse.quote(budget, safe=""), urllib.parse.urlencode(owner)
    try:
        urllib.request.urlopen(f"{TOLLGATE}/api/v1/budgets/{name}/check?{query}", timeout=SECONDS).close()
    except urllib.error.HTTPError as refused:
        if refused.code == 403 and (reason := refused.headers.get("X-Tollgate-Reason")):
            raise BudgetSpent(reason) from None
        if not fail_open:
            raise
    except OSError:
        if not fail_open:
            raise


def budgeted(budget: str, fail_open: bool = True, owner: str = "user"):
    """Decorates a function that has its owner as a keyword argument: `@budgeted("user-day")`, `answer("…", user="alice")`."""

    def decorate(function):
        @functools.wraps(function)
        def checked(*arguments, **keywords):
            check(budget, fail_open, **{owner: keywords.get(owner, "")})
            return function(*arguments, **keywords)

        return checked

    return decorate


try:
    from litellm.integrations.custom_logger import CustomLogger
except ImportError:  # Without LiteLLM the decorator is all there is.
    CustomLogger = None

if CustomLogger:
    import asyncio

    class BudgetHook(CustomLogger):
        """For LiteLLM's proxy: `litellm_settings: {callbacks: budget.hook}`. The key's user is the owner."""

        async def async_pre_call_hook(self, user_api_key_dict, cache, data, call_type):
            user = data.get("user") or user_api_key_dict.user_id or ""
            try:
                await asyncio.to_thread(check, "user-day", user=user)
            except BudgetSpent as spent:
                return str(spent)  # The proxy answers with this text in place of the model.
            return data

    hook = BudgetHook()
