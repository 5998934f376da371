"""An application as somebody has it before Tollgate: it knows nothing of telemetry."""

import openai

answer = openai.OpenAI().chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Good morning"}])
print(answer.choices[0].message.content)
