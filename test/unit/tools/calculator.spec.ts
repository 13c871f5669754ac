import { describe, expect, it } from '@jest/globals';
import { calculator } from '../../../src/tools/builtin/calculator.tool.js';
import { type ToolResponse } from '../../../src/tools/define-tool.js';
import { createToolContext } from '../../../src/tools/tool-context.js';

async function result(expression: string): Promise<string> {
  const answer = (await calculator.run({ expression }, createToolContext())) as ToolResponse;
  return (answer.structuredContent as { result: string }).result;
}

describe('calculator', () => {
  it.each([
    ['17.5% of 2480', '434'],
    ['0.1 + 0.2', '0.3'],
    ['1.1 * 3', '3.3'],
    ['2,480 * 2', '4960'],
    ['what is 12 times 12?', '144'],
    ['100 + 3%', '103'],
    ['2^10', '1024'],
    ['20% off 50', '40'],
    ['7 divided by 2', '3.5'],
    ['3 x 4', '12'],
    ['sqrt(2)', '1.414213562373095048801688724209698'],
    ['max(1, 5, 3)', '5'],
    ['5!', '120'],
    ['2 hours to minutes', '120 minutes'],
    ['20 degC to degF', '68 degF'],
    ['5 km to miles', '3.106855961186669848087170921816591 miles'],
    ['123456789012345678901234567890 + 1', '123456789012345678901234567891'],
    ['10 mod 3', '1'],
    ['the average of 2, 4 and 9', '5'],
    ['increase 1,200 by 7.5 percent', '1290'],
    ['three quarters of two hundred', '150'],
  ])('%s = %s', async (expression, expected) => {
    expect(await result(expression)).toBe(expected);
  });

  it.each([
    '9^9^9^9',
    '1e999999 * 10',
    '100000!',
    '2^-99999',
    'exp(1e9)',
    'sin(1e900)',
    '9^9999^2',
    '(9 km)^9999',
  ])('[S57] refuses %s at once', async (expression) => {
    await expect(result(expression)).rejects.toMatchObject({ code: 'expression_too_large' });
  });

  it.each([
    'import("x")',
    'parse("1")',
    'createUnit("x")',
    'a = 3',
    'f(x) = x',
    '[1, 2]',
    'cos.constructor("return process")()',
    '"text"',
    '1 / 0',
    'sqrt(-1)',
    '1 +',
    'eval(1)',
    'config({})',
    '1:10',
    '{a: 1}',
    'true ? 1 : 2',
  ])('[S57] refuses %s', async (expression) => {
    await expect(result(expression)).rejects.toMatchObject({ code: 'invalid_expression' });
  });

  it('refuses an expression with too many parts', async () => {
    await expect(result(Array(249).fill('1').join('+'))).rejects.toMatchObject({
      code: 'expression_too_large',
    });
    await expect(result(`${'('.repeat(200)}1${')'.repeat(200)}`)).rejects.toMatchObject({
      code: 'expression_too_large',
    });
  });
});
