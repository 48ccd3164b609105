// What the drill finds: its names, and how a sentence says them.

/** Something that a correct server cannot do. What is done to a server is a fault. */
export const ANOMALIES = [
  'lost',
  'doubleCounted',
  'duplicateNumber',
  'wentBack',
  'reset',
  'resurrected',
] as const

export type Anomaly = (typeof ANOMALIES)[number]

const WORDS: Readonly<Record<Anomaly, [one: string, many: string]>> = {
  lost: ['acknowledged visit lost', 'acknowledged visits lost'],
  doubleCounted: ['visit double-counted', 'visits double-counted'],
  duplicateNumber: ['duplicate number', 'duplicate numbers'],
  wentBack: ['count went back', 'counts went back'],
  reset: ['session reset', 'sessions reset'],
  resurrected: ['destroyed session resurrected', 'destroyed sessions resurrected'],
}

/** @returns `1 visit double-counted`, `2,000 acknowledged visits lost` */
export function anomalyWords(anomaly: Anomaly, count: number): string {
  const [one, many] = WORDS[anomaly]
  return `${grouped(count)} ${count === 1 ? one : many}`
}

/** @returns one count for each anomaly, all 0 */
export function noAnomalies(): Record<Anomaly, number> {
  return { lost: 0, doubleCounted: 0, duplicateNumber: 0, wentBack: 0, reset: 0, resurrected: 0 }
}

/** @returns `2,000` */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',')
}
