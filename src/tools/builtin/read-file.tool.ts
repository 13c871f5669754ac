import { constants, type FileHandle, open } from 'node:fs/promises';
import { isUtf8 } from 'node:buffer';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { CodeTool, type Tool, type ToolResponse } from '../define-tool.js';
import { type ToolContext } from '../tool.js';
import { answer } from '../tool-result.js';
import { WORKSPACE_INPUT } from './workspace/input.js';
import { WorkspaceErrors } from './workspace/workspace.errors.js';
import { Workspaces } from './workspace/workspaces.js';

const MAX_FILE_BYTES = 8 << 20;
const MAX_TEXT_BYTES = 60 << 10;

const Input = z.object({
  path: z.string().min(1).max(1_000).describe('File to read, relative to the workspace, e.g. src/main.ts.'),
  startLine: z.int().min(1).max(10_000_000).default(1).describe('First line to read, from 1.'),
  endLine: z.int().min(1).max(10_000_000).optional().describe('Last line to read. Default: as many as fit.'),
  workspace: WORKSPACE_INPUT,
});
type Input = z.output<typeof Input>;

const Output = z.object({
  path: z.string(),
  startLine: z.int(),
  endLine: z.int(),
  totalLines: z.int(),
  text: z.string(),
  truncated: z.boolean().describe('More was asked for than fits; go on from endLine + 1.'),
});

@Injectable()
@CodeTool({
  name: 'read_file',
  title: 'Read a file',
  description:
    'Reads a text file of the workspace, or a range of its lines: source code, documentation, configuration.',
  input: Input,
  output: Output,
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  policy: { concurrency: 8 },
})
export class ReadFileTool implements Tool<Input, z.input<typeof Output>> {
  constructor(private readonly workspaces: Workspaces) {}

  async run(input: Input, { signal }: ToolContext): Promise<ToolResponse> {
    const { path, startLine, endLine } = input;
    const place = await this.workspaces.place(input, signal);
    if (!place.exists) throw WorkspaceErrors.file_not_found(`There is no file "${path}" in the workspace.`);
    const lines = (await readText(place.location, path)).split('\n');
    if (lines.at(-1) === '') lines.pop();
    const wanted = lines.slice(startLine - 1, endLine);
    const kept = fitting(wanted);
    const data = {
      path: place.relative,
      startLine,
      endLine: startLine + kept.length - 1,
      totalLines: lines.length,
      text: kept.join('\n'),
      truncated: kept.length < wanted.length,
    };
    const more = data.truncated ? ' More follows: ask again from the next line.' : '';
    const range = kept.length === 0 ? 'no lines' : `lines ${startLine} to ${data.endLine}`;
    return answer(`${data.path}, ${range} of ${lines.length}.${more}\n${data.text}`, data);
  }
}

/** As many whole lines as fit; at least a part of the first. */
function fitting(lines: string[]): string[] {
  let bytes = 0;
  const kept: string[] = [];
  for (const line of lines) {
    bytes += Buffer.byteLength(line) + 1;
    if (bytes > MAX_TEXT_BYTES) {
      if (kept.length === 0) kept.push(line.slice(0, MAX_TEXT_BYTES / 4).toWellFormed());
      break;
    }
    kept.push(line);
  }
  return kept;
}

async function readText(location: string, shown: string): Promise<string> {
  const file = await openFile(location, shown);
  try {
    const { size } = await file.stat();
    if (size > MAX_FILE_BYTES)
      throw WorkspaceErrors.file_too_large(
        `"${shown}" has ${size} bytes; up to ${MAX_FILE_BYTES} can be read.`,
      );
    const bytes = await file.readFile();
    if (bytes.includes(0) || !isUtf8(bytes))
      throw WorkspaceErrors.file_not_text(`"${shown}" is not UTF-8 text.`);
    return bytes.toString('utf8').replaceAll('\r\n', '\n');
  } finally {
    await file.close();
  }
}

/** Opens an ordinary file: not the link that someone put there since the check, not a pipe that would block. */
async function openFile(location: string, shown: string): Promise<FileHandle> {
  const file = await open(location, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (cause: unknown) => {
      throw WorkspaceErrors.file_not_found(`"${shown}" cannot be read.`, { cause });
    },
  );
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw WorkspaceErrors.file_not_found(`"${shown}" is not a file.`);
}
