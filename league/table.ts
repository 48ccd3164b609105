// docs/league.md, from the rows.
import { grouped } from '../src/drill/books/anomaly.js'
import type { FaultRow, Losses, Row } from './row.js'
import type { Stack } from './stack.js'
import { commandLines, type Fault } from './trials.js'

/** Of the machine, used by others: processor times are worth nothing above it. */
const BUSY = 0.2

/** @returns the page, with the rows in the order of the stacks */
export function pageOf(rows: readonly Row[], stacks: readonly Stack[]): string {
  const known = stacks.flatMap((stack) => {
    const row = rows.find(({ name }) => name === stack.name)
    return row ? [{ stack, row }] : []
  })
  const shown = known.map(({ row }) => row)
  return `# The league

The same drill against the usual session stacks, each as its own documentation shows it: four instances behind a load balancer
that sends each request to the next one, and one Redis, all on one machine. [The sources](../league) are a few dozen lines each.

\`npm run league\` writes this page (about 20 minutes); \`npm run league -- django scs\` writes the rows of a choice. A stack whose
programs are not installed is named and left out.

## Sessions

2,000 visits of 20 browsers, six at once (\`--burst 6\`), then 100 sessions that are destroyed with visits in flight. *Came back*
counts destroyed sessions whose old cookie still counts. *Not judged* are destroyed sessions that answer an error from then on.
*Lost one at a time* is from another drill with as many visits, none of which overlaps another of its session (\`--burst 1\`).
The verdict is the worst of all drills on this page.

${tableOf(
  [
    'stack',
    'acknowledged visits lost',
    'duplicate numbers',
    'came back',
    'not judged',
    'lost one at a time',
    'verdict',
  ],
  shown.map((row) => [
    row.title,
    lost(row.bursts),
    grouped(row.bursts.duplicates),
    `${row.bursts.destroyed.resurrected} of ${row.bursts.destroyed.judged}`,
    String(row.bursts.destroyed.tried - row.bursts.destroyed.judged),
    lost(row.steady),
    row.verdict,
  ]),
)}

The load balancer counts lost visits as well, on the wire, and knows nothing of the drill.
${auditLine(shown)}

## Without Redis

20 browsers, one visit at a time, 100 a second. An instance gets SIGKILL and starts again after 1 s. Redis, which appends every
write to disk, gets SIGKILL and starts again after 3 s. Then Redis is frozen (SIGSTOP) for 12 s. A visit that isn't answered
within 10 s has failed. Each cell has the failed visits, the number of visits during the fault, and the longest wait. A stack
that answers with an error at once fails more visits than one that lets users wait. *Lost* and *sessions reset* are over all
three faults.

${tableOf(
  ['stack', 'instance killed', 'Redis killed', 'Redis frozen', 'lost', 'sessions reset'],
  shown.map((row) => [
    row.title,
    faultCell(row, 'instance-killed'),
    faultCell(row, 'redis-killed'),
    faultCell(row, 'redis-frozen'),
    lost(row.faults),
    String(row.faults.reset) + (row.faults.unread > 0 ? `, ${row.faults.unread} unread` : ''),
  ]),
)}

## Cost

Processor time of a visit, one at a time and with a new connection for each, in all instances and in Redis (which writes to
disk for each change), and the memory of an instance after 2,500 visits (PSS). *In use* is the share of the machine's processors
that others used just before. With more than ${percent(BUSY)}, the times would say nothing and are left out.

In the app of our row, a visit waits for \`req.session.save\` before it answers, as the store's documentation asks for. In the
other Express rows, express-session saves while it answers, as it does by default.

${tableOf(
  ['stack', 'app', 'Redis', 'memory', 'in use'],
  shown.map(({ title, cost, busy }) => [
    title,
    ...costCells(cost, busy),
    busy === undefined ? '–' : percent(busy),
  ]),
)}

## How it is done

Each app listens on \`PORT\`, keeps its sessions in the Redis at \`REDIS_URL\`, counts at \`GET /hits\`, and ends a session at its
framework's usual logout. Each stack is drilled with its preset, and starts with fresh data. To add a stack,
add a folder and an entry in [league/stacks.ts](../league/stacks.ts). If a stack's documentation recommends other settings,
tell us, and we change them.

These are the drills, one visit at a time, overlapping, and without Redis. WITH stands for the options of a stack in the table
below. The shell of the faults is in a folder with the ids of the processes.

\`\`\`sh
${commandLines().join('\n')}
\`\`\`

## The stacks

${tableOf(
  ['stack', 'versions', 'drilled on', 'with'],
  shown.map(({ title, versions, date, drill }) => [title, versions.join(', '), date, `\`${drill}\``]),
)}

${known.flatMap(({ stack }) => notesOf(stack)).join('\n')}
`
}

export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function lost({ acknowledged, lost, problem }: Losses): string {
  if (problem !== undefined) return 'could not be judged'
  return lost === 0 ? '0' : `${grouped(lost)} of ${grouped(acknowledged)}`
}

function faultCell({ faults }: Row, fault: Fault): string {
  const row: FaultRow | undefined = faults.each[fault]
  if (!row) return 'not reached'
  const all = row.acknowledged + row.failed
  return `${grouped(row.failed)} of ${grouped(all)} failed; ${(row.longestWaitMs / 1000).toFixed(1)} s${row.recovered ? '' : '; did not recover'}`
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

/** Others' work slows a visit down, but does not change the memory of an instance. */
function costCells(cost: Row['cost'], busy = 0): string[] {
  if (!cost) return ['–', '–', '–']
  const us = (time: number) => (busy > BUSY ? '–' : `${grouped(Math.round(time))} µs`)
  return [us(cost.appUs), us(cost.redisUs), `${Math.round(cost.memory / 1e6)} MB`]
}

function auditLine(rows: readonly Row[]): string {
  const differ = rows.filter(
    ({ bursts, steady }) => bursts.audited !== bursts.lost || steady.audited !== steady.lost,
  )
  if (differ.length === 0) return 'It got the same numbers for every stack.'
  const each = differ.map(({ title, bursts, steady }) => `${title}: ${bursts.audited} and ${steady.audited}`)
  return `It got the same numbers, except for ${each.join('; ')}.`
}

function notesOf({ title, issues, note }: Stack): string[] {
  const known = issues.map(({ name, url, says }) => `[${name}](${url}) (${says})`)
  const texts = [
    ...(note === undefined ? [] : [note]),
    ...(known.length > 0 ? [`Known: ${known.join(', ')}.`] : []),
  ]
  return texts.length > 0 ? [`- **${title}.** ${texts.join(' ')}`] : []
}
