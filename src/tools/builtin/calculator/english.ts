const NUMBER = String.raw`(?<![\d.])-?\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?`;
const PARTS = new Map(Object.entries({ half: 2, third: 3, quarter: 4, fifth: 5, tenth: 10 }));
const SMALL =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen';
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety hundred';
const WORDS = new Map([
  ...SMALL.split(' ').map((word, value) => [word, value] as const),
  ...TENS.split(' ').map((word, index) => [word, 20 + 10 * index] as const),
  ...Object.entries({ dozen: 12, thousand: 1000, million: 1_000_000 }),
]);
const WORD = `(?:${[...WORDS.keys()].join('|')})`;

/** What a number in words looks like: "two hundred and forty-five", "3 million". */
export const NUMBER_WORDS = String.raw`\b(?:\d+(?:\.\d+)?\s+(?=hundred|thousand|million|dozen))?${WORD}\b(?:(?:[\s-]+|(?<=hundred|thousand) and )${WORD}\b)*`;

/** The value of a number in words. */
export function readNumber(text: string): number {
  let [total, group] = [0, 0];
  for (const word of text.toLowerCase().match(/[\d.]+|[a-z]+/g) ?? []) {
    const value = WORDS.get(word) ?? (Number(word) || 0);
    if (/hundred|dozen/.test(word)) group = (group || 1) * value;
    else if (value < 1000 || !WORDS.has(word)) group += value;
    else [total, group] = [total + (group || 1) * value, 0];
  }
  return total + group;
}

type Rule = readonly [RegExp, string | ((...groups: string[]) => string)];

const numbersOf = (list = '') => list.match(new RegExp(NUMBER, 'gi')) ?? [];
const partOf = (_: string, count = '1', part = '') => `${count}/${PARTS.get(part.toLowerCase())}`;

/** A phrase and its sum: N is a number or brackets, MANY are several numbers, % is any percent sign. */
const rule = (phrase: string, to: Rule[1]): Rule => [
  new RegExp(
    phrase
      .replaceAll('%', String.raw`\s*(?:%|percent\b|per cent\b)`)
      .replaceAll('MANY', String.raw`(${NUMBER}(?:\s*(?:,\s*and\s|,|\band\b|&)\s*${NUMBER})+)`)
      .replaceAll('N', String.raw`(${NUMBER}|\([^()]*\))`),
    'gi',
  ),
  to,
];

