// An application as somebody has it before Tollgate: it knows nothing of telemetry.
const OpenAI = require('openai');

new OpenAI().chat.completions
  .create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Good morning' }] })
  .then((answer) => console.log(answer.choices[0].message.content));
