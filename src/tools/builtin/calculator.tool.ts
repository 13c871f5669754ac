import { z } from 'zod';
import { AppError } from '../../common/app-error.js';
import { defineTool } from '../define-tool.js';
import { answer } from '../tool-result.js';
import { CalculatorErrors } from './calculator/calculator.errors.js';
import { translateSum } from './calculator/english.js';
import { Evaluation } from './calculator/evaluate.js';

import { mathematics, type Mathematics } from './calculator/mathematics.js';

export const calculator = defineTool({
  name: 'calculator',
  title: 'Calculator',
  description:
    'Calculates an arithmetic expression exactly, in decimals: sums, percentages such as "12.5% of 640", powers, roots, and conversions between units such as "5 km to miles".',
  input: z.object({
    expression: z
      .string()
      .min(1)
      .max(500)
      .describe('What to calculate, e.g. 12.5% of 640, (3 + 4) * 2^10, sqrt(2), 5 km to miles.'),
  }),
  output: z.object({
    expression: z.string().describe('The expression as it was understood.'),
    result: z.string().describe('The value, with its unit.'),
  }),
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  policy: { timeoutMs: 5_000 },
  async run({ expression }) {
    const math = await mathematics();
    const understood = translateSum(expression);
    const result = calculate(math, understood);
    return answer(`${expression.trim()} = ${result}`, { expression: understood, result });
  },
});

function calculate(math: Mathematics, expression: string): string {
  try {
    const value = new Evaluation(math).of(math.parse(expression));
    return math.format(value, { precision: 34, lowerExp: -20, upperExp: 40 });
  } catch (error) {
    if (error instanceof AppError) throw error;
    // mathjs speaks of the expression only: "Unexpected end of expression (char 4)".
    const reason = error instanceof Error ? error.message.slice(0, 200) : '';
    throw CalculatorErrors.invalid_expression(`"${expression}" cannot be calculated: ${reason}`, {
      cause: error,
    });
  }
}
