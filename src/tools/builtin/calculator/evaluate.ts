import {
  type BigNumber,
  type ConstantNode,
  type FunctionNode,
  type MathNode,
  type OperatorNode,
  type SymbolNode,
  type Unit,
} from 'mathjs';
import { CalculatorErrors } from './calculator.errors.js';
import { type Mathematics } from './mathematics.js';

type Value = BigNumber | Unit;

const MAX_NODES = 300;
const MAX_DEPTH = 60;
/** Decimal exponent of the largest value that any step may have. */
const MAX_EXPONENT = 1_000;
const MAX_FACTORIAL = 1_000;
const MAX_POWER = 10_000;
const MAX_ANGLE = 1e9;

const OPERATORS = new Set([
  'add',
  'subtract',
  'multiply',
  'divide',
  'pow',
  'mod',
  'unaryMinus',
  'unaryPlus',
  'factorial',
  'to',
]);
const ANGLES = new Set(['sin', 'cos', 'tan']);
// prettier-ignore
const FUNCTIONS = new Set([
  'abs', 'ceil', 'floor', 'round', 'fix', 'sign', 'sqrt', 'cbrt', 'exp', 'log', 'log2', 'log10', 'min', 'max', 'sum',
  'mean', 'median', 'gcd', 'lcm', 'mod', 'pow', 'hypot', 'factorial', 'asin', 'acos', 'atan', 'sin', 'cos', 'tan',
]);
const CONSTANTS = new Set(['pi', 'e', 'tau', 'phi']);

/**
 * Evaluates a parsed expression by itself, node by node: only the operators, functions, constants and units listed
 * here exist, and every operand is checked before it is used, so that no input can take long or much memory. [S57]
 */
export class Evaluation {
  private nodes = 0;

  constructor(private readonly math: Mathematics) {}

  of(node: MathNode, depth = 0): Value {
    this.nodes += 1;
    if (this.nodes > MAX_NODES || depth > MAX_DEPTH) throw CalculatorErrors.expression_too_large();
    return this.bounded(this.step(node, depth + 1));
  }

  private step(node: MathNode, depth: number): Value {
    switch (node.type) {
      case 'ConstantNode':
        return this.constant(node as ConstantNode);
      case 'ParenthesisNode':
        return this.of((node as unknown as { content: MathNode }).content, depth);
      case 'SymbolNode':
        return this.symbol((node as SymbolNode).name);
      case 'OperatorNode':
        return this.operator(node as OperatorNode, depth);
      case 'FunctionNode':
        return this.function(node as FunctionNode, depth);
      default:
        throw CalculatorErrors.invalid_expression(
          'Only numbers, units, operators and functions can be used.',
        );
    }
  }

  private constant({ value }: ConstantNode): Value {
    if (typeof value === 'number' || this.math.isBigNumber(value)) return this.math.bignumber(value as never);
    throw CalculatorErrors.invalid_expression(`"${String(value)}" is not a number.`);
  }

  private symbol(name: string): Value {
    if (CONSTANTS.has(name)) return this.math.bignumber(this.math[name as 'pi'] as never);
    if (this.math.Unit.isValuelessUnit(name)) return new this.math.Unit(null as never, name);
    throw CalculatorErrors.invalid_expression(
      `"${name}" is not a unit, constant or function that is known here.`,
    );
  }

  private operator(node: OperatorNode, depth: number): Value {
    const name = String(node.fn);
    if (!OPERATORS.has(name))
      throw CalculatorErrors.invalid_expression(`The operator "${String(node.op)}" is not known.`);
    const operands = node.args.map((part) => this.of(part, depth));
    return this.apply(name, operands);
  }

  private function(node: FunctionNode, depth: number): Value {
    const name = node.fn.name;
    if (!FUNCTIONS.has(name))
      throw CalculatorErrors.invalid_expression(
        `The function "${name}" is not known. Known are ${[...FUNCTIONS].sort().join(', ')}.`,
      );
    const operands = node.args.map((part) => this.of(part, depth));
    if (operands.length === 0) throw CalculatorErrors.invalid_expression(`${name} needs a value.`);
    return this.apply(name, operands);
  }

  private apply(name: string, operands: Value[]): Value {
    const [first, second] = operands;
    if (name === 'factorial') this.limit(first, MAX_FACTORIAL, 'A factorial');
    if (name === 'pow') this.limit(second, MAX_POWER, 'An exponent');
    if (name === 'exp') this.limit(first, MAX_POWER, 'An exponent');
    if (ANGLES.has(name)) this.limit(first, MAX_ANGLE, 'An angle');
    if ((name === 'divide' || name === 'mod') && this.math.isBigNumber(second) && second.isZero())
      throw CalculatorErrors.invalid_expression('Division by zero.');
    const apply = (this.math as unknown as Record<string, (...operands: Value[]) => unknown>)[name];
    const result = apply?.(...operands);
    if (this.math.isBigNumber(result) || this.math.isUnit(result)) return result;
    throw CalculatorErrors.invalid_expression('The result is not a real number.');
  }

  private limit(value: Value | undefined, max: number, what: string): void {
    if (this.math.isBigNumber(value) && value.abs().gt(max))
      throw CalculatorErrors.expression_too_large(`${what} may be at most ${max}.`);
  }

  /** Keeps every intermediate value small enough to be handled at once. */
  private bounded(value: Value): Value {
    const size: unknown = this.math.isBigNumber(value)
      ? value
      : (value as unknown as { value: unknown }).value;
    if (size === null) return value; // a unit without a number
    if (!this.math.isBigNumber(size) || !size.isFinite())
      throw CalculatorErrors.invalid_expression('The result is not a real number.');
    if (Math.abs(size.e) > MAX_EXPONENT)
      throw CalculatorErrors.expression_too_large(`A value has more than ${MAX_EXPONENT} digits.`);
    return value;
  }
}
