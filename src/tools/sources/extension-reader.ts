import { type SourceProblem } from './tool-source.js';

/**
 * Something besides tools that is read from EXTENSIONS_DIR. Any provider of any module that extends this class is asked
 * at the start and by `POST /api/v1/tools/reload`, on every instance.
 */
export abstract class ExtensionReader {
  /** Reads its files again, and says what could not be read. */
  abstract refresh(): Promise<readonly SourceProblem[]>;
}
