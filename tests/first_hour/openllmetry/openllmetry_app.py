"""The same with OpenLLMetry and the line of the guide."""

import os

from traceloop.sdk import Traceloop

Traceloop.init(app_name="shop", api_endpoint=os.environ["TOLLGATE_HTTP"])

import openai  # noqa: E402 # after init, as its documentation wants it

answer = openai.OpenAI().chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Good morning"}])
print(answer.choices[0].message.content)
