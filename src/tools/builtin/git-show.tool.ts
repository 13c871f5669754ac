import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { CodeTool, type Tool, type ToolResponse } from '../define-tool.js';
import { type ToolContext } from '../tool.js';
import { answer } from '../tool-result.js';
import { COMMIT_FORMAT, CommitSchema, parseCommits, RevisionInput } from './workspace/commits.js';
import { excludedPathspecs } from './workspace/excluded.js';
import { Git } from './workspace/git.js';
import { REPOSITORY_INPUT, WORKSPACE_INPUT } from './workspace/input.js';
import { findRepository } from './workspace/repository.js';
import { WorkspaceErrors } from './workspace/workspace.errors.js';
import { Workspaces } from './workspace/workspaces.js';

const MAX_PATCH_BYTES = 60 << 10;
const MAX_FILES = 200;

const Input = z.object({
  revision: RevisionInput.default('HEAD').describe(
    'Commit to show: a hash, branch, tag or e.g. HEAD~2. Default: HEAD.',
  ),
  path: z
    .string()
    .min(1)
    .max(1_000)
    .optional()
    .describe('Show only what the commit changed in this file or folder.'),
  patch: z.boolean().default(true).describe('Include the changed lines, not only the list of files.'),
  repository: REPOSITORY_INPUT,
  workspace: WORKSPACE_INPUT,
});
type Input = z.output<typeof Input>;

const Output = z.object({
  commit: CommitSchema,
  message: z.string().describe('The whole commit message.'),
  filesChanged: z.int(),
  files: z.array(
    z.object({
      path: z.string(),
      added: z.int().nullable().describe('Lines; null for a binary file.'),
      deleted: z.int().nullable(),
    }),
  ),
  patch: z.string().optional().describe('Unified diff, without excluded files such as .env.'),
  truncated: z.boolean().describe('The patch or the list of files was longer.'),
});

@Injectable()
@CodeTool({
  name: 'git_show',
  title: 'Git commit',
  description:
    'Shows one Git commit: its message, author, date, the files it changed with added and deleted lines, and the diff.',
  input: Input,
  output: Output,
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  policy: { concurrency: 4 },
})
export class GitShowTool implements Tool<Input, z.input<typeof Output>> {
  constructor(
    private readonly workspaces: Workspaces,
    private readonly git: Git,
  ) {}

  async run(input: Input, { signal }: ToolContext): Promise<ToolResponse> {
    const place = await this.workspaces.place(input, signal);
    const repository = await findRepository(place);
    const hash = await this.git.commit(repository, input.revision, signal);
    const show = async (args: string[], maxBytes?: number) =>
      this.git.in(repository, 'show', ['--first-parent', '-m', ...args], { signal, maxBytes });

    const prefix = repository.relative === '.' ? '' : `${repository.relative}/`;
    const within = place.relative.startsWith(prefix) ? place.relative.slice(prefix.length) : '.';
    const wanted = input.path === undefined || within === '.' ? ':(top)' : `:(top,literal)${within}`;
    const pathspecs = ['--', wanted, ...excludedPathspecs()];

    const [commit] = parseCommits((await show(['--no-patch', `--format=${COMMIT_FORMAT}`, hash])).text);
    if (commit === undefined) throw WorkspaceErrors.git_failed();
    const message = (await show(['--no-patch', '--format=%B', hash], MAX_PATCH_BYTES)).text.trim();
    const all = numbers(
      (await show(['--no-renames', '--numstat', '-z', '--format=', hash, ...pathspecs])).text,
    );
    const diff = input.patch
      ? await show(['--patch', '--format=', hash, ...pathspecs], MAX_PATCH_BYTES)
      : undefined;

    const files = all.slice(0, MAX_FILES);
    const truncated = diff?.truncated === true || files.length < all.length;
    const data = {
      commit,
      message,
      filesChanged: all.length,
      files,
      ...(diff && { patch: diff.text.toWellFormed() }),
      truncated,
    };
    const list = files.map((file) => `${file.path} (+${file.added ?? '?'} -${file.deleted ?? '?'})`);
    const text = [
      `Commit ${commit.shortHash} by ${commit.author} on ${commit.date.slice(0, 10)}: ${message}`,
      `${all.length} files changed: ${list.slice(0, 20).join(', ')}`,
      ...(diff === undefined ? [] : [diff.text]),
      ...(truncated ? ['[truncated]'] : []),
    ];
    return answer(text.join('\n\n'), data);
  }
}

/** Reads `--numstat -z`: added, deleted, path; dashes for binary files. */
function numbers(text: string): { path: string; added: number | null; deleted: number | null }[] {
  return text
    .split('\0')
    .map((record) => /^\s*(\d+|-)\t(\d+|-)\t(.+)$/s.exec(record))
    .filter((match) => match !== null)
    .map(([, added, deleted, path = '']) => ({
      path,
      added: added === '-' ? null : Number(added),
      deleted: deleted === '-' ? null : Number(deleted),
    }));
}
