// What the Sentinels say, and whether enough of them said it.
import { expect, it } from 'vitest'
import type { Sentinels } from '../../src/store/clients/client.js'
import { askSentinels, sameAddress } from '../../src/store/sentinels.js'

// Longer than a name may be: nobody is asked for it.
const NO_NAME = 'x'.repeat(300)

type Said = readonly [
  primary: readonly string[],
  state: readonly string[],
  replicas: readonly (readonly string[])[],
]
const said = (others: string, flags = 'master', replicas: Said[2] = []): Said => [
  ['10.0.0.1', '6379'],
  ['name', 'main', 'flags', flags, 'num-other-sentinels', others],
  replicas,
]

function ask(...answers: (Said | Error)[]) {
  const asked: unknown[][] = []
  const sentinels: Sentinels = {
    set: 'main',
    addresses: answers.map((_, port) => ({ host: 's', port })),
    translated: false,
    async ask(...question) {
      asked.push(question)
      const answer = answers[question[0].port]
      if (answer === undefined || answer instanceof Error) throw answer
      return [...answer]
    },
  }
  return { views: askSentinels(sentinels, 400), asked }
}

it('each is asked for the primary, its state and its replicas, and its answer is read', async () => {
  const replicas = [
    ['ip', 'r1', 'port', '1'],
    ['ip', 'r2', 'flags'],
  ]
  const { views, asked } = ask(said('0', 'master', replicas))
  expect(await views).toEqual([
    {
      primary: { host: '10.0.0.1', port: 6379 },
      sentinels: 1,
      failover: false,
      replicas: [
        { ip: 'r1', port: '1' },
        { ip: 'r2', flags: '' },
      ],
    },
  ])
  expect(asked).toEqual([
    [
      { host: 's', port: 0 },
      [
        ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'main'],
        ['SENTINEL', 'MASTER', 'main'],
        ['SENTINEL', 'REPLICAS', 'main'],
      ],
      400,
    ],
  ])
})

it('a failover is under way if one says so', async () => {
  const { views } = ask(said('0', 's_down,failover_in_progress,master'))
  expect((await views)[0]?.failover).toBe(true)
})

it('more than half of them are enough', async () => {
  const { views } = ask(said('2'), new Error('away'), said('2'))
  expect(await views).toHaveLength(2)
})

it('half of them are not: why one did not answer is told', async () => {
  const { views } = ask(said('1'), new Error('connect ECONNREFUSED'))
  await expect(views).rejects.toMatchObject({
    code: 'ERR_STORE_NOT_DURABLE',
    message: 'the change is not durable yet: 1 of 2 Sentinels answered: connect ECONNREFUSED',
  })
})

it('those that the client does not know of count, too', async () => {
  await expect(ask(said('3'), said('1')).views).rejects.toThrow(/: 2 of 4 Sentinels answered$/)
  expect(await ask(said('2'), said('2')).views).toHaveLength(2)
})

it.each([
  ['the same address', '10.0.0.1', 1, true],
  ['another port', '10.0.0.1', 2, false],
  ['another address', '10.0.0.2', 1, false],
  ['a name that nobody knows', NO_NAME, 1, false],
])('a server is known by its address: %s', async (_what, host, port, same) => {
  expect(await sameAddress({ host: '10.0.0.1', port: 1 }, { host, port })).toBe(same)
})

it('a name is as good as its address', async () => {
  expect(await sameAddress({ host: 'localhost', port: 1 }, { host: '127.0.0.1', port: 1 })).toBe(true)
  expect(await sameAddress({ host: '127.0.0.1', port: 1 }, { host: 'localhost', port: 1 })).toBe(true)
  expect(await sameAddress({ host: 'localhost', port: 1 }, { host: '10.0.0.1', port: 1 })).toBe(false)
  const unknown = { host: NO_NAME, port: 1 }
  expect(await sameAddress(unknown, unknown)).toBe(true)
})
