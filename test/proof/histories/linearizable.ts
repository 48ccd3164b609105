/**
 * Whether a history can be explained: by an order in which its operations took effect one after the other, each at some moment
 * between its call and its return, with just the answers that they gave (linearizability; Herlihy and Wing, 1990).
 *
 * The search is Wing and Gong's (1993) with Lowe's memory (2017), as in Porcupine: it tries the operations that may come next, and never
 * twice the same set of operations that led to the same state.
 */

/** What a client asked for, and what it was answered. */
export interface Operation<Input, Output> {
  readonly client: string
  readonly input: Input
  /** undefined: no answer, or one that tells nothing. It may have taken effect, may still do so, or never. */
  readonly output: Output | undefined
  /** ms, by one clock for all clients */
  readonly called: number
  /** ms; of no account without an output */
  readonly returned: number
}

/** What operations do, one after the other. */
export interface Model<State, Input, Output> {
  /** @returns the state after the input and its answer; the same object where nothing changes. */
  apply(state: State, input: Input): readonly [State, Output]
  /** @returns equal texts for equal states. */
  nameOf(state: State): string
  /** @returns equal texts for inputs that do the same. */
  nameOfInput(input: Input): string
}

/** `undecided`: the search was given up. */
export type Judgement = 'linearizable' | 'violation' | 'undecided'

/** A call or a return, in a list in the order of time. */
interface Event<Input, Output> {
  readonly index: number
  readonly operation: Operation<Input, Output>
  /** Absent for a return, and where there is none. */
  returns?: Event<Input, Output>
  readonly isCall: boolean
  previous: Event<Input, Output> | undefined
  next: Event<Input, Output> | undefined
}

/** How many states are looked at before a search is given up. */
const PATIENCE = 1_000_000

/** @param initial the state before the first operation. */
export function judge<State, Input, Output>(
  model: Model<State, Input, Output>,
  initial: State,
  history: readonly Operation<Input, Output>[],
  patience = PATIENCE,
): Judgement {
  const head = eventsOf(history)
  let open = history.filter(({ output }) => output !== undefined).length
  let state = initial
  let taken = 0n
  const seen = new Set<string>()
  const path: { event: Event<Input, Output>; state: State }[] = []

  for (let event = head.next; open > 0; ) {
    if (!event) throw new Error('an operation that was answered has no return')
    if (event.isCall) {
      const next = stepOf(event)
      const after = taken | (1n << BigInt(event.index))
      const name = next && `${after.toString(36)} ${model.nameOf(next.state)}`
      if (!next || !name || seen.has(name)) {
        event = event.next
        continue
      }
      if (seen.size === patience) return 'undecided'
      seen.add(name)
      path.push({ event, state })
      taken = after
      state = next.state
      takeOut(event)
      if (event.returns) {
        takeOut(event.returns)
        open -= 1
      }
      event = head.next
      continue
    }
    // An operation that has returned must have taken effect by now: another of those before it has to come first.
    const last = path.pop()
    if (!last) return 'violation'
    state = last.state
    taken ^= 1n << BigInt(last.event.index)
    if (last.event.returns) {
      putBack(last.event.returns)
      open += 1
    }
    putBack(last.event)
    event = last.event.next
  }
  return 'linearizable'

  /** @returns the state that this operation may lead to next; undefined where it can't be the next, or need not be tried. */
  function stepOf(event: Event<Input, Output>): { state: State } | undefined {
    const { input, output } = event.operation
    const [next, answer] = model.apply(state, input)
    if (output !== undefined) return answer === output ? { state: next } : undefined
    // Without an answer it need not take effect at all, so it is tried only where it has one; of several that do the same, the first.
    if (next === state) return undefined
    const name = model.nameOfInput(input)
    for (let at = head.next; at && at !== event; at = at.next) {
      const other = at.operation
      if (at.isCall && other.output === undefined && model.nameOfInput(other.input) === name) return undefined
    }
    return { state: next }
  }
}

/** @returns the head of a list of all calls and returns. A call comes before a return of the same moment: they overlap. */
function eventsOf<Input, Output>(history: readonly Operation<Input, Output>[]): Event<Input, Output> {
  const events = history.flatMap((operation, index) => {
    const call: Event<Input, Output> = eventOf(operation, index, true)
    if (operation.output === undefined) return [{ at: operation.called, event: call }]
    call.returns = eventOf(operation, index, false)
    return [
      { at: operation.called, event: call },
      { at: operation.returned, event: call.returns },
    ]
  })
  events.sort((a, b) => a.at - b.at || Number(b.event.isCall) - Number(a.event.isCall))
  const head = eventOf({} as Operation<Input, Output>, -1, true)
  let last = head
  for (const { event } of events) {
    last.next = event
    event.previous = last
    last = event
  }
  return head
}

function eventOf<Input, Output>(
  operation: Operation<Input, Output>,
  index: number,
  isCall: boolean,
): Event<Input, Output> {
  return { operation, index, isCall, previous: undefined, next: undefined }
}

function takeOut<Input, Output>(event: Event<Input, Output>): void {
  if (event.previous) event.previous.next = event.next
  if (event.next) event.next.previous = event.previous
}

/** Undoes the last takeOut that isn't undone yet. */
function putBack<Input, Output>(event: Event<Input, Output>): void {
  if (event.previous) event.previous.next = event
  if (event.next) event.next.previous = event
}

/**
 * @returns of a history that is a violation those operations whose answers can't all be true: as few as are found by leaving out, one by
 *   one, the answers that aren't needed for it. Whatever else was called may have taken effect or not: the answers contradict each
 *   other all the same.
 */
export function smallestViolation<State, Input, Output>(
  model: Model<State, Input, Output>,
  initial: State,
  history: readonly Operation<Input, Output>[],
): Operation<Input, Output>[] {
  const violates = (some: readonly Operation<Input, Output>[]) =>
    judge(model, initial, some, PATIENCE / 10) === 'violation'
  // The shortest beginning first: what had not returned by then has no answer yet.
  const returns = history.filter(({ output }) => output !== undefined).map(({ returned }) => returned)
  const ends = returns.sort((a, b) => a - b)
  let [low, high] = [0, ends.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (violates(until(history, ends[middle] ?? Infinity))) high = middle
    else low = middle + 1
  }
  let rest = until(history, ends[low] ?? Infinity)
  for (let i = rest.length - 1; i >= 0; i -= 1) {
    const without = rest.map((operation, at) => (at === i ? { ...operation, output: undefined } : operation))
    if (rest[i]?.output !== undefined && violates(without)) rest = without
  }
  return rest.filter(({ output }) => output !== undefined).sort((a, b) => a.called - b.called)
}

function until<Input, Output>(
  history: readonly Operation<Input, Output>[],
  end: number,
): Operation<Input, Output>[] {
  return history
    .filter(({ called }) => called <= end)
    .map((operation) => (operation.returned <= end ? operation : { ...operation, output: undefined }))
}
