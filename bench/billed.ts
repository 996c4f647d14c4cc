/** What one object is billed for, since it was asked last. Requests, messages and alarms are events. */
export interface Billed {
  requests: number;
  messages: number;
  alarms: number;
  rowsWritten: number;
  /** In which it could not hibernate. */
  awakeMs: number;
}
