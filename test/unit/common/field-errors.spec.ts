import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { fieldErrorsOf } from '../../../src/common/field-errors.js';

const Limits = z.strictObject({ maxSteps: z.int().optional() });
const Body = z.strictObject({ title: z.string().optional(), limits: Limits.optional() });
const errorsOf = (value: unknown, within?: string) => {
  const { issues } = Body.safeParse(value).error ?? { issues: [] };
  return fieldErrorsOf(issues, within);
};

describe('the fields of a refused value', () => {
  it('names each unknown member, also of an object inside', () => {
    const errors = errorsOf({ role: 'x', colour: 'x', limits: { steps: 1 } });
    expect(errors.map(({ field }) => field).sort()).toEqual(['colour', 'limits.steps', 'role']);
    for (const { message } of errors) expect(message).toContain('is not known here');
  });

  it('names a member of a wrong type, and where the value stands', () => {
    expect(errorsOf({ limits: { maxSteps: 'x' } }, 'source')).toEqual([
      { field: 'source.limits.maxSteps', message: expect.stringContaining('number') },
    ]);
  });

  it('says at most 20, each with a short name', () => {
    const many = Object.fromEntries([...Array(500).keys()].map((at) => [`${at}`.padStart(5_000, 'x'), at]));
    const errors = errorsOf(many);
    expect(errors).toHaveLength(20);
    for (const { field } of errors) expect(field.length).toBeLessThanOrEqual(100);
  });

  it('reads paths of other libraries, which hold objects', () => {
    const path = [{ key: 'a' }, 0];
    expect(fieldErrorsOf([{ path, message: 'no' }])).toEqual([{ field: 'a.0', message: 'no' }]);
  });

  it('says of what is missing that it is required', () => {
    const Message = z.object({ name: z.string(), text: z.union([z.string(), z.array(z.string())]) });
    expect(fieldErrorsOf(Message.safeParse({}).error?.issues ?? [])).toEqual([
      { field: 'name', message: 'is required' },
      { field: 'text', message: 'is required' },
    ]);
  });

  it('tells what is wrong by the alternative that was meant', () => {
    const Message = z.object({ text: z.union([z.string().min(1), z.array(z.object({ n: z.int() }))]) });
    const told = (text: unknown) => fieldErrorsOf(Message.safeParse({ text }).error?.issues ?? []);
    expect(told('')).toEqual([{ field: 'text', message: expect.stringContaining('>=1 characters') }]);
    expect(told([{ n: 1 }, { n: 'x' }])).toEqual([
      { field: 'text.1.n', message: expect.stringContaining('number') },
    ]);
    expect(told(5)).toEqual([{ field: 'text', message: 'Invalid input' }]);
  });
});
