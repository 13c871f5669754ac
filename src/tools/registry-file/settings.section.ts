import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { type Actor } from '../../common/actor.js';
import { diff } from '../schema/definition-diff.js';
import { ToolEditor } from '../tool-editor.service.js';
import { ToolRegistry } from '../tool-registry.service.js';
import { ToolName, ToolUpdate } from '../tools.dto.js';
import { type ToolDefinition } from '../tool.js';
import { type Comparison, type FileEntry, type PlannedChange, RegistrySection } from './registry-section.js';

const Settings = z.strictObject({
  name: ToolName,
  ...ToolUpdate.pick({ enabled: true, policy: true, access: true, requiredScopes: true }).shape,
});
type Settings = z.infer<typeof Settings>;

const NOT_HERE = 'there is no such tool here yet; it may come with an import or a server of the file';

/** What an admin decided about the tools of code, servers and imports. What the file leaves out stays as it is. */
@Injectable()
export class SettingsSection extends RegistrySection<Settings> {
  readonly name = 'settings';
  readonly order = 60;
  protected readonly entry = Settings;

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

  protected compare(actor: Actor): Comparison<Settings> {
    return { plan: (settings) => this.planOne(actor, settings) };
  }

  private async planOne(actor: Actor, settings: Settings): Promise<PlannedChange> {
    const { name, ...wanted } = settings;
    const there = await this.registry.find(name);
    if (there === undefined)
      return { name, action: 'missing', message: NOT_HERE, again: () => this.planOne(actor, settings) };
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
