/** What is asked of a set-up. */
export interface Workload {
  readonly name: string
  readonly label: string
  readonly path: string
  /** How many visitors have been there before; 0: each request is a new one's. */
  readonly sessions: number
  /** bytes that each session holds beside its count */
  readonly extra: number
  /** Asked at an even rate as well, the same for all. */
  readonly paced?: boolean
}

const visit = { path: '/', sessions: 500, extra: 0 }

export const WORKLOADS: readonly Workload[] = [
  { ...visit, name: 'visit', label: 'returning visit', paced: true },
  { ...visit, name: 'read', label: 'read only', path: '/api/session' },
  { ...visit, name: 'new', label: 'new visitor', sessions: 0 },
  { ...visit, name: 'hot', label: 'all on one session', sessions: 1 },
  { ...visit, name: 'large', label: 'session of 10 kB', extra: 10_000 },
  { ...visit, name: 'many', label: '1,000 sessions of 1 kB', sessions: 1_000, extra: 1_000 },
]
