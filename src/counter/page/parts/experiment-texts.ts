// What the experiments are called and what they ask, for their buttons and for their results.

export type ExperimentName = 'refresh' | 'burst' | 'race' | 'kill'

interface ExperimentText {
  readonly button: string
  /** The question, and what the experiment does to the visitor's session. */
  readonly question: string
}

export const EXPERIMENT_TEXTS: Readonly<Record<ExperimentName, ExperimentText>> = {
  refresh: {
    button: 'Refresh 10 times',
    question: 'One after the other. Does the count carry on?',
  },
  burst: {
    button: 'Send 50 visits at once',
    question: 'They overlap. Is each one counted?',
  },
  race: {
    button: 'Log out mid-flight',
    question: 'Ends your session 20 times. Does it stay ended?',
  },
  kill: {
    button: 'Kill an instance…',
    question: 'SIGKILL, then a visit. Does your count carry on?',
  },
}
