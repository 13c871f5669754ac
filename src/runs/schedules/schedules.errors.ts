import { defineErrors } from '../../common/app-error.js';

export const ScheduleErrors = defineErrors({
  schedule_not_found: { kind: 'not_found', message: 'There is no such schedule.' },
  too_many_schedules: { kind: 'conflict', message: 'You have 100 schedules; delete one first.' },
});
