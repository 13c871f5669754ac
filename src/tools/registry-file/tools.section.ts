import { Injectable } from '@nestjs/common';
import { type Actor } from '../../common/actor.js';
import { clientWarnings } from '../schema/client-warnings.js';
import { diff } from '../schema/definition-diff.js';
import { defaultAccess, defaultPolicy } from '../tool-defaults.js';
import { contractOf, ToolEditor } from '../tool-editor.service.js';
import { type RegisteredTool, ToolRegistry } from '../tool-registry.service.js';
import { NewTool } from '../tools.dto.js';
import { type ToolDefinition } from '../tool.js';
import { type Comparison, type FileEntry, type PlannedChange, RegistrySection } from './registry-section.js';

/** Tools that were made by hand, in full. */
@Injectable()
export class ToolsSection extends RegistrySection<NewTool> {
  readonly name = 'tools';
  readonly order = 20;
  protected readonly entry = NewTool;

  constructor(
    private readonly registry: ToolRegistry,
    private readonly editor: ToolEditor,
  ) {
    super();
  }

  async export(): Promise<readonly FileEntry[]> {
    return (await this.handMade()).map(entryOf);
  }

  protected async compare(actor: Actor): Promise<Comparison<NewTool>> {
    const names = (await this.handMade()).map(({ name }) => name);
    return {
      plan: (body) => this.planOne(actor, body),
      removals: new Map(names.map((name) => [name, () => this.editor.remove(actor, name)])),
    };
  }

  private async handMade(): Promise<readonly ToolDefinition[]> {
    return (await this.registry.all()).filter(({ set }) => set === null).map(({ definition }) => definition);
  }

  private async planOne(actor: Actor, body: NewTool): Promise<PlannedChange> {
    const { name } = body;
    const there = await this.registry.find(name);
    if (there !== undefined) return this.planChange(actor, body, there);
    const { contract } = await this.editor.define(body.kind, contractOf(body), body.source);
    const apply = () => this.editor.create(actor, undefined, body);
    return { name, action: 'added', warnings: clientWarnings(contract), apply };
  }

  private async planChange(
    actor: Actor,
    body: NewTool,
    { set, definition }: RegisteredTool,
  ): Promise<PlannedChange> {
    const { name, kind } = body;
    if (set !== null)
      return {
        name,
        action: 'refused',
        message:
          'the name is held by a tool of code, a server or an import; write its policy under "settings"',
      };
    if (kind !== definition.kind)
      return { name, action: 'refused', message: `it is of kind ${definition.kind}; delete it first` };
    const before = entryOf(definition);
    let wanted = wantedOf(body);
    if (diff(before, wanted).length === 0) return { name, action: 'unchanged' };
    const { contract, source } = await this.editor.define(kind, contractOf(body), body.source);
    wanted = { ...wanted, source };
    const changes = diff(before, wanted);
    if (changes.length === 0) return { name, action: 'unchanged' };
    const { name: _n, kind: _k, outputSchema = null, ...update } = wanted;
    const apply = () => this.editor.update(actor, name, { ...update, outputSchema });
    return { name, action: 'changed', changes, warnings: clientWarnings(contract), apply };
  }
}

/** A tool as the file holds it: all that POST takes, nothing that the registry makes. */
function entryOf(tool: ToolDefinition) {
  const { version: _v, definitionHash: _h, state: _s, ...entry } = tool;
  return entry;
}

/** What the tool would be: what the file leaves out is as it is for a new tool. */
function wantedOf(body: NewTool) {
  return {
    ...contractOf(body),
    kind: body.kind,
    source: body.source,
    policy: { ...defaultPolicy(body.kind, body.annotations), ...body.policy },
    enabled: body.enabled,
    requiredScopes: body.requiredScopes,
    access: { ...defaultAccess(body.annotations), ...body.access } as NewTool['access'] &
      ReturnType<typeof defaultAccess>,
  };
}
