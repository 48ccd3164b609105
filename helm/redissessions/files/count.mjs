// One browser's visits through the Service, each on a connection of its own: they must add up, whoever answers.
import { get } from 'node:http'

const VISITS = 20
const met = new Set()
let cookie

const ask = (path) =>
  new Promise((resolve, reject) => {
    const headers = { accept: 'application/json', ...(cookie && { cookie }) }
    get(new URL(path, process.env.URL), { agent: false, headers, timeout: 10_000 }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk) => (body += chunk))
      response.on('end', () => {
        if (response.statusCode !== 200) return reject(new Error(`${response.statusCode}: ${body}`))
        cookie = response.headers['set-cookie']?.[0]?.split(';')[0] ?? cookie
        resolve(JSON.parse(body))
      })
    })
      .on('timeout', () => reject(new Error('no answer within 10 s')))
      .on('error', reject)
  })

for (let expected = 1; expected <= VISITS; expected++) {
  const { visits, instance } = await ask('./')
  met.add(instance.id)
  if (visits !== expected) {
    console.error(`visit ${expected} was counted as ${visits} by ${instance.id}: the session was lost`)
    process.exit(1)
  }
}
const { instances } = await ask('api/instances')
console.log(`${VISITS} visits add up over ${met.size} of ${instances.length} instances: ${[...met].join(', ')}`)
