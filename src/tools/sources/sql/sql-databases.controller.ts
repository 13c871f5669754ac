import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Actor } from '../../../common/actor.js';
import { CurrentActor } from '../../../common/current-actor.decorator.js';
import { Scopes } from '../../../common/scopes.decorator.js';
import { Returns } from '../../../platform/http/returns.decorator.js';
import { SqlDatabaseList } from './sql-databases.dto.js';
import { SqlDatabasesService } from './sql-databases.service.js';

@ApiTags('tools')
@Controller('api/v1/sql-databases')
export class SqlDatabasesController {
  constructor(private readonly databases: SqlDatabasesService) {}

  @Get()
  @Scopes('admin')
  @ApiOperation({ summary: 'List the databases that sql tools may read, and whether each can be used' })
  @Returns(SqlDatabaseList)
  list(@CurrentActor() actor: Actor) {
    return this.databases.list(actor);
  }
}
