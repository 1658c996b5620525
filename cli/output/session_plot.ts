export function plotSessions(_sessions: unknown, _seconds: number): string {
  return "";
}
