import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { STORE_NAMES } from '../../src/counter/config/store-names.js'
import { CookieJar } from '../support/browser.js'
import { InstanceProcess } from '../support/instance.js'
import { RedisServer } from '../support/redis-server.js'

const NUMBERS = [0, 1, 2, 3]

let redis: RedisServer
let instances: InstanceProcess[]

beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis.stop())

const start = (index: number, store: string) =>
  InstanceProcess.start({
    REDIS_URL: redis.url,
    SESSION_STORE: store,
    CF_INSTANCE_INDEX: `${index}`,
    LOG_LEVEL: 'info',
  })
const urlOf = (n: number) => instances[n % instances.length]?.url ?? ''
interface Answer {
  visits: number
}

describe.each(STORE_NAMES)('4 instances with the store %s', (store) => {
  beforeEach(async () => {
    instances = await Promise.all(NUMBERS.map((index) => start(index, store)))
  })
  afterEach(async () => {
    await Promise.all(instances.map((instance) => instance.end('SIGKILL')))
  })

  it(`${store === 'exact' ? 'count' : 'lose some of'} 400 visits to one session, 50 at a time`, async () => {
    const browser = new CookieJar()
    await browser.json(urlOf(0))
    let next = 0
    const numbers: number[] = []
    const lanes = Array.from({ length: 50 }, async () => {
      while (next < 400) {
        next += 1
        const response = await fetch(urlOf(next), { headers: { Cookie: browser.cookie } })
        if (response.ok) numbers.push(((await response.json()) as Answer).visits)
      }
    })
    await Promise.all(lanes)
    expect(numbers).toHaveLength(400)
    const { visits } = await browser.json<Answer>(`${urlOf(0)}/api/session`)
    if (store === 'exact') {
      expect(visits).toBe(401)
      expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 400 }, (_, i) => i + 2))
    } else {
      expect(visits).toBeLessThan(401)
      expect(new Set(numbers).size).toBeLessThan(400)
    }
  })
})

describe('4 instances, of which one after another is killed, a dozen times under load,', () => {
  beforeEach(async () => {
    instances = await Promise.all(NUMBERS.map((index) => start(index, 'exact')))
  })
  afterEach(async () => {
    await Promise.all(instances.map((instance) => instance.end('SIGKILL')))
  })

  it('lose no visit, count none twice, and count a retried click once', async () => {
    let [over, turn, acknowledged] = [false, 0, 0]
    const books = await Promise.all(
      Array.from({ length: 8 }, async (_, n) => {
        const jar = new CookieJar()
        await jar.json(urlOf(n))
        return { jar, clicks: 0, failures: 0, numbers: new Set<number>() }
      }),
    )
    const browsers = books.map(async (book, n) => {
      while (!over) {
        book.clicks += 1
        const key = `${n} ${book.clicks}`.replace(' ', '-')
        // A click is repeated until it is answered, as the page does.
        for (;;) {
          turn += 1
          const answer = await book.jar
            .json<Answer>(`${urlOf(turn)}/api/visits`, {
              method: 'POST',
              headers: { 'Idempotency-Key': key },
            })
            .catch(() => undefined)
          if (answer) {
            book.numbers.add(answer.visits)
            acknowledged += 1
            break
          }
          book.failures += 1
        }
      }
    })
    for (let round = 0; round < 12; round += 1) {
      const before = acknowledged
      await expect.poll(() => acknowledged, { timeout: 20_000 }).toBeGreaterThan(before + 40)
      const index = round % 4
      await instances[index]?.end('SIGKILL')
      instances[index] = await start(index, 'exact')
    }
    over = true
    await Promise.all(browsers)
    for (const { jar, clicks, numbers } of books) {
      const { visits } = await jar.json<Answer>(`${urlOf(0)}/api/session`)
      expect(visits).toBe(clicks + 1)
      expect(numbers.size).toBe(clicks)
    }
    expect(books.reduce((sum, { failures }) => sum + failures, 0)).toBeGreaterThan(0)
  }, 120_000)
})
