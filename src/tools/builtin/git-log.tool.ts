import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { CodeTool, type Tool, type ToolResponse } from '../define-tool.js';
import { type ToolContext } from '../tool.js';
import { answer } from '../tool-result.js';
import {
  COMMIT_FORMAT,
  CommitSchema,
  parseCommits,
  RevisionInput,
  since,
  until,
} from './workspace/commits.js';
import { Git, type Repository } from './workspace/git.js';
import { REPOSITORY_INPUT, WORKSPACE_INPUT } from './workspace/input.js';
import { findRepository } from './workspace/repository.js';
import { WorkspaceErrors } from './workspace/workspace.errors.js';
import { type Place, Workspaces } from './workspace/workspaces.js';

const Day = z
  .string()
  .regex(
    /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?)?$/,
    'must be a date such as 2026-01-31',
  );

const Input = z.object({
  path: z
    .string()
    .min(1)
    .max(1_000)
    .optional()
    .describe(
      'File or folder whose history is asked for, e.g. src/main.ts. A bare file name is looked for. Default: the whole repository.',
    ),
  author: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('Only commits whose author name or e-mail holds this text.'),
  since: Day.optional().describe('Only commits on or after this date, e.g. 2026-01-31.'),
  until: Day.optional().describe('Only commits on or before this date, e.g. 2026-01-31.'),
  limit: z
    .int()
    .min(1)
    .max(100)
    .default(10)
    .describe('How many commits to list; the total count is always given.'),
  follow: z.boolean().default(false).describe('Follow one file across renames.'),
  revision: RevisionInput.default('HEAD').describe('Branch, tag or commit to start from. Default: HEAD.'),
  repository: REPOSITORY_INPUT,
  workspace: WORKSPACE_INPUT,
});
type Input = z.output<typeof Input>;

const Output = z.object({
  repository: z.string(),
  path: z.string().nullable(),
  total: z.int().describe('How many commits match.'),
  isShallow: z.boolean().describe('The clone is shallow: the total may be too low.'),
  last: CommitSchema.describe('The newest commit that matches: who changed it last.'),
  commits: z.array(CommitSchema),
});

@Injectable()
@CodeTool({
  name: 'git_log',
  title: 'Git history',
  description:
    'Reads the Git commit history of a repository or of one file: who changed it last and when, how many commits touched it, which commits an author made, what changed since a date.',
  input: Input,
  output: Output,
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  policy: { concurrency: 4 },
})
export class GitLogTool implements Tool<Input, z.input<typeof Output>> {
  constructor(
    private readonly workspaces: Workspaces,
    private readonly git: Git,
  ) {}

  async run(input: Input, { signal }: ToolContext): Promise<ToolResponse> {
    const place = await this.workspaces.place(input, signal);
    const repository = await findRepository(place);
    const start = await this.start(repository, input.revision, signal);
    const filters = filtersOf(input);
    const touched = await this.touched(repository, place, input, { start, filters, signal });
    const total = await this.count(repository, input, { start, filters, signal, ...touched });
    const args = [
      ...filters,
      ...(input.follow && touched.path !== null ? ['--follow'] : []),
      `--max-count=${input.limit}`,
      `--format=${COMMIT_FORMAT}`,
      start,
      '--',
      ...touched.pathspecs,
    ];
    const { text } = await this.git.in(repository, 'log', args, { signal });
    const commits = parseCommits(text);
    const [last] = commits;
    if (last === undefined) throw nothing(input);
    const { isShallow } = repository;
    const data = { repository: repository.relative, path: touched.path, total, isShallow, last, commits };
    return answer(describe(data, input), data);
  }

  private async start(repository: Repository, revision: string, signal: AbortSignal): Promise<string> {
    try {
      return await this.git.commit(repository, revision, signal);
    } catch (error) {
      if (revision === 'HEAD')
        throw WorkspaceErrors.no_commits_found('The repository has no commit yet.', { cause: error });
      throw error;
    }
  }

