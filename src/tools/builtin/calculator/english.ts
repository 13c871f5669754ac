const NUMBER = String.raw`-?(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?`;
const TERM = String.raw`(?:${NUMBER}|\([^()]*\))`;
const LIST = String.raw`(${NUMBER}(?:\s*(?:,\s*and\s|,|\band\b|&)\s*${NUMBER})+)`;
const PERCENT = String.raw`\s*(?:%|percent\b|per cent\b)`;

const NUMBER_WORDS = new Map(
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty'
    .split(' ')
    .map((word, value) => [word, value] as const),
);
for (const [index, word] of 'thirty forty fifty sixty seventy eighty ninety hundred'.split(' ').entries()) {
  NUMBER_WORDS.set(word, 30 + index * 10);
}
NUMBER_WORDS.set('dozen', 12).set('thousand', 1000).set('million', 1_000_000);

const A_WORD = `(?:${[...NUMBER_WORDS.keys()].join('|')})`;
/** "two hundred and forty-five", "3 million". */
const NUMBER_RUN = new RegExp(
  String.raw`\b(?:\d+(?:\.\d+)?\s+(?=hundred|thousand|million|dozen))?${A_WORD}\b(?:(?:[\s-]+|(?<=hundred|thousand) and )${A_WORD}\b)*`,
  'g',
);

function numberOf(run: string): string {
  let total = 0;
  let group = 0;
  for (const word of run.match(/[\d.]+|[a-z]+/g) ?? []) {
    const value = NUMBER_WORDS.get(word) ?? (Number(word) || 0);
    if (/hundred|dozen/.test(word)) group = (group || 1) * value;
    else if (value >= 1000 && NUMBER_WORDS.has(word)) {
      total += (group || 1) * value;
      group = 0;
    } else group += value;
  }
  return String(total + group);
}

const PARTS: Readonly<Record<string, number>> = { half: 2, third: 3, quarter: 4, fifth: 5, tenth: 10 };

const rule = (pattern: string, to: string | ((...groups: string[]) => string)) =>
  [
    new RegExp(
      pattern
        .replaceAll('T', TERM)
        .replaceAll('LIS' + TERM, LIST)
        .replaceAll('P', PERCENT),
      'g',
    ),
    to,
  ] as const;

const listOf = (text: string) => text.match(new RegExp(NUMBER, 'g')) ?? [];

/** English for arithmetic, first the longer forms. T is a term, P a percent sign, LIST several numbers. */
const RULES = [
  rule(`(T)P (?:off|discount (?:on|from)|less than) (T)`, '($2 * (1 - $1 / 100))'),
  rule(`(T)P (?:more than|on top of|added to|tip on|tax on) (T)`, '($2 * (1 + $1 / 100))'),
  rule(`(?:add|plus) (T)P to (T)`, '($2 * (1 + $1 / 100))'),
  rule(`(?:increase|raise|grow) (T) by (T)P`, '($1 * (1 + $2 / 100))'),
  rule(`(T) (?:increased|raised|grown) by (T)P`, '($1 * (1 + $2 / 100))'),
  rule(`(T) (?:decreased|reduced|lowered|cut|discounted) by (T)P`, '($1 * (1 - $2 / 100))'),
  rule(`(?:decrease|reduce|lower|cut|discount) (T) by (T)P`, '($1 * (1 - $2 / 100))'),
  rule(`(T)P (?:of|from|(?:[a-z]+ )?on) (T)`, '($1 / 100 * $2)'),
  rule(`(T) (?:plus|\\+) (T)P`, '($1 * (1 + $2 / 100))'),
  rule(`(T) (?:minus|-) (T)P`, '($1 * (1 - $2 / 100))'),
  rule(`what (?:percentage|percent) of (T) is (T)`, '($2 / $1 * 100)'),
  rule(`what (?:percentage|percent) is (T) of (T)`, '($1 / $2 * 100)'),
  rule(`(T) (?:is what|as a|as) (?:percentage|percent) of (T)`, '($1 / $2 * 100)'),
  rule(`(?:sum|total) of LIST`, (_, list) => `(${listOf(list ?? '').join(' + ')})`),
  rule(`add(?: up| together)? LIST`, (_, list) => `(${listOf(list ?? '').join(' + ')})`),
  rule(`product of LIST|multiply LIST`, (_, one, two) => `(${listOf(one ?? two ?? '').join(' * ')})`),
  rule(`(?:average|mean) of LIST`, (_, list) => {
    const numbers = listOf(list ?? '');
    return `((${numbers.join(' + ')}) / ${numbers.length})`;
  }),
  rule(`difference between (T) and (T)`, '($1 - $2)'),
  rule(`(?:square root|sqrt) (?:of )?(T)`, 'sqrt($1)'),
  rule(`cube root of (T)`, 'cbrt($1)'),
  rule(`subtract (T) from (T)`, '($2 - $1)'),
  rule(`add (T) (?:to|and|with) (T)`, '($1 + $2)'),
  rule(`multiply (T) (?:by|with|and|times) (T)`, '($1 * $2)'),
  rule(`divide (T) (?:by|over) (T)`, '($1 / $2)'),
  rule(`(T) squared`, '($1 ^ 2)'),
  rule(`(T) cubed`, '($1 ^ 3)'),
  rule(`(T) to the (?:power of )?(T)(?:st|nd|rd|th)?(?: power)?`, '($1 ^ $2)'),
  rule(`(T) ?/ ?(T) of (T)`, '($1 / $2 * $3)'),
  rule(`half (T)`, '($1 / 2)'),
  rule(`(?:double|twice) (T)`, '(2 * $1)'),
  rule(`(T) (?:times|multiplied by|x) (?=[\\d(-])`, '$1 * '),
  rule(`(T) (?:divided by|over) (?=[\\d(-])`, '$1 / '),
  rule(`(T) (?:modulo|mod) (?=[\\d(-])`, '$1 % '),
  rule(`(T) (?:plus|and add) (?=[\\d(-])`, '$1 + '),
  rule(`(T) (?:minus|less) (?=[\\d(-])`, '$1 - '),
];

