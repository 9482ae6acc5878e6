/** The profile that set-up makes for containers of clincus. */
export const ownProfile = "clincus"

/** The profiles of a container of clincus: the machine's default one, then ours. */
export const profiles: ReadonlyArray<string> = ["default", ownProfile]
