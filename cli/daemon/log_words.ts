/** What a log can be asked for. They stand apart from the log: a command line is read before that is loaded. */

/** From what happens all the time to what must not. */
export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;
export const LOG_FORMATS = ["text", "json"] as const;

export type LogLevel = typeof LOG_LEVELS[number];
export type LogFormat = typeof LOG_FORMATS[number];
