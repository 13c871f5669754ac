import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { type Actor } from '../../common/actor.js';
import { diff } from '../schema/definition-diff.js';
import { ToolEditor } from '../tool-editor.service.js';
import { ToolRegistry } from '../tool-registry.service.js';
import { ToolName, ToolUpdate } from '../tools.dto.js';
import { type ToolDefinition } from '../tool.js';
import { type FileEntry, type PlannedChange, RegistrySection } from './registry-section.js';
import { refusal, repeated } from './section-entries.js';

const Settings = z.strictObject({
  name: ToolName,
  ...ToolUpdate.pick({ enabled: true, policy: true, access: true, requiredScopes: true }).shape,
});

/** What an admin decided about the tools of code, servers and imports. What the file leaves out stays as it is. */
@Injectable()
export class SettingsSection extends RegistrySection {
  readonly name = 'settings';
  override readonly order = 60;

  constructor(
    private readonly registry: ToolRegistry,
    private readonly editor: ToolEditor,
  ) {
    super();
  }

  async export(): Promise<readonly FileEntry[]> {
    return (await this.registry.all())
      .filter(({ set }) => set !== null)
      .map(({ definition }) => ({ name: definition.name, ...settingsOf(definition) }));
  }

  async plan(actor: Actor, entries: readonly unknown[]): Promise<readonly PlannedChange[]> {
    const planned: PlannedChange[] = [];
    const seen = new Set<string>();
    for (const entry of entries) {
      const parsed = Settings.safeParse(entry);
      if (!parsed.success) planned.push(refusal(entry, parsed.error));
      else if (seen.has(parsed.data.name)) planned.push(repeated(parsed.data.name));
      else {
        seen.add(parsed.data.name);
        planned.push(await this.planOne(actor, parsed.data));
      }
    }
    return planned;
  }

  private async planOne(actor: Actor, { name, ...wanted }: z.infer<typeof Settings>): Promise<PlannedChange> {
    const there = await this.registry.find(name);
    if (there === undefined) return { name, action: 'missing', message: 'there is no such tool here' };
    if (there.set === null)
      return { name, action: 'refused', message: 'it was made by hand; write it under "tools"' };
    const before = settingsOf(there.definition);
    const after = {
      ...before,
      ...wanted,
      policy: { ...before.policy, ...wanted.policy },
      access: { ...before.access, ...wanted.access },
    };
    const changes = diff(before, after);
    if (changes.length === 0) return { name, action: 'unchanged' };
    return { name, action: 'changed', changes, apply: () => this.editor.update(actor, name, wanted) };
  }
}

function settingsOf({ enabled, policy, access, requiredScopes }: ToolDefinition) {
  return { enabled, policy, access, requiredScopes };
}
