/** The drill could not be run: bad options, nothing that answers, or no counter there. One line for a person. */
export class CouldNotRun extends Error {}
