/**
 * The books of a drill as a library. It imports nothing, neither of Node nor of a package, so that it runs unchanged
 * in k6, in a browser, or in any test that has a client and a load of its own.
 */
export { ANOMALIES, type Anomaly, anomalyWords, noAnomalies } from './anomaly.js'
export { type Answered, type Attempt, type Finding, SessionBook } from './session-book.js'
export { type Evidence, type Exercised, judge, type Verdict } from './verdict.js'
