import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';

const names = new WeakMap<z.ZodType, string>();

/** Gives a schema its name under components.schemas, without touching the schema itself (MCP tools inline it). */
export function named<T extends z.ZodType>(name: string, schema: T): T {
  names.set(schema, name);
  return schema;
}

/** The OpenAPI 3.1 document of the application: its schemas are JSON Schema 2020-12, made by zod. */
export function openApiDocument(app: NestFastifyApplication, version: string): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('mcp-server')
    .setDescription('One registry of tools behind REST, the Model Context Protocol and LangChain agents.')
    .setVersion(version)
    .setOpenAPIVersion('3.1.0')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      description: 'An access token of POST /api/v1/auth/login, or an API key (mcp_…).',
    })
    .addSecurityRequirements('bearer')
    .build();
  return SwaggerModule.createDocument(app, config, {
    standardSchemaConverter: (schema, { schemaType }) => {
      if (!(schema instanceof z.ZodType)) return undefined;
      const { $schema: _, ...json } = z.toJSONSchema(schema, {
        io: schemaType,
        target: 'draft-2020-12',
        unrepresentable: 'any',
      });
      const name = names.get(schema);
      if (name !== undefined) {
        return { schema: { $ref: `#/components/schemas/${name}` }, components: hoistDefinitions(name, json) };
      }
      if (json.$defs !== undefined) throw new Error('A schema with a recursive part needs a name: named(…)');
      return { schema: json };
    },
  });
}

/** Parts that refer to themselves become components of their own: `$defs` have no place in an OpenAPI document. */
function hoistDefinitions(name: string, json: object): Record<string, never> {
  const text = JSON.stringify(json).replaceAll('#/$defs/__schema', `#/components/schemas/${name}_`);
  const { $defs = {}, ...root } = JSON.parse(text) as { $defs?: Record<string, never> };
  const parts = Object.entries($defs).map(([key, part]) => [key.replace('__schema', `${name}_`), part]);
  return Object.fromEntries([[name, root], ...parts]) as Record<string, never>;
}

/** Swagger UI at /api/docs with its own assets, the document at /api/openapi.json. */
export function serveOpenApi(app: NestFastifyApplication, version: string): void {
  SwaggerModule.setup('api/docs', app, () => openApiDocument(app, version), {
    jsonDocumentUrl: 'api/openapi.json',
    swaggerOptions: { persistAuthorization: false, validatorUrl: null },
  });
}
