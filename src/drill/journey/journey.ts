// How an app is driven: the file format of a journey.
import * as v from 'valibot'
import { readerOf, WHERE } from './where.js'

const isWhere = (text: string) => readerOf(text) !== undefined
const Where = v.pipe(
  v.string(),
  v.check(isWhere, `takes ${WHERE}`),
  v.description(`Where an answer holds a value: ${WHERE}.`),
)
const Path = v.pipe(
  v.string(),
  v.regex(/^\//, 'takes a path that begins with /'),
  v.description('A path of the URL that the drill is started with; {{NAME}} stands for a variable.'),
)
const STATUSES = 'takes a status from 100 to 599'
const Texts = v.record(v.string(), v.string())

const Step = v.pipe(
  v.strictObject({
    get: v.optional(Path),
    post: v.optional(Path),
    put: v.optional(Path),
    patch: v.optional(Path),
    delete: v.optional(Path),
    headers: v.optional(v.pipe(Texts, v.description('Request headers.'))),
    form: v.optional(v.pipe(Texts, v.description('Fields of an HTML form, sent urlencoded.'))),
    json: v.optional(v.pipe(v.unknown(), v.description('A JSON body.'))),
    body: v.optional(v.pipe(v.string(), v.description('A body as it is; set its Content-Type in headers.'))),
    take: v.optional(
      v.pipe(v.record(v.string(), Where), v.description('Variables for the later steps, from the answer.')),
    ),
    expect: v.optional(
      v.pipe(
        v.array(
          v.pipe(
            v.number(STATUSES),
            v.integer(STATUSES),
            v.minValue(100, STATUSES),
            v.maxValue(599, STATUSES),
          ),
        ),
        v.description('Statuses of the last answer that are right, after redirects; by default 200 to 299.'),
      ),
    ),
  }),
  v.check(
    (step) => METHODS.filter((method) => step[method] !== undefined).length === 1,
    'takes exactly one of get, post, put, patch and delete',
  ),
  v.check(
    ({ form, json, body }) => [form, json, body].filter((one) => one !== undefined).length <= 1,
    'takes one of form, json and body',
  ),
)
// The list first: its message fits a list that is wrong.
const Steps = v.union([v.pipe(v.array(Step), v.minLength(1, 'takes at least one step')), Step])

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

export const JourneySchema = v.strictObject({
  $schema: v.optional(v.string()),
  name: v.optional(v.string()),
  cookie: v.optional(
    v.pipe(v.string(), v.description('The session cookie. The check finds it if it is not given.')),
  ),
  variables: v.optional(
    v.pipe(
      Texts,
      v.description(
        'Variables of your own. Built in: {{browser}} and {{session}} (numbers), {{uuid}}, {{origin}}, {{env.NAME}}.',
      ),
    ),
  ),
  login: v.optional(v.pipe(Steps, v.description('Done once at the start of each session.'))),
  visit: v.pipe(
    Steps,
    v.description(
      'Adds exactly one to what the session counts. The last answer holds the number. With several steps, or a redirect, the number is taken as read after the visit.',
    ),
  ),
  number: v.pipe(
    Where,
    v.description('Where the answer holds how many visits the session has counted; a list counts its items.'),
  ),
  read: v.optional(v.pipe(Steps, v.description('Reads the count and does not count itself.'))),
  readNumber: v.optional(
    v.pipe(Where, v.description('Where the last answer of read holds the count; by default as in number.')),
  ),
  logout: v.optional(
    v.pipe(Steps, v.description('Destroys the session; without it no session is destroyed.')),
  ),
  instance: v.optional(v.pipe(Where, v.description('Where an answer names the instance that gave it.'))),
})

export type Step = v.InferOutput<typeof Step>
export type Steps = v.InferOutput<typeof Steps>

/** How an app is driven. As YAML or JSON in a file, or as an object in a program. */
export type Journey = v.InferOutput<typeof JourneySchema>

/** @returns the method and path of a step */
export function endpointOf(step: Step): { method: string; path: string } {
  for (const method of METHODS) {
    const path = step[method]
    if (path !== undefined) return { method: method.toUpperCase(), path }
  }
  throw new TypeError('a step takes one of get, post, put, patch and delete')
}

/** @returns a step from `/path` or `METHOD /path`, or undefined */
export function stepOf(words: string, method = 'GET'): Step | undefined {
  const match = /^(?:([A-Za-z]+) )?(\/\S*)$/.exec(words.trim())
  const name = (match?.[1] ?? method).toLowerCase()
  const known = METHODS.find((one) => one === name)
  return known && match?.[2] !== undefined ? { [known]: match[2] } : undefined
}

export function stepsOf(steps: Steps): Step[] {
  return Array.isArray(steps) ? steps : [steps]
}

/** RedisSessions' own counter. With `keyed`, a visit is sent so that it can be retried under an Idempotency-Key. */
export function counterJourney(keyed = false): Journey {
  return {
    name: 'counter',
    visit: keyed ? { post: '/api/visits' } : { get: '/', headers: { accept: 'application/json' } },
    number: '/visits',
    read: { get: '/api/session' },
    logout: { delete: '/api/session' },
    instance: '/instance/id',
  }
}
