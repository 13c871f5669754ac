import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { ToolRow } from './tool.entity.js';
import { type ToolContract, ToolVersion } from './tool-version.entity.js';

/** A tool row with the version in use. */
export interface StoredTool {
  readonly row: ToolRow;
  readonly contract: ToolContract;
  readonly hash: string;
}

export interface RegistryMark {
  readonly revision: string;
  readonly generation: string;
}

@Injectable()
export class ToolsRepository {
  constructor(
    @InjectRepository(ToolRow) private readonly tools: Repository<ToolRow>,
    @InjectRepository(ToolVersion) private readonly toolVersions: Repository<ToolVersion>,
  ) {}

  /** The cheap read that says whether a snapshot is still true. */
  async mark(): Promise<RegistryMark> {
    const rows = await this.tools.query<RegistryMark[]>('select revision, generation from tool_registry');
    return rows[0] ?? { revision: '0', generation: '0' };
  }

  async raiseGeneration(): Promise<void> {
    await this.tools.query('update tool_registry set generation = generation + 1');
  }

  async all(): Promise<StoredTool[]> {
    const rows = await this.tools
      .createQueryBuilder('tool')
      .innerJoinAndMapOne(
        'tool.current',
        ToolVersion,
        'version',
        'version.tool = tool.name and version.version = tool.version',
      )
      .getMany();
    return (rows as (ToolRow & { current: ToolVersion })[]).map(({ current, ...row }) => ({
      row: row,
      contract: current.definition,
      hash: current.hash,
    }));
  }

  /** Versions of a tool, newest first. */
  versions(tool: string, before: number | undefined, take: number): Promise<ToolVersion[]> {
    const query = this.toolVersions.createQueryBuilder('version').where('version.tool = :tool', { tool });
    if (before !== undefined) query.andWhere('version.version < :before', { before });
    return query.orderBy('version.version', 'DESC').take(take).getMany();
  }
}
