import { execContract } from "../../contract/exec.ts"
import { instancesContract } from "../../contract/instances.ts"
import { networksContract } from "../../contract/networks.ts"
import { operationsContract } from "../../contract/operations.ts"
import { ground } from "../support/contractGround.ts"

instancesContract("instances of the real Incus", ground)
operationsContract("operations of the real Incus", ground)
execContract("commands of the real Incus", ground)
networksContract("networks of the real Incus", ground)
