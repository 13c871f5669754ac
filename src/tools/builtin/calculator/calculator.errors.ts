import { defineErrors } from '../../../common/app-error.js';

export const CalculatorErrors = defineErrors({
  invalid_expression: { kind: 'invalid', message: 'The expression cannot be calculated.' },
  expression_too_large: { kind: 'invalid', message: 'The expression is too large to calculate.' },
});