const UNIT = String.raw`(?:[kcm]?m|km/h|mph|kilomet(?:er|re)s?|(?:centi|milli)?met(?:er|re)s?|miles?|mi|feet|foot|ft|inch(?:es)?|yards?|yd|[km]?g|(?:kilo)?grams?|kilos?|tons?|tonnes?|lbs?|pounds?|oz|ounces?|[mc]?l|lit(?:er|re)s?|gallons?|pints?|cups?|degrees? (?:celsius|fahrenheit)|celsius|fahrenheit|kelvin|°\s?[CFcf]|hours?|minutes?|seconds?|days?|weeks?|years?|[kmgt]i?b|bytes?|acres?|hectares?|joules?|calories|watts?|horsepower)`;
const CONVERT = new RegExp(
  String.raw`(${NUMBER})\s*(${UNIT})\s+(?:in|into|to|as|equals? how many)\s+(${UNIT})\b`,
  'i',
);
const HOW_MANY = new RegExp(
  String.raw`how (?:many|much) (${UNIT})\s+(?:is|are|in|make)(?:\s+\w+)?\s+(${NUMBER})\s*(${UNIT})\b`,
  'i',
);

/**
 * The arithmetic that a text asks for, written with + - * / ^ % ( ) and functions, or `5 km to miles`.
 * Undefined when there is none: a number alone is not arithmetic.
 */
export function findExpression(text: string): string | undefined {
  const convert = CONVERT.exec(text);
  if (convert !== null) return `${convert[1]} ${convert[2]} to ${convert[3]}`;
  const howMany = HOW_MANY.exec(text);
  if (howMany !== null) return `${howMany[2]} ${howMany[3]} to ${howMany[1]}`;
  let plain = ` ${normalise(text)} `;
  for (const [pattern, to] of RULES) plain = plain.replace(pattern, to as string);
  const runs =
    plain.match(
      /(?:(?:sqrt|cbrt|abs|log|log10|ln|exp|sin|cos|tan|round|floor|ceil|max|min)\s*\(|\bpi\b|(?<=\d)e(?=[+-]?\d)|[\d.+\-*/^%(),!\s])+/g,
    ) ?? [];
  return runs
    .map(trimRun)
    .filter((run) => /\d/.test(run) && /\d\s*[-+*/^%!]|[a-z]\(|\)\s*[-+*/^]/.test(run) && balanced(run))
    .sort((a, b) => b.length - a.length)[0];
}

function normalise(text: string): string {
  return text
    .toLowerCase()
    .replace(/\b\d{4}-\d{2}-\d{2}\b|\b[\da-f]{7,40}\b(?<=[a-f\d]*[a-f][a-f\d]*)|\d+\.\d+\.\d+/g, ' ; ')
    .replace(/(?<=\d),(?=\d{3}\b)/g, '')
    .replace(/[$€£]\s*(?=\d)/g, '')
    .replace(/\*\*/g, '^')
    .replace(/[×✕]/g, '*')
    .replace(/÷/g, '/')
    .replace(/(?<=\d)\s*x\s*(?=\d)/g, ' * ')
    .replace(/(\d+(?:\.\d+)?)k\b/g, (_, thousands: string) => String(Number(thousands) * 1000))
    .replace(NUMBER_RUN, numberOf)
    .replace(
      /(?:(\d+) |\ban? )?\b(half|third|quarter|fifth|tenth)s?(?= of\b)/g,
      (_, count: string | undefined, part: string) => `${count ?? 1}/${PARTS[part] ?? 1}`,
    )
    .replace(/\s+/g, ' ');
}

function trimRun(run: string): string {
  let text = run
    .replace(/^[\s,.%*/^!)]+/, '')
    .replace(/[\s,.+\-*/^(]+$/, '')
    .replace(/\s+/g, ' ');
  // "(what is 3 * 4)" leaves one bracket behind.
  if (text.split('(').length < text.split(')').length) text = text.replace(/\)$/, '');
  const inner = text.slice(1, -1);
  if (text.startsWith('(') && text.endsWith(')') && balanced(inner)) text = inner;
  return text.trim();
}

function balanced(text: string): boolean {
  let depth = 0;
  for (const char of text) {
    if (char === '(') depth += 1;
    if (char === ')') depth -= 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}
