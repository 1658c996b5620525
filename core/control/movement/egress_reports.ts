import type { Report } from "../action.ts";

/** Different faults of others that are reported before it is quiet. */
const MAXIMUM_COMPLAINTS = 32;

/** Reports of one interface, gathered while an event is handled. */
export class EgressReports {
  readonly #interfaceName: string;
  readonly #complaints = new Set<string>();
  #reports: Report[] = [];

  constructor(interfaceName: string) {
    this.#interfaceName = interfaceName;
  }

  add(level: Report["level"], message: string, details: Report["details"]): void {
    this.#reports.push({
      kind: "report",
      level,
      message,
      details: { interface: this.#interfaceName, ...details },
    });
  }

  /** A fault in what others send: once, as it may come with each packet. */
  complain(message: string, details: Report["details"]): void {
    const fault = JSON.stringify([message, details]);
    if (this.#complaints.has(fault) || this.#complaints.size >= MAXIMUM_COMPLAINTS) return;
    this.#complaints.add(fault);
    this.add("warning", message, details);
  }

  /** Another link: the same faults are news. */
  forgetComplaints(): void {
    this.#complaints.clear();
  }

  /** All reports since the last time. */
  take(): Report[] {
    const reports = this.#reports;
    this.#reports = [];
    return reports;
  }
}
