import { z } from 'zod';

/** Parameters that several tools of workspaces have in common. */
export const WORKSPACE_INPUT = z
  .string()
  .min(1)
  .max(200)
  .optional()
  .describe('Name of the workspace, when the server has several.');

export const REPOSITORY_INPUT = z
  .string()
  .min(1)
  .max(1_000)
  .optional()
  .describe('Folder of the repository inside the workspace. Default: the workspace.');
