// Prints what CHANGELOG.md says of a version; fails where the tag, the package, the chart and the changelog disagree.
//   node scripts/release-notes.mjs v1.2.3
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

const [tag = ''] = process.argv.slice(2)
const version = tag.replace(/^v/, '')
const chart = parse(readFileSync('helm/redissessions/Chart.yaml', 'utf8'))
const places = {
  'package.json': JSON.parse(readFileSync('package.json', 'utf8')).version,
  'package-lock.json': JSON.parse(readFileSync('package-lock.json', 'utf8')).version,
  'Chart.yaml, version': chart.version,
  'Chart.yaml, appVersion': chart.appVersion,
}
const sections = readFileSync('CHANGELOG.md', 'utf8').split(/^## /m)
const section = sections.find((text) => text.startsWith(`[${version}]`))
const notes = section?.slice(section.indexOf('\n')).trim()

const problems = Object.entries(places)
  .filter(([, found]) => found !== version)
  .map(([place, found]) => `${place} says ${found}`)
if (!notes) problems.push('CHANGELOG.md says nothing of it')
for (const problem of problems) process.stderr.write(`${tag}: ${problem}\n`)
if (problems.length > 0) process.exit(1)
console.log(notes)
