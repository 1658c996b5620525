/** What `decode -T` may print of a packet. */
export const OUTPUT_FORMATS = ["text", "fields", "json"] as const;
export type OutputFormat = typeof OUTPUT_FORMATS[number];
