import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Actor } from '../../common/actor.js';
import { CurrentActor } from '../../common/current-actor.decorator.js';
import { PageQuery } from '../../common/page.js';
import { Scopes } from '../../common/scopes.decorator.js';
import { Returns, ReturnsNothing } from '../../platform/http/returns.decorator.js';
import { Idempotency } from '../../platform/idempotency/idempotency.js';
import { Idempotent, IdempotencyKey } from '../../platform/idempotency/idempotent.decorator.js';
import { NewWorkspace, WorkspaceName, WorkspacePage, WorkspaceView } from './workspaces.dto.js';
import { WorkspacesService } from './workspaces.service.js';

const Name = { schema: WorkspaceName };

@ApiTags('workspaces')
@Controller('api/v1/workspaces')
export class WorkspacesController {
  constructor(
    private readonly workspaces: WorkspacesService,
    private readonly idempotency: Idempotency,
  ) {}

  @Post()
  @Scopes('tools:manage')
  @ApiOperation({
    summary: 'Add a remote Git repository that file and Git tools may read',
    description: 'Answers at once; `state` says when the repository has been fetched.',
  })
  @Idempotent()
  @Returns(WorkspaceView, 202)
  async add(
    @CurrentActor() actor: Actor,
    @IdempotencyKey() key: string | undefined,
    @Body({ schema: NewWorkspace }) body: NewWorkspace,
  ) {
    const answer = await this.idempotency.once(
      actor,
      { key, route: 'POST /workspaces', body },
      async (tx) => ({
        status: 202,
        body: await this.workspaces.add(actor, body, tx),
      }),
    );
    if (!answer.replayed) this.workspaces.fetch(answer.body.name);
    return answer;
  }

  @Get()
  @Scopes('tools:read')
  @ApiOperation({ summary: 'The remote repositories that tools may read, by name' })
  @Returns(WorkspacePage)
  list(@CurrentActor() actor: Actor, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.workspaces.list(actor, query);
  }

  @Get(':name')
  @Scopes('tools:read')
  @ApiOperation({ summary: 'A workspace' })
  @Returns(WorkspaceView)
  get(@CurrentActor() actor: Actor, @Param('name', Name) name: string) {
    return this.workspaces.get(actor, name);
  }

  @Post(':name/update')
  @Scopes('tools:manage')
  @ApiOperation({ summary: 'Fetch the newest state of a workspace' })
  @Returns(WorkspaceView, 202)
  update(@CurrentActor() actor: Actor, @Param('name', Name) name: string) {
    return this.workspaces.update(actor, name);
  }

  @Delete(':name')
  @Scopes('tools:manage')
  @ApiOperation({ summary: 'Remove a workspace and its clone' })
  @ReturnsNothing()
  async remove(@CurrentActor() actor: Actor, @Param('name', Name) name: string): Promise<void> {
    await this.workspaces.remove(actor, name);
  }
}
