const NUMBER = String.raw`\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?`;

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/[×✕·⋅]/g, '*'],
  [/÷/g, '/'],
  [/[−–—]/g, '-'],
  [/\bdivided by\b|\bover\b/gi, '/'],
  [/\bmultiplied by\b|\btimes\b/gi, '*'],
  [/\bplus\b/gi, '+'],
  [/\bminus\b/gi, '-'],
  [/\bto the power of\b|\*\*/gi, '^'],
  [/\bsquared\b/gi, '^2'],
  [/\bcubed\b/gi, '^3'],
  [/\bsquare root of\s+([\d.]+)/gi, 'sqrt($1)'],
  [/(?<=\d)\s*x\s*(?=\d)/gi, ' * '],
  [/\bper ?cent\b/gi, '%'],
  [/\b(?:degrees? )?celsius\b|°\s?C\b/gi, 'degC'],
  [/\b(?:degrees? )?fahrenheit\b|°\s?F\b/gi, 'degF'],
  [/\b(kilo|centi|milli)?metre/gi, '$1meter'],
  [/\bpounds?\b/gi, 'lb'],
  [/\bkilos?\b/gi, 'kg'],
  [/\bmph\b/gi, 'mi/h'],
];

/**
 * Turns the way people write sums into an expression: "12.5% of 6,400" becomes "(12.5 / 100) * 6400".
 * Commas are thousands separators unless they stand between the arguments of a function.
 */
export function normaliseExpression(text: string): string {
  let expression = text.trim().replace(/[=?\s]+$/, '');
  expression = expression.replace(/^(?:what(?:'s| is)|calculate|compute|how much is)\s+/i, '');
  if (!/[a-z]\s*\(/i.test(expression))
    expression = expression.replace(/\b\d{1,3}(?:,\d{3})+(?!\d)/g, (number) => number.replaceAll(',', ''));
  for (const [pattern, replacement] of WORDS) expression = expression.replace(pattern, replacement);
  return expression
    .replace(new RegExp(String.raw`(${NUMBER})\s*%\s*of\s+`, 'gi'), '($1 / 100) * ')
    .replace(new RegExp(String.raw`(${NUMBER})\s*%\s*(off)\s+(${NUMBER})`, 'gi'), '($3 * (1 - $1 / 100))');
}
