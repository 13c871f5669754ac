/** sysexits(3): what a supervisor and scripts may rely on. Documented in docs/configuration.md, which is made from this. */
export const EX_USAGE = 64;
export const EX_UNAVAILABLE = 69;
export const EX_SOFTWARE = 70;
export const EX_NOPERM = 77;
export const EX_CONFIG = 78;

export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'Done. For the server: stopped in order.'],
  [1, 'The command was carried out and failed: the tool or the run failed, the server refused the request.'],
  [EX_USAGE, 'The command line is wrong: unknown command or option, missing argument.'],
  [EX_UNAVAILABLE, 'Try again later: the server does not run, the database cannot be reached.'],
  [EX_SOFTWARE, 'A bug. The message is what to report.'],
  [EX_NOPERM, 'No credential, or one that may not do this.'],
  [EX_CONFIG, 'Mend the configuration first: a bad variable, a taken port, a folder that cannot be written.'],
  [130, 'Interrupted by Ctrl-C.'],
];
