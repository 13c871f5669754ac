import { SchemaValidator } from '../../tools/schema/validator.js';
import { canonicalHash } from '../../tools/schema/canonical-json.js';
import { type JsonSchema } from '../../tools/tool.js';
import { type AgentAnswer } from '../run-context.js';
import { RunErrors } from '../runs.errors.js';
import { type StoredReply } from './messages.js';

/** One for all agents: schemas are compiled once. */
const validator = new SchemaValidator({ useDefaults: false });

/** Answers of an agent that must be JSON of a given schema. */
export class AnswerFormat {
  private readonly identity: string;

  constructor(readonly schema: JsonSchema) {
    this.identity = canonicalHash(schema);
  }

  /** What the model is told besides its instructions. The schema is its author's, as trusted as they are. */
  get instructions(): string {
    return `Your final answer must be one JSON object that fits this JSON Schema, and nothing else:\n${JSON.stringify(this.schema)}`;
  }

  /** What is wrong with an answer, in words that its writer can mend it by; undefined when nothing is. */
  problemOf(reply: Pick<StoredReply, 'text' | 'generatedBy'>): string | undefined {
    const value = this.read(reply);
    if (value === undefined) return 'Your answer is not a JSON object. Give the JSON object alone.';
    const errors = validator.check(this.identity, this.schema, value);
    if (errors === undefined) return undefined;
    const list = errors.map(({ field, message }) => `${field || 'the object'}: ${message}`).join('; ');
    return `Your answer does not fit the JSON Schema (${list}). Give the whole JSON object again, corrected, and nothing else.`;
  }

  /**
   * The answer with its value. Throws `invalid_agent_output`: the agent was told once what is wrong and has not mended
   * it, or rules have written it, which cannot fill in a form.
   */
  apply(answer: AgentAnswer): AgentAnswer {
    const problem = this.problemOf(answer);
    if (problem === undefined) return { ...answer, structured: this.read(answer) };
    throw RunErrors.invalid_agent_output(
      answer.generatedBy === 'rules'
        ? 'The rule-based planner writes plain text only: a schema with one text property is all that it can fill. Set LLM_MODEL to a language model.'
        : undefined,
    );
  }

  private read({ text, generatedBy }: Pick<StoredReply, 'text' | 'generatedBy'>): unknown {
    const json = /^\s*```(?:json)?\s*\n([\s\S]*?)\n\s*```\s*$/.exec(text)?.[1] ?? text;
    try {
      const value: unknown = JSON.parse(json);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    } catch {
      // not JSON
    }
    const only = generatedBy === 'rules' ? onlyText(this.schema) : undefined;
    return only === undefined ? undefined : { [only]: text };
  }
}

/** The name of the one property of a schema, when that is a text. */
function onlyText({ properties }: JsonSchema): string | undefined {
  const [[name, property] = [], second] = Object.entries((properties ?? {}) as Record<string, JsonSchema>);
  return second === undefined && property?.['type'] === 'string' ? name : undefined;
}
