import { defineErrors } from '../../../common/app-error.js';

/** Errors of the tools that read files and Git history. Their texts name what the caller sent, never a real path. */
export const WorkspaceErrors = defineErrors({
  path_not_allowed: {
    kind: 'forbidden',
    message:
      'The path is outside the workspace or excluded (.env files, keys, .git, node_modules, the data folder).',
  },
  unknown_workspace: { kind: 'not_found', message: 'There is no such workspace.' },
  workspace_not_found: { kind: 'not_found', message: 'There is no such workspace.' },
  workspace_exists: { kind: 'conflict', message: 'There is already a workspace of this name.' },
  too_many_workspaces: { kind: 'conflict', message: 'There are 100 workspaces; remove one first.' },
  workspace_fetch_failed: {
    kind: 'unavailable',
    message:
      'The repository could not be fetched: check its URL, that it is public or has its `auth`, and the branch.',
  },
  workspace_too_large: {
    kind: 'too_large',
    message: 'The repository is larger than WORKSPACE_MAX_MB allows; `depth` fetches less history.',
  },
  file_not_found: { kind: 'not_found', message: 'There is no such file.' },
  file_not_text: { kind: 'unprocessable', message: 'The file is not text.' },
  file_too_large: { kind: 'too_large', message: 'The file is too large to read.' },
  not_a_repository: { kind: 'not_found', message: 'The folder is not inside a Git repository.' },
  revision_not_found: { kind: 'not_found', message: 'The repository has no such commit, branch or tag.' },
  no_commits_found: { kind: 'not_found', message: 'No commit matches.' },
  invalid_pattern: {
    kind: 'invalid',
    message: 'The pattern is not a regular expression that can be searched.',
  },
  git_unavailable: { kind: 'unavailable', message: 'The program git is not installed on the server.' },
  git_failed: { kind: 'internal', message: 'Git could not read the repository.' },
});