/** Signs, numbers and units, then phrases, the longer ones first. */
const RULES: readonly Rule[] = [
  [/(?<![a-z]\([^()]{0,80})(?<=\d),(?=\d{3}\b)|[$€£]\s*(?=\d)/gi, ''],
  [/[×✕·⋅]|(?<=\d)\s*x\s*(?=\d)/gi, ' * '],
  [/[−–—]/g, '-'],
  [/\*\*/g, '^'],
  [/÷/g, '/'],
  [/(\d+(?:\.\d+)?)k\b/g, (_, thousands) => String(Number(thousands) * 1000)],
  [new RegExp(NUMBER_WORDS, 'gi'), (words) => String(readNumber(words))],
  [/(?:(\d+) |\ban? )?\b(half|third|quarter|fifth|tenth)s?(?= of\b)/gi, partOf],
  [/(?:\b(?:degrees? )?celsius|°\s?C)\b/gi, 'degC'],
  [/(?:\b(?:degrees? )?fahrenheit|°\s?F)\b/gi, 'degF'],
  [/\b(kilo|centi|milli)?metre/gi, '$1meter'],
  [/\bpounds?\b/gi, 'lb'],
  [/\bkilos?\b/gi, 'kg'],
  [/\bmph\b/gi, 'mi/h'],
  [/\s+/g, ' '],
  rule('N% (?:off|discount (?:on|from)|less than) N', '($2 * (1 - $1 / 100))'),
  rule('(?:(?:add|plus) )?N% (?:more than|on top of|added to|(?:tip|tax) on|to) N', '($2 * (1 + $1 / 100))'),
  rule('N% (?:of|from|(?:[a-z]+ )?on) N', '($1 / 100 * $2)'),
  rule('(?:increase|raise|grow) N by N%', '($1 * (1 + $2 / 100))'),
  rule('(?:decrease|reduce|lower|cut|discount) N by N%', '($1 * (1 - $2 / 100))'),
  rule('N (?:(?:increased|raised|grown) by|plus|\\+) N%(?! ?\\d)', '($1 * (1 + $2 / 100))'),
  rule('N (?:(?:decreased|reduced|lowered|cut) by|minus|-) N%(?! ?\\d)', '($1 * (1 - $2 / 100))'),
  rule('what (?:percentage|percent) of N is N', '($2 / $1 * 100)'),
  rule('what (?:percentage|percent) is N of N', '($1 / $2 * 100)'),
  rule('N (?:is what|as a|as) (?:percentage|percent) of N', '($1 / $2 * 100)'),
  rule('(?:sum|total) of MANY', (_, list) => `(${numbersOf(list).join(' + ')})`),
  rule('add(?: up| together)? MANY', (_, list) => `(${numbersOf(list).join(' + ')})`),
  rule('(?:product of|multiply) MANY', (_, list) => `(${numbersOf(list).join(' * ')})`),
  rule(
    '(?:average|mean) of MANY',
    (_, list) => `((${numbersOf(list).join(' + ')}) / ${numbersOf(list).length})`,
  ),
  rule('difference between N and N', '($1 - $2)'),
  rule('(?:square root|sqrt) (?:of )?N', 'sqrt($1)'),
  rule('cube root of N', 'cbrt($1)'),
  rule('subtract N from N', '($2 - $1)'),
  rule('add N (?:to|with) N', '($1 + $2)'),
  rule('multiply N (?:by|with|times) N', '($1 * $2)'),
  rule('divide N (?:by|over) N', '($1 / $2)'),
  rule('N squared', '($1 ^ 2)'),
  rule('N cubed', '($1 ^ 3)'),
  rule('N to the (?:power of )?N(?:st|nd|rd|th)?(?: power)?', '($1 ^ $2)'),
  rule('N ?/ ?N of N', '($1 / $2 * $3)'),
  rule('half N', '($1 / 2)'),
  rule('(?:double|twice) N', '(2 * $1)'),
  [/ ?\b(?:times|multiplied by)\b ?(?=[\d(-])/gi, ' * '],
  [/ ?\b(?:divided by|over)\b ?(?=[\d(-])/gi, ' / '],
  [/(?<=[\d)]) (?:modulo|mod) (?=[\d(-])/gi, ' % '],
  [/(?<=[\d)]) (?:plus|and add) (?=[\d(-])/gi, ' + '],
  [/(?<=[\d)]) (?:minus|less) (?=[\d(-])/gi, ' - '],
];

const UNIT = String.raw`(?:[kcm]?m|km/h|mph|(?:kilo|centi|milli)?met(?:er|re)s?|miles?|mi|feet|foot|ft|inch(?:es)?|yards?|[km]?g|(?:kilo)?grams?|kilos?|tons?|lbs?|pounds?|oz|ounces?|[mc]?l|lit(?:er|re)s?|gallons?|pints?|cups?|(?:degrees? )?(?:celsius|fahrenheit)|kelvin|°\s?[CF]|hours?|minutes?|seconds?|days?|weeks?|years?|[kmgt]i?b|bytes?|acres?|hectares?)`;
const CONVERT = new RegExp(String.raw`(${NUMBER})\s*(${UNIT})\s+(?:in|into|to|as)\s+(${UNIT})\b`, 'i');
const HOW_MANY = new RegExp(
  String.raw`how (?:many|much) (${UNIT})\s+(?:is|are|in|make)(?:\s+\w+)?\s+(${NUMBER})\s*(${UNIT})\b`,
  'i',
);
const RUN =
  /(?:(?:sqrt|cbrt|abs|log|log10|ln|exp|sin|cos|tan|round|floor|ceil|max|min)\s*\(|\bpi\b|(?<=\d)e(?=[+-]?\d)|[\d.+\-*/^%(),!\s])+/gi;

/** A sum as a calculator reads it: "what is 12.5% of 6,400?" is "(12.5 / 100 * 6400)". */
export function translateSum(text: string): string {
  const sum = text.replace(
    /^\s*(?:what(?:'s| is)|calculate|compute|how much is)?\s*(?:the\s)?|[=?\s]+$/gi,
    '',
  );
  return RULES.reduce((plain, [phrase, to]) => plain.replace(phrase, to as string), sum).trim();
}

/**
 * The arithmetic that a text asks for, written with + - * / ^ % ( ) and functions, or `5 km to miles`.
 * Undefined when there is none: a number alone is not arithmetic.
 */
export function findExpression(text: string): string | undefined {
  const [, amount, from, to] = CONVERT.exec(text) ?? [];
  if (amount !== undefined) return `${amount} ${from} to ${to}`;
  const [, wanted, size, unit] = HOW_MANY.exec(text) ?? [];
  if (wanted !== undefined) return `${size} ${unit} to ${wanted}`;
  // Dates, hashes and versions are no sums.
  const plain = text.replace(
    /\b\d{4}-\d{2}-\d{2}\b|\b[\da-f]{7,40}\b(?<=[a-f\d]*[a-f][a-f\d]*)|\d+\.\d+\.\d+/gi,
    ' ; ',
  );
  return (translateSum(plain).match(RUN) ?? [])
    .map(trimRun)
    .filter((run) => /\d\s*[-+*/^%!]|[a-z]\(|\)\s*[-+*/^]/i.test(run) && isBalanced(run))
    .sort((a, b) => b.length - a.length)[0];
}

function trimRun(run: string): string {
  let text = run.replace(/^[\s,.%*/^!)]+|[\s,.+\-*/^(]+$/g, '');
  // "(what is 3 * 4)" leaves one bracket behind.
  if (text.split('(').length < text.split(')').length) text = text.replace(/\)$/, '');
  const inner = /^\((.*)\)$/.exec(text)?.[1];
  return (inner !== undefined && isBalanced(inner) ? inner : text).trim();
}

function isBalanced(text: string): boolean {
  let depth = 0;
  for (const char of text) {
    depth += Number(char === '(') - Number(char === ')');
    if (depth < 0) return false;
  }
  return depth === 0;
}