  /** The path that is meant: the one given, or the only tracked file of that name. */
  private async touched(
    repository: Repository,
    place: Place,
    input: Input,
    { start, filters, signal }: { start: string; filters: string[]; signal: AbortSignal },
  ): Promise<{ path: string | null; pathspecs: string[] }> {
    if (input.path === undefined) return { path: null, pathspecs: [] };
    const path = relativeTo(repository, place);
    if (path === '.') return { path: null, pathspecs: [] };
    const pathspecs = [`:(top,literal)${path}`];
    const known = ['--max-count=1', '--format=%H', start, '--', ...pathspecs];
    if ((await this.git.in(repository, 'log', known, { signal })).text !== '') return { path, pathspecs };
    const args = ['-z', '--full-tree', '-r', '--name-only', start];
    const { text } = await this.git.in(repository, 'ls-tree', args, { signal });
    const name = `/${input.path.replace(/^\.\//, '')}`;
    const files = text.split('\0');
    const exact = files.filter((file) => `/${file}`.endsWith(name));
    const found =
      exact.length > 0
        ? exact
        : files.filter((file) => `/${file}`.toLowerCase().endsWith(name.toLowerCase()));
    if (found.length === 1 && found[0] !== undefined)
      return this.touched(
        repository,
        await this.again(place, repository, found[0]),
        { ...input, path: found[0] },
        { start, filters, signal },
      );
    if (found.length > 1)
      throw WorkspaceErrors.no_commits_found(
        `Several files are named "${input.path}": ${found.slice(0, 10).join(', ')}. Give the whole path.`,
      );
    if (place.exists)
      throw WorkspaceErrors.no_commits_found(
        `No commit touched "${input.path}": it is not under version control.`,
      );
    throw WorkspaceErrors.file_not_found(
      `There is no file "${input.path}" in the repository, and no commit touched one.`,
    );
  }

  private again(place: Place, repository: Repository, file: string): Promise<Place> {
    return this.workspaces.locate(place.workspace, file, repository.relative);
  }

  private async count(
    repository: Repository,
    input: Input,
    {
      start,
      filters,
      signal,
      path,
      pathspecs,
    }: { start: string; filters: string[]; signal: AbortSignal; path: string | null; pathspecs: string[] },
  ): Promise<number> {
    if (input.follow && path !== null) {
      const args = [...filters, '--follow', '--format=%x2e', start, '--', ...pathspecs];
      return (await this.git.in(repository, 'log', args, { signal })).text.split('.').length - 1;
    }
    const args = ['--count', ...filters, start, '--', ...pathspecs];
    return Number((await this.git.in(repository, 'rev-list', args, { signal })).text);
  }
}

function filtersOf(input: Input): string[] {
  return [
    ...(input.author === undefined
      ? []
      : ['--fixed-strings', '--regexp-ignore-case', `--author=${input.author}`]),
    ...(input.since === undefined ? [] : [`--since=${since(input.since)}`]),
    ...(input.until === undefined ? [] : [`--until=${until(input.until)}`]),
  ];
}

function relativeTo(repository: Repository, place: Place): string {
  const prefix = repository.relative === '.' ? '' : `${repository.relative}/`;
  return place.relative === repository.relative ? '.' : place.relative.slice(prefix.length);
}

function nothing(input: Input) {
  const what =
    input.path === undefined ? 'No commit matches' : `No commit touched "${input.path}" and matches`;
  return WorkspaceErrors.no_commits_found(`${what} the author and dates that were asked for.`);
}

function describe({ path, total, isShallow, last, commits }: z.input<typeof Output>, input: Input): string {
  const narrowed = input.author === undefined ? '' : ` by ${input.author}`;
  const what =
    path === null
      ? `${plural(total)}${narrowed} in the repository`
      : `${plural(total)}${narrowed} touched ${path}`;
  const shallow = isShallow ? ' The clone is shallow, so the count may be incomplete.' : '';
  const lines = commits.map(
    (commit) => `${commit.shortHash} ${commit.date.slice(0, 10)} ${commit.author}: ${commit.subject}`,
  );
  return (
    `${what}.${shallow} Last changed by ${last.author} on ${last.date.slice(0, 10)}: "${last.subject}" (${last.shortHash}).\n` +
    lines.join('\n')
  );
}

function plural(count: number): string {
  return count === 1 ? '1 commit' : `${count} commits`;
}
