import { checkJson } from '../../platform/http/json-body.js';
import { yamlToJson } from '../yaml/yaml-to-json.js';
import { type ImportRequest } from './registry-file.dto.js';
import { RegistryFileErrors } from './registry-file.errors.js';

export const VERSION = 1;
/** YAML aliases repeat what they name; a few are enough for a person, many are a bomb. */
const YAML = { maxAliases: 20, maxLength: 8 << 20, timeoutMs: 20_000 };
/** Thousands of tools, each with its schema. */
const LIMITS = { maxDepth: 64, maxValues: 500_000 };

/** The file as a value. Throws `invalid_registry_file`, which says where it cannot be read. */
export async function readRegistryFile(
  document: ImportRequest['document'],
): Promise<Record<string, unknown>> {
  let value: unknown = document;
  try {
    if (typeof document === 'string')
      value = asJson(document) ?? JSON.parse(await yamlToJson(document, YAML));
    checkJson(value, LIMITS);
  } catch (error) {
    const reason = error instanceof Error ? error.message : '';
    throw RegistryFileErrors.invalid_registry_file(`The file cannot be read: ${reason}`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw RegistryFileErrors.invalid_registry_file();
  return value as Record<string, unknown>;
}

/** JSON is YAML too, but read a hundred times faster. */
function asJson(text: string): unknown {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
