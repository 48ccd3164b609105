// The drill's books inside k6: a login and a load of your own, and thresholds on what no correct server does.
//   npm install session-drill
//   k6 run -e URL=http://127.0.0.1:8080 k6.js
import { fail } from 'k6'
import http from 'k6/http'
import { Counter } from 'k6/metrics'
import { SessionBook } from './node_modules/session-drill/books/index.js'

const metrics = {
  lost: new Counter('sessions_lost'),
  doubleCounted: new Counter('double_counted'),
  duplicateNumber: new Counter('seen_twice'),
  wentBack: new Counter('went_back'),
  reset: new Counter('sessions_reset'),
}

export const options = {
  vus: 10,
  duration: '20s',
  thresholds: {
    sessions_lost: ['count==0'],
    double_counted: ['count==0'],
    seen_twice: ['count==0'],
    went_back: ['count==0'],
    sessions_reset: ['count==0'],
  },
}

const URL = __ENV.URL
const headers = { Accept: 'application/json' }
const BURSTS = 10
const AT_ONCE = 8

/** One iteration is one session: its cookies begin and end with it. */
// biome-ignore lint/style/noDefaultExport: k6 calls it
export default function session() {
  const book = new SessionBook()
  visit(book, 1)
  for (let burst = 0; burst < BURSTS; burst++) visit(book, AT_ONCE)
  const stored = http.get(`${URL}/api/session`, { headers })
  if (stored.status !== 200) fail(`the session could not be read: ${stored.status}`)
  note(book.settle(stored.json('visits')))
}

function visit(book, count) {
  const attempts = Array.from({ length: count }, () => book.attempt())
  const answers = http.batch(attempts.map(() => ['GET', `${URL}/`, null, { headers }]))
  answers.forEach((answer, index) => {
    if (answer.status === 200) note(book.acknowledge(attempts[index], answer.json('visits')))
  })
}

function note(findings) {
  for (const { anomaly, count } of findings) metrics[anomaly].add(count)
}
