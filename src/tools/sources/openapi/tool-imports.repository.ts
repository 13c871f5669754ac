import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { MoreThan, Repository } from 'typeorm';
import { ToolImport } from './tool-import.entity.js';

@Injectable()
export class ToolImportsRepository {
  constructor(@InjectRepository(ToolImport) private readonly imports: Repository<ToolImport>) {}

  /** All with their documents, the oldest first: the first to have a name keeps it. */
  withDocuments(): Promise<ToolImport[]> {
    return this.imports
      .createQueryBuilder('import')
      .addSelect('import.document')
      .orderBy('import.createdAt')
      .addOrderBy('import.name')
      .getMany();
  }

  find(name: string): Promise<ToolImport | null> {
    return this.imports.findOneBy({ name });
  }

  list(after: string | undefined, take: number): Promise<ToolImport[]> {
    return this.imports.find({
      where: after === undefined ? {} : { name: MoreThan(after) },
      order: { name: 'ASC' },
      take,
    });
  }

  async save(row: Omit<ToolImport, 'createdAt'>): Promise<void> {
    await this.imports.upsert(row, ['name']);
  }

  async delete(name: string): Promise<boolean> {
    return (await this.imports.delete({ name })).affected === 1;
  }
}
