"""The same with LiteLLM and the one line of the guide."""

import litellm

litellm.callbacks = ["otel"]
answer = litellm.completion(model="openai/gpt-4o-mini", messages=[{"role": "user", "content": "Good morning"}])
print(answer.choices[0].message.content)
