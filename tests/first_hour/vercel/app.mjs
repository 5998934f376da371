// The AI SDK with the lines of the guide.
import { openai } from '@ai-sdk/openai';
import { OpenTelemetry } from '@ai-sdk/otel';
import { generateText, registerTelemetry } from 'ai';

registerTelemetry(new OpenTelemetry());
const answer = await generateText({ model: openai('gpt-4o-mini'), prompt: 'Good morning' });
console.log(answer.text);
