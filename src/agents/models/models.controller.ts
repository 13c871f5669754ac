import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { type Actor } from '../../common/actor.js';
import { CurrentActor } from '../../common/current-actor.decorator.js';
import { pageOf } from '../../common/page.js';
import { Scopes } from '../../common/scopes.decorator.js';
import { named } from '../../platform/http/openapi.js';
import { Returns } from '../../platform/http/returns.decorator.js';
import { ChatModels } from './chat-models.service.js';

const Model = named(
  'Model',
  z.object({
    id: z.string().describe('<provider>:<model>; <provider>:* stands for any model of a provider.'),
    provider: z.string(),
    available: z.boolean(),
    reason: z.string().optional().describe('What to set when it is not available.'),
    problem: z
      .string()
      .optional()
      .describe(
        'What its last call from this instance failed with, and what to mend; gone once one succeeds.',
      ),
    description: z.string(),
    isDefault: z.boolean().describe('Agents that name no model use it.'),
    capabilities: z
      .object({
        tools: z.boolean(),
        streaming: z.boolean(),
        structuredOutput: z
          .boolean()
          .describe(
            'Holds its models to a schema by itself. Otherwise they are asked in words, and checked.',
          ),
        images: z.boolean(),
      })
      .optional()
      .describe('What the provider can do; a single model may do less.'),
  }),
);
const ModelPage = named('ModelPage', pageOf(Model));

@ApiTags('models')
@Controller('api/v1/models')
export class ModelsController {
  constructor(private readonly models: ChatModels) {}

  @Get()
  @Scopes('agents:read')
  @ApiOperation({ summary: 'The models of this server' })
  @Returns(ModelPage)
  list(@CurrentActor() actor: Actor) {
    return { items: this.models.list(actor), nextCursor: null };
  }
}
