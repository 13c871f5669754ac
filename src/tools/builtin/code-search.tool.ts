import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { CodeTool, type Tool, type ToolResponse } from '../define-tool.js';
import { linearRegExp } from '../schema/linear-regexp.js';
import { type ToolContext } from '../tool.js';
import { answer } from '../tool-result.js';
import { excludedPathspecs } from './workspace/excluded.js';
import { Git } from './workspace/git.js';
import { WORKSPACE_INPUT } from './workspace/input.js';
import { WorkspaceErrors } from './workspace/workspace.errors.js';
import { Workspaces } from './workspace/workspaces.js';

const MAX_OUTPUT = 1 << 20;
const MAX_LINE = 300;

const Input = z.object({
  query: z.string().min(1).max(200).describe('Text to search for in the code, e.g. a function name.'),
  path: z
    .string()
    .min(1)
    .max(1_000)
    .default('.')
    .describe('File or folder to search in. Default: the whole workspace.'),
  glob: z.string().min(1).max(200).optional().describe('Only files whose path matches, e.g. **/*.ts.'),
  regex: z.boolean().default(false).describe('The query is a regular expression (RE2, without look-around).'),
  caseSensitive: z.boolean().default(false).describe('Tell upper from lower case.'),
  limit: z.int().min(1).max(200).default(50).describe('How many matching lines to give at most.'),
  workspace: WORKSPACE_INPUT,
});
type Input = z.output<typeof Input>;

const Output = z.object({
  matches: z.array(z.object({ path: z.string(), line: z.int(), text: z.string() })),
  files: z.int().describe('In how many files the listed matches are.'),
  truncated: z.boolean().describe('There are more matches than were listed.'),
});

@Injectable()
@CodeTool({
  name: 'code_search',
  title: 'Search code',
  description:
    'Searches the files of the workspace for a text or a regular expression: where a function, class, variable or word is defined, used or mentioned in the code. Gives file, line number and line.',
  input: Input,
  output: Output,
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  policy: { concurrency: 4 },
})
export class CodeSearchTool implements Tool<Input, z.input<typeof Output>> {
  constructor(
    private readonly workspaces: Workspaces,
    private readonly git: Git,
  ) {}

  async run(input: Input, { signal }: ToolContext): Promise<ToolResponse> {
    const place = await this.workspaces.place(input, signal);
    const { workspace } = place;
    if (!place.exists) throw WorkspaceErrors.file_not_found(`There is no file or folder "${input.path}".`);
    const args = [
      '-I',
      '-n',
      '-z',
      ...(input.caseSensitive ? [] : ['-i']),
      ...(input.regex ? ['-E', '-e', posixPattern(input.query)] : ['-F', '-e', input.query]),
      '--',
      place.relative === '.' ? wholeWorkspace(input.glob) : `:(literal)${place.relative}`,
      ...excludedPathspecs(workspace.hidden),
    ];
    // Exit code 1 is "no line matches".
    const output = await this.git.grep(workspace.root, args, {
      signal,
      maxBytes: MAX_OUTPUT,
      answers: [0, 1],
    });
    const all = parse(output.text).filter(({ path }) => matchesGlob(path, input.glob));
    const matches = all.slice(0, input.limit);
    const truncated = output.truncated || all.length > matches.length;
    const files = new Set(matches.map(({ path }) => path)).size;
    const lines = matches.map(({ path, line, text }) => `${path}:${line}: ${text.trim()}`);
    const head =
      matches.length === 0
        ? `No line holds "${input.query}".`
        : `${matches.length}${truncated ? ' or more' : ''} lines in ${files} files hold "${input.query}".`;
    return answer([head, ...lines].join('\n'), { matches, files, truncated });
  }
}

/** Git itself skips what the glob does not match, so that the limit of its output is not spent on it. */
function wholeWorkspace(glob: string | undefined): string {
  if (glob === undefined) return '.';
  return `:(glob)${glob.includes('/') ? glob.replace(/^\.?\//, '') : `**/${glob}`}`;
}

function parse(text: string): { path: string; line: number; text: string }[] {
  return text
    .split('\n')
    .map((record) => record.split('\0'))
    .filter((fields) => fields.length >= 3)
    .map(([path = '', line, ...rest]) => ({
      path,
      line: Number(line),
      text: rest.join(' ').slice(0, MAX_LINE).toWellFormed(),
    }));
}

/** Refuses what a linear-time engine refuses (nested counts can take all memory), then says it in POSIX terms. */
function posixPattern(pattern: string): string {
  try {
    linearRegExp(pattern);
  } catch (cause) {
    throw WorkspaceErrors.invalid_pattern(
      `"${pattern}" is not a regular expression that can be searched: ${(cause as Error).message}`,
      { cause },
    );
  }
  const classes: Record<string, string> = { d: '[0-9]', D: '[^0-9]', s: '[[:space:]]', S: '[^[:space:]]' };
  return pattern.replaceAll('(?:', '(').replace(/\\(.)/gs, (all, letter: string) => classes[letter] ?? all);
}

/** `*` within a folder, `**` across folders; a pattern without `/` means the file name. */
function matchesGlob(file: string, glob: string | undefined): boolean {
  if (glob === undefined) return true;
  const pattern = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/|\*\*|\*|\?/g, (token) =>
      token === '**/' ? '(?:.*/)?' : token === '**' ? '.*' : token === '*' ? '[^/]*' : '[^/]',
    );
  const name = glob.includes('/') ? file : (file.split('/').at(-1) ?? file);
  return linearRegExp(`^${pattern}$`).test(name);
}
