import base from '../../jest.config.mjs';

// The containers bring their own PostgreSQL; one suite at a time, as all share one engine.
const { globalSetup: _, globalTeardown: __, ...rest } = base;
export default {
  ...rest,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/deploy/**/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  maxWorkers: 1,
  testTimeout: 120_000,
};
